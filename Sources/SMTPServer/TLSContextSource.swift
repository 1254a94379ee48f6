public import NIOSSL
internal import Synchronization

/// The TLS context that new connections get. Replacing it leaves open connections alone.
public final class TLSContextSource: Sendable {
    private let context: Mutex<NIOSSLContext>

    public init(_ context: NIOSSLContext) {
        self.context = Mutex(context)
    }

    public var current: NIOSSLContext { self.context.withLock { $0 } }

    /// From now on new handshakes use `context`: for renewed certificates.
    public func replace(with context: NIOSSLContext) {
        self.context.withLock { $0 = context }
    }
}
