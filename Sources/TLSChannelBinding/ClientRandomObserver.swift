package import NIOCore

/// Reads the client's random out of the first record of a TLS connection, whichever way that record goes, then leaves the pipeline.
///
/// Belongs between the TLS handler and the socket, before the handshake begins. The client speaks first, so what passes first is its ClientHello.
package final class ClientRandomObserver: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// Record header 5, handshake header 4, version 2, random 32 (RFC 8446 §5.1, §4.1.2).
    private static let offset = 11
    private static let length = 32

    private var head: [UInt8] = []
    /// The random went out.
    private var isDone = false
    private let found: ([UInt8]) -> Void

    package init(found: @escaping ([UInt8]) -> Void) {
        self.found = found
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let isComplete = self.observe(self.unwrapInboundIn(data))
        // Before the removal: who has left the pipeline has nobody to pass a ClientHello to.
        context.fireChannelRead(data)
        if isComplete { context.pipeline.syncOperations.removeHandler(self, promise: nil) }
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if self.observe(self.unwrapOutboundIn(data)) { self.isDone = true }
        context.write(data, promise: promise)
    }

    package func flush(context: ChannelHandlerContext) {
        // Not in `write`: the flush that follows it would end at a handler that has left the pipeline.
        context.flush()
        if self.isDone { context.pipeline.syncOperations.removeHandler(self, promise: nil) }
    }

    /// - Returns: Whether these octets completed the random.
    private func observe(_ buffer: ByteBuffer) -> Bool {
        let end = Self.offset + Self.length
        guard self.head.count < end else { return false }
        self.head += buffer.readableBytesView.prefix(end - self.head.count)
        guard self.head.count == end else { return false }
        self.found(Array(self.head[Self.offset...]))
        return true
    }
}
