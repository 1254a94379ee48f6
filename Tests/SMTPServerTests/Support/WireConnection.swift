import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// A client on a real socket. Replies come as lines; what takes longer than the patience given ends the connection.
final class WireConnection: DialogConnection {
    private let channel: any Channel
    private let lines: LineStream

    private init(channel: any Channel, lines: LineStream) {
        self.channel = channel
        self.lines = lines
    }

    /// Connects to loopback.
    ///
    /// - Parameters:
    ///   - isImplicit: Speak TLS at once.
    ///   - autoRead: False for a client that reads nothing.
    ///   - preamble: Sent one octet at a time, before TLS.
    static func connect(
        port: Int,
        isImplicit: Bool,
        autoRead: Bool = true,
        patience: TimeAmount = .seconds(300),
        preamble: [UInt8] = []
    ) async throws -> WireConnection {
        let lines = LineStream()
        let context = isImplicit ? try TestTLS.client.get() : nil
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: autoRead)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if !preamble.isEmpty { try channel.pipeline.syncOperations.addHandler(Preamble(preamble)) }
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: nil)
                        )
                    }
                    try channel.pipeline.syncOperations.addHandler(LineCollector(lines))
                }
            }
            .connect(host: "127.0.0.1", port: port)
            .get()
        channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        return WireConnection(channel: channel, lines: lines)
    }

    var isWritable: Bool { self.channel.isWritable }

    func send(_ octets: [UInt8]) async throws {
        do {
            try await self.channel.writeAndFlush(ByteBuffer(bytes: octets))
        } catch is ChannelError {
            // The server hung up first; what it said before is still to be read.
        } catch is IOError {
            // The same.
        }
    }

    /// Hands octets over without waiting for the socket to take them.
    func push(_ octets: [UInt8]) {
        self.channel.writeAndFlush(ByteBuffer(bytes: octets), promise: nil)
    }

    func line() async throws -> String? {
        await self.lines.next()
    }

    func startTLS() async throws {
        let context = try TestTLS.client.get()
        try await self.channel.eventLoop.submit {
            try self.channel.pipeline.syncOperations.addHandler(
                NIOSSLClientHandler(context: context, serverHostname: nil),
                position: .first
            )
        }.get()
    }

    func close() async throws {
        // Ends the connection itself: a child process that another test starts just now may hold a copy of the descriptor.
        self.channel.close(mode: .output, promise: nil)
        self.channel.close(promise: nil)
        await self.closed()
    }

    /// Returns once the connection is gone.
    func closed() async {
        await withCheckedContinuation { continuation in
            self.channel.closeFuture.whenComplete { _ in continuation.resume() }
        }
    }
}

/// Says something before whatever is behind it in the pipeline.
private final class Preamble: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let octets: [UInt8]

    init(_ octets: [UInt8]) {
        self.octets = octets
    }

    func channelActive(context: ChannelHandlerContext) {
        for octet in self.octets {
            context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(bytes: [octet])), promise: nil)
        }
        context.fireChannelActive()
    }
}

/// Lines in the order in which they came, for one reader.
actor LineStream {
    private var lines: [String] = []
    private var isFinished = false
    private var reader: CheckedContinuation<String?, Never>?

    func append(_ line: String) {
        if let reader = self.reader {
            self.reader = nil
            reader.resume(returning: line)
        } else {
            self.lines.append(line)
        }
    }

    func finish() {
        self.isFinished = true
        self.reader?.resume(returning: nil)
        self.reader = nil
    }

    func next() async -> String? {
        if !self.lines.isEmpty { return self.lines.removeFirst() }
        if self.isFinished { return nil }
        return await withCheckedContinuation { self.reader = $0 }
    }
}

private final class LineCollector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let events: AsyncStream<String>.Continuation
    private var partial: [UInt8] = []

    init(_ lines: LineStream) {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        self.events = continuation
        Task {
            for await line in stream { await lines.append(line) }
            await lines.finish()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.partial += self.unwrapInboundIn(data).readableBytesView
        while let end = self.partial.firstIndex(of: 0x0a) {
            self.events.yield(String(decoding: self.partial[..<end].dropLast(), as: UTF8.self))
            self.partial.removeFirst(end + 1)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Resets and broken handshakes are what some tests provoke; the end of the stream tells them.
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.events.finish()
    }
}
