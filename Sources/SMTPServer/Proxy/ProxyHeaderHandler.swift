internal import NIOCore
internal import SMTP

/// Waits for the header of a proxy, then leaves the pipeline to what the header's client gets.
///
/// A connection without one is closed without a word: it is no SMTP client's.
final class ProxyHeaderHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let limit: Duration
    /// Sets the pipeline up for the client. Called at most once.
    private let found: (ProxyHeader) throws -> Void
    private let failed: (String) -> Void
    private var received = ByteBuffer()
    private var timer: Scheduled<Void>?
    private enum State {
        case waiting
        case found
        case failed
    }

    private var state = State.waiting

    init(limit: Duration, found: @escaping (ProxyHeader) throws -> Void, failed: @escaping (String) -> Void) {
        self.limit = limit
        self.found = found
        self.failed = failed
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        self.timer = context.eventLoop.scheduleTask(in: TimeAmount(self.limit)) {
            let (handler, context) = bound.value
            handler.end(context, because: "no PROXY header in time")
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.timer?.cancel()
        self.timer = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.state {
        case .waiting: break
        case .found: return context.fireChannelRead(data)
        case .failed: return
        }
        var buffer = self.unwrapInboundIn(data)
        self.received.writeBuffer(&buffer)
        switch ProxyHeader.parse(self.received.readableBytesView) {
        case .incomplete:
            // The parser looks at no more than that, so what is longer and not whole never will be.
            if self.received.readableBytes >= ProxyHeader.maximumOctets {
                self.end(context, because: "the PROXY header is too long")
            }
        case .malformed:
            self.end(context, because: "no PROXY header, or a broken one")
        case .header(let header, let length):
            self.state = .found
            self.timer?.cancel()
            self.received.moveReaderIndex(forwardBy: length)
            do {
                try self.found(header)
            } catch {
                context.close(promise: nil)
                return
            }
            let rest = self.received
            self.received = ByteBuffer()
            // From the front, where a TLS handler may now be.
            let pipeline = context.pipeline.syncOperations
            if rest.readableBytes > 0 { pipeline.fireChannelRead(NIOAny(rest)) }
            pipeline.fireChannelReadComplete()
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is SessionShutdown, case .waiting = self.state { self.end(context, because: "shutting down") }
        context.fireUserInboundEventTriggered(event)
    }

    private func end(_ context: ChannelHandlerContext, because reason: String) {
        guard case .waiting = self.state else { return }
        self.state = .failed
        self.received = ByteBuffer()
        self.failed(reason)
        context.close(promise: nil)
    }
}
