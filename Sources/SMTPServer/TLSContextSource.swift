public import NIOSSL
internal import Synchronization
public import TLSChannelBinding

/// The TLS context that new connections get. Replacing it leaves open connections alone.
public final class TLSContextSource: Sendable {
    /// A context, and what sessions under it can bind to (RFC 5056).
    public struct Identity: Sendable {
        public var context: NIOSSLContext
        /// The server's certificate in DER, for `tls-server-end-point`.
        public var certificate: [UInt8]?
        /// Where the context's key log goes, for `tls-exporter`; without it no -PLUS mechanism is offered.
        public var exporterSecrets: ExporterSecrets?

        public init(context: NIOSSLContext, certificate: [UInt8]? = nil, exporterSecrets: ExporterSecrets? = nil) {
            self.context = context
            self.certificate = certificate
            self.exporterSecrets = exporterSecrets
        }
    }

    private let identity: Mutex<Identity>

    public init(_ identity: Identity) {
        self.identity = Mutex(identity)
    }

    public convenience init(_ context: NIOSSLContext) {
        self.init(Identity(context: context))
    }

    public var current: Identity { self.identity.withLock { $0 } }

    /// From now on new handshakes use this one: for renewed certificates.
    public func replace(with identity: Identity) {
        self.identity.withLock { $0 = identity }
    }
}
