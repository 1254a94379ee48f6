package import NIOSSL
internal import X509

/// Whether a private key is a certificate's: BoringSSL finds out only when the first client shakes hands.
package enum KeyPair {
    /// - Parameters:
    ///   - certificate: The first of the chain.
    ///   - key: The PEM text of the private key, not encrypted; other blocks in it are skipped.
    /// - Returns: `nil` where the kind of key is one that cannot be compared.
    package static func fits(_ certificate: NIOSSLCertificate, key: [UInt8]) throws -> Bool? {
        guard let block = KeyPair.privateKeyBlock(String(decoding: key, as: UTF8.self)) else { return nil }
        let privateKey: Certificate.PrivateKey
        do {
            privateKey = try Certificate.PrivateKey(pemEncoded: block)
        } catch {
            return nil
        }
        let publicKey = try Certificate(derEncoded: try certificate.toDERBytes()).publicKey
        return publicKey == privateKey.publicKey
    }

    /// From `-----BEGIN … PRIVATE KEY-----` to its end: files of `openssl ecparam` have a block of parameters before it.
    private static func privateKeyBlock(_ text: String) -> String? {
        var block: [Substring]?
        for line in text.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("-----BEGIN "), line.hasSuffix("PRIVATE KEY-----") { block = [] }
            block?.append(line)
            if let whole = block, line.hasPrefix("-----END ") { return whole.joined(separator: "\n") + "\n" }
        }
        return nil
    }
}
