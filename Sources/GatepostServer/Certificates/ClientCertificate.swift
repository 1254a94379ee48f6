internal import SwiftASN1
internal import X509

/// A client certificate that the handshake verified (EXTERNAL, RFC 4422 appendix A).
struct ClientCertificate {
    /// The mail addresses in subjectAltName (rfc822Name, RFC 5280 §4.2.1.6), in their order.
    let addresses: [String]

    /// - Throws: When the DER is no certificate.
    init(der: [UInt8]) throws {
        let certificate = try Certificate(derEncoded: der)
        self.addresses = (try certificate.extensions.subjectAlternativeNames ?? SubjectAlternativeNames([]))
            .compactMap { name in
                if case .rfc822Name(let address) = name { address } else { nil }
            }
    }
}
