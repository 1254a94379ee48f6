internal import AuthenticationProtocols
internal import Glibc
internal import NIOCore
internal import NIOPosix

/// A connection to a Dovecot's authentication socket after the handshake.
struct DovecotConnection: Sendable {
    enum Fault: Error, Sendable, Hashable, CustomStringConvertible {
        case cannotConnect(String)
        /// The server breaks the protocol.
        case protocolBroken(String)
        /// The server ended the connection.
        case ended
        case timedOut

        var description: String {
            switch self {
            case .cannotConnect(let reason): "cannot connect: \(reason)"
            case .protocolBroken(let reason): "breaks the protocol: \(reason)"
            case .ended: "ended the connection"
            case .timedOut: "no answer in time"
            }
        }
    }

    private let channel: any Channel
    private let handler: NIOLoopBound<DovecotHandler>

    /// Connects, and waits for the handshake.
    ///
    /// - Parameter whenEnded: Called once, also when it never came to be.
    static func connect(
        to path: String,
        timeout: Duration,
        on loop: any EventLoop,
        whenEnded: @escaping @Sendable () -> Void
    ) -> EventLoopFuture<DovecotConnection> {
        let ready = loop.makePromise(of: Void.self)
        let connected = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        DovecotHandler(ready: ready, handshakeTimeout: TimeAmount(timeout))
                    )
                }
            }
            .connect(unixDomainSocketPath: path)
        connected.whenFailure { ready.fail(Fault.cannotConnect("\($0)")) }
        return connected.flatMapErrorThrowing { throw Fault.cannotConnect("\($0)") }
            .flatMap { channel in
                channel.closeFuture.whenComplete { _ in whenEnded() }
                return ready.futureResult.flatMapThrowing {
                    DovecotConnection(
                        channel: channel,
                        handler: NIOLoopBound(
                            try channel.pipeline.syncOperations.handler(type: DovecotHandler.self),
                            eventLoop: channel.eventLoop
                        )
                    )
                }
            }
            .flatMapErrorThrowing { error in
                whenEnded()
                throw error
            }
    }

    func ask(_ request: DovecotAuthClient.Request, timeout: Duration) async throws -> DovecotAuthClient.Verdict {
        let handler = self.handler
        return try await self.channel.eventLoop.flatSubmit {
            handler.value.ask(request, timeout: TimeAmount(timeout))
        }.get()
    }

    func close() async throws {
        let channel = self.channel
        try await channel.close().flatMapErrorThrowing { error in
            guard let error = error as? ChannelError, error == .alreadyClosed else { throw error }
        }.get()
    }
}

/// Between the octets of one connection and the machine.
final class DovecotHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private struct Open {
        var promise: EventLoopPromise<DovecotAuthClient.Verdict>
        var timer: Scheduled<Void>
    }

    private let ready: EventLoopPromise<Void>
    private let handshakeTimeout: TimeAmount
    private var client = DovecotAuthClient(processIdentifier: UInt32(bitPattern: getpid()))
    private var open: [UInt32: Open] = [:]
    private var context: ChannelHandlerContext?
    private var handshakeTimer: Scheduled<Void>?

    init(ready: EventLoopPromise<Void>, handshakeTimeout: TimeAmount) {
        self.ready = ready
        self.handshakeTimeout = handshakeTimeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.end(.ended)
    }

    func channelActive(context: ChannelHandlerContext) {
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        self.handshakeTimer = context.eventLoop.scheduleTask(in: self.handshakeTimeout) {
            handler.value.fail(.timedOut)
        }
        self.send(self.client.start(), context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end(.ended)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.fail(.ended)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            for event in try self.client.receive(self.unwrapInboundIn(data).readableBytesView) {
                switch event {
                case .ready:
                    self.handshakeTimer?.cancel()
                    self.ready.succeed()
                case .answer(let identifier, let verdict):
                    guard let open = self.open.removeValue(forKey: identifier) else { continue }
                    open.timer.cancel()
                    open.promise.succeed(verdict)
                }
            }
        } catch {
            self.fail(.protocolBroken("\(error)"))
        }
    }

    func ask(
        _ request: DovecotAuthClient.Request,
        timeout: TimeAmount
    ) -> EventLoopFuture<DovecotAuthClient.Verdict> {
        guard let context = self.context, context.channel.isActive else {
            return self.ready.futureResult.eventLoop.makeFailedFuture(DovecotConnection.Fault.ended)
        }
        let (identifier, octets) = self.client.authenticate(request)
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let promise = context.eventLoop.makePromise(of: DovecotAuthClient.Verdict.self)
        let timer = context.eventLoop.scheduleTask(in: timeout) { handler.value.giveUp(identifier) }
        self.open[identifier] = Open(promise: promise, timer: timer)
        self.send(octets, context)
        return promise.futureResult
    }

    private func giveUp(_ identifier: UInt32) {
        guard let open = self.open.removeValue(forKey: identifier) else { return }
        if let octets = self.client.cancel(identifier), let context = self.context { self.send(octets, context) }
        open.promise.fail(DovecotConnection.Fault.timedOut)
    }

    private func send(_ octets: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(bytes: octets)), promise: nil)
    }

    private func fail(_ fault: DovecotConnection.Fault) {
        self.end(fault)
        self.context?.close(promise: nil)
    }

    private func end(_ fault: DovecotConnection.Fault) {
        self.handshakeTimer?.cancel()
        self.ready.fail(fault)
        let open = self.open
        self.open = [:]
        for (_, question) in open {
            question.timer.cancel()
            question.promise.fail(fault)
        }
    }
}
