public import NIOSSL

/// The certificate that a client shows in the TLS handshake, and its key: what EXTERNAL logs in with.
public struct TLSIdentity: Hashable, Sendable {
    /// The client's certificate first, then those that lead to its authority.
    public var chain: [NIOSSLCertificate]
    public var key: NIOSSLPrivateKey

    public init(chain: [NIOSSLCertificate], key: NIOSSLPrivateKey) {
        self.chain = chain
        self.key = key
    }

    /// Reads PEM files. Blocks while it reads.
    ///
    /// - Throws: What swift-nio-ssl says about a file that is missing or no such PEM.
    public init(certificateFile: String, keyFile: String) throws {
        self.init(
            chain: try NIOSSLCertificate.fromPEMFile(certificateFile),
            key: try NIOSSLPrivateKey(file: keyFile, format: .pem)
        )
    }
}
