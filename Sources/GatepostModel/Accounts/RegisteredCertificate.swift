/// A TLS client certificate that stands for an account, known by its public key.
package struct RegisteredCertificate: Hashable, Sendable {
    /// SHA-256 of the SubjectPublicKeyInfo in DER: stays the same when a certificate is renewed with its key.
    package var fingerprint: [UInt8]
    /// Given by whoever registered it.
    package var name: String
    /// As the certificate says, for people.
    package var subject: String
    /// The end of its validity.
    package var expires: Timestamp
    package var added: Timestamp

    package init(fingerprint: [UInt8], name: String, subject: String, expires: Timestamp, added: Timestamp) {
        self.fingerprint = fingerprint
        self.name = name
        self.subject = subject
        self.expires = expires
        self.added = added
    }
}
