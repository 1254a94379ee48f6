internal import Crypto
internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// A certificate that nobody else vouches for (ECDSA P-256), so that a server can start before it has a real one.
package struct SelfSignedCertificate: Sendable {
    /// PEM texts.
    package var certificate: String
    package var key: String

    /// - Parameters:
    ///   - names: Host names for the subjectAltName; the first is the common name.
    ///   - addresses: IP addresses for it, as octets.
    ///   - secondsSince1970: Now; the certificate counts from an hour earlier, since clocks differ.
    package init(names: [String], addresses: [[UInt8]] = [], days: Int, secondsSince1970: Int64) throws {
        let key = P256.Signing.PrivateKey()
        let privateKey = Certificate.PrivateKey(key)
        let subject = try DistinguishedName { CommonName(names.first ?? "gatepost") }
        let alternatives =
            names.map { GeneralName.dnsName($0) }
            + addresses.map { GeneralName.ipAddress(ASN1OctetString(contentBytes: $0[...])) }
        let now = Date(timeIntervalSince1970: Double(secondsSince1970))
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: privateKey.publicKey,
            notValidBefore: now.addingTimeInterval(-3600),
            notValidAfter: now.addingTimeInterval(Double(days) * 86400),
            issuer: subject,
            subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectKeyIdentifier(hash: privateKey.publicKey)
                SubjectAlternativeNames(alternatives)
            },
            issuerPrivateKey: privateKey
        )
        self.certificate = try certificate.serializeAsPEM().pemString + "\n"
        self.key = key.pemRepresentation + "\n"
    }
}
