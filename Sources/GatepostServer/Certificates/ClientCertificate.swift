internal import Crypto
internal import Foundation
package import GatepostModel
internal import SwiftASN1
internal import X509

/// A TLS client certificate (EXTERNAL, RFC 4422 appendix A).
package struct ClientCertificate: Sendable {
    /// The mail addresses in subjectAltName (rfc822Name, RFC 5280 §4.2.1.6), in their order.
    package let addresses: [String]
    /// SHA-256 of the SubjectPublicKeyInfo in DER.
    package let fingerprint: [UInt8]
    /// As its subject says.
    package let subject: String
    /// The end of its validity.
    package let expires: Timestamp

    /// - Throws: When the DER is no certificate.
    package init(der: [UInt8]) throws {
        try self.init(Certificate(derEncoded: der))
    }

    /// The first certificate of a PEM text.
    ///
    /// - Throws: When there is none.
    package init(pem: String) throws {
        guard
            let document = try PEMDocument.parseMultiple(pemString: pem).first(where: {
                $0.discriminator == "CERTIFICATE"
            })
        else { throw NoCertificate() }
        try self.init(Certificate(derEncoded: document.derBytes))
    }

    /// A PEM text without a certificate.
    package struct NoCertificate: Error, Sendable, CustomStringConvertible {
        package var description: String { "holds no certificate" }
    }

    private init(_ certificate: Certificate) throws {
        self.addresses = (try certificate.extensions.subjectAlternativeNames ?? SubjectAlternativeNames([]))
            .compactMap { name in
                if case .rfc822Name(let address) = name { address } else { nil }
            }
        self.fingerprint = Array(SHA256.hash(data: Array(certificate.publicKey.subjectPublicKeyInfoBytes)))
        self.subject = certificate.subject.description
        self.expires = Timestamp(milliseconds: Int64(certificate.notValidAfter.timeIntervalSince1970 * 1000))
    }
}
