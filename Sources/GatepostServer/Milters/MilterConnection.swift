internal import GatepostModel
internal import Milter
internal import NIOCore
internal import NIOPosix

/// The packets of one connection to a filter. One task uses it, one call at a time.
struct MilterConnection: Sendable {
    /// Why the connection is of no use any more.
    enum Fault: Error, Sendable, Hashable, CustomStringConvertible {
        case cannotConnect(String)
        case ended
        case timedOut(Duration)

        var description: String {
            switch self {
            case .cannotConnect(let reason): "cannot connect: \(reason)"
            case .ended: "the filter ended the connection"
            case .timedOut(let duration): "no answer within \(DurationText.format(duration))"
            }
        }
    }

    private let channel: any Channel
    private let handler: NIOLoopBound<MilterPacketHandler>

    /// - Throws: ``Fault/cannotConnect(_:)``.
    static func connect(
        to socket: Configuration.Milter.Socket,
        timeout: Duration,
        limits: MilterLimits,
        group: any EventLoopGroup
    ) async throws -> MilterConnection {
        let bootstrap = ClientBootstrap(group: group.next()).connectTimeout(TimeAmount(timeout))
            // The filter sends no faster than we take: what it may make us hold is one packet and one read.
            .channelOption(.autoRead, value: false)
        let initialize: @Sendable (any Channel) -> EventLoopFuture<MilterConnection> = { channel in
            channel.eventLoop.makeCompletedFuture {
                let handler = MilterPacketHandler(maximumOctets: limits.packetOctets)
                try channel.pipeline.syncOperations.addHandler(handler)
                return MilterConnection(
                    channel: channel,
                    handler: NIOLoopBound(handler, eventLoop: channel.eventLoop)
                )
            }
        }
        do {
            switch socket {
            case .unix(let path):
                return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: initialize)
            case .tcp(let host, let port):
                // Questions and answers alternate: Nagle's algorithm would hold each for the other's delayed ACK.
                let direct = bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                return try await direct.connect(host: host, port: port, channelInitializer: initialize)
            }
        } catch {
            throw Fault.cannotConnect("\(error)")
        }
    }

    /// Writes, and waits until the filter took it.
    ///
    /// - Throws: ``Fault``.
    func send(_ octets: [UInt8], within timeout: Duration) async throws {
        let handler = self.handler
        try await self.channel.eventLoop.flatSubmit {
            handler.value.send(ByteBuffer(bytes: octets), timeout)
        }.get()
    }

    /// The next packet.
    ///
    /// - Throws: ``Fault``, `MilterFailure` where the octets are no packets.
    func next(within timeout: Duration) async throws -> MilterPacket {
        let handler = self.handler
        return try await self.channel.eventLoop.flatSubmit { handler.value.next(timeout) }.get()
    }

    /// Says goodbye and closes; whether the filter hears it does not matter.
    func close(saying octets: [UInt8] = []) {
        let channel = self.channel
        if !octets.isEmpty { channel.writeAndFlush(ByteBuffer(bytes: octets), promise: nil) }
        channel.close(promise: nil)
    }
}

/// Between the octets of one connection and whoever waits for packets.
final class MilterPacketHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var decoder: MilterPacketDecoder
    private var context: ChannelHandlerContext?
    private var waiting: (promise: EventLoopPromise<MilterPacket>, timer: Scheduled<Void>)?

    init(maximumOctets: Int) {
        self.decoder = MilterPacketDecoder(maximumOctets: maximumOctets)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.finish(.failure(MilterConnection.Fault.ended))
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.finish(.failure(MilterConnection.Fault.ended))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.finish(.failure(MilterConnection.Fault.ended))
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.decoder.receive(self.unwrapInboundIn(data).readableBytesView)
        self.handOut()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if self.waiting != nil { context.read() }
    }

    func send(_ octets: ByteBuffer, _ timeout: Duration) -> EventLoopFuture<Void> {
        guard let context = self.context, context.channel.isActive else { return self.ended() }
        let promise = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        // Closing fails the write.
        let timer = context.eventLoop.scheduleTask(in: TimeAmount(timeout)) { channel.close(promise: nil) }
        context.writeAndFlush(self.wrapOutboundOut(octets), promise: promise)
        return promise.futureResult.always { _ in timer.cancel() }
            .flatMapErrorThrowing { _ in throw MilterConnection.Fault.ended }
    }

    func next(_ timeout: Duration) -> EventLoopFuture<MilterPacket> {
        guard let context = self.context else { return self.ended() }
        let promise = context.eventLoop.makePromise(of: MilterPacket.self)
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let timer = context.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            handler.value.finish(.failure(MilterConnection.Fault.timedOut(timeout)))
        }
        self.waiting = (promise, timer)
        self.handOut()
        if self.waiting != nil {
            if context.channel.isActive {
                context.read()
            } else {
                self.finish(.failure(MilterConnection.Fault.ended))
            }
        }
        return promise.futureResult
    }

    private func ended<Value: Sendable>() -> EventLoopFuture<Value> {
        // Without a context the channel is gone, and the loop with which a future could be made is the one that we are on.
        MultiThreadedEventLoopGroup.currentEventLoop.map { $0.makeFailedFuture(MilterConnection.Fault.ended) }
            ?? MultiThreadedEventLoopGroup.singleton.next().makeFailedFuture(MilterConnection.Fault.ended)
    }

    private func handOut() {
        guard self.waiting != nil else { return }
        do throws(MilterFailure) {
            if let packet = try self.decoder.next() { self.finish(.success(packet)) }
        } catch {
            self.finish(.failure(error))
        }
    }

    private func finish(_ result: Result<MilterPacket, any Error>) {
        guard let waiting = self.waiting else { return }
        self.waiting = nil
        waiting.timer.cancel()
        waiting.promise.completeWith(result)
    }
}
