import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server on loopback that accepts mail, says what it is told to say, and keeps the octets it got.
final class TestServer: Sendable {
    /// What the server does; the keys are verbs in upper case, `GREETING`, and `CONTENT` for the end of the content.
    struct Behaviour: Sendable {
        /// EHLO lines after the first.
        var offers: [String] = ["PIPELINING", "SIZE 100000000", "8BITMIME"]
        var isLMTP = false
        /// Said in place of the usual reply, without the last CRLF; the nth one for the nth time, the last one from then on.
        var replies: [String: [String]] = [:]
        /// The nth time is counted over all connections, not on each.
        var countsAllConnections = false
        /// Where the connection is closed instead of a reply.
        var dropsAt: String?
        /// Where nothing is said any more.
        var silentAt: String?
        /// For STARTTLS, or from the start.
        var tls: NIOSSLContext?
        var isImplicitTLS = false
        /// Written in clear right after the 220 to STARTTLS.
        var injection = ""
        /// Answers the TLS handshake with rubbish.
        var breaksTLS = false
        /// Asked when DATA was accepted: reading stops until the future is done.
        var pausesContent: (@Sendable (any EventLoop) -> EventLoopFuture<Void>)?
    }

    struct Record: Sendable {
        /// Each read of command octets as it came.
        var reads: [String] = []
        var commands: [String] = []
        /// Content as sent: with dots and terminator after DATA, without anything after BDAT.
        var contents: [[UInt8]] = []
        var connections = 0
        var tlsHandshakes = 0
        /// How often each place was come to.
        var places: [String: Int] = [:]
    }

    private let channel: any Channel
    private let state: RecordBox

    final class RecordBox: Sendable {
        let value = Mutex(Record())
    }

    var record: Record { self.state.value.withLock { $0 } }
    var port: Int { self.channel.localAddress?.port ?? 0 }

    private init(_ channel: any Channel, _ state: RecordBox) {
        self.channel = channel
        self.state = state
    }

    /// Listens while `body` runs.
    static func run<Value>(
        _ behaviour: Behaviour = Behaviour(),
        unixPath: String? = nil,
        _ body: (TestServer) async throws -> Value
    ) async throws -> Value {
        let state = RecordBox()
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: unixPath == nil ? 1 : 0)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if behaviour.isImplicitTLS, let tls = behaviour.tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(ServerHandler(behaviour, state))
                }
            }
        let channel: any Channel
        if let unixPath {
            channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(ServerHandler(behaviour, state))
                    }
                }
                .bind(unixDomainSocketPath: unixPath, cleanupExistingSocketFile: true).get()
        } else {
            channel = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
        }
        let server = TestServer(channel, state)
        do {
            let value = try await body(server)
            try await channel.close()
            return value
        } catch {
            try await channel.close()
            throw error
        }
    }
}

private final class ServerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Mode {
        case commands
        case data([UInt8])
        case chunk(left: Int, [UInt8], isLast: Bool)
        case rubbish
        case silent
    }

    private let behaviour: TestServer.Behaviour
    private let state: TestServer.RecordBox
    private var mode = Mode.commands
    private var line: [UInt8] = []
    private var counts: [String: Int] = [:]
    private var recipients = 0

    init(_ behaviour: TestServer.Behaviour, _ state: TestServer.RecordBox) {
        self.behaviour = behaviour
        self.state = state
    }

    func channelActive(context: ChannelHandlerContext) {
        self.state.value.withLock { $0.connections += 1 }
        self.answer("GREETING", "220 server.test ready", context)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { self.channelActive(context: context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let octets = Array(self.unwrapInboundIn(data).readableBytesView)
        if case .rubbish = self.mode {
            context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: "this is no TLS\r\n")), promise: nil)
            return
        }
        if case .commands = self.mode {
            self.state.value.withLock { $0.reads.append(String(decoding: octets, as: UTF8.self)) }
        }
        var rest = octets[...]
        while !rest.isEmpty { rest = self.received(rest, context) }
        context.flush()
    }

    /// Takes a line, or what belongs to the content; returns the rest.
    private func received(_ octets: ArraySlice<UInt8>, _ context: ChannelHandlerContext) -> ArraySlice<UInt8> {
        switch self.mode {
        case .rubbish, .silent:
            return []
        case .commands:
            guard let end = octets.firstIndex(of: 0x0A) else {
                self.line += octets
                return []
            }
            let command = String(decoding: (self.line + octets[...end]).dropLast(2), as: UTF8.self)
            self.line = []
            self.state.value.withLock { $0.commands.append(command) }
            self.received(command: command, context)
            return octets[(end + 1)...]
        case .data(var content):
            // The client waits after its terminator, so that it can only stand at the end of what came.
            self.mode = .rubbish
            content += octets
            if content.elementsEqual(".\r\n".utf8) || content.suffix(5).elementsEqual("\r\n.\r\n".utf8) {
                self.finish(content, context)
            } else {
                self.mode = .data(content)
            }
            return []
        case .chunk(let left, var content, let isLast):
            self.mode = .rubbish
            let part = octets.prefix(left)
            content += part
            if part.count == left, isLast {
                self.finish(content, context)
            } else {
                self.mode = .chunk(left: left - part.count, content, isLast: isLast)
            }
            return octets[part.endIndex...]
        }
    }

    private func finish(_ content: [UInt8], _ context: ChannelHandlerContext) {
        self.mode = .commands
        self.state.value.withLock { $0.contents.append(content) }
        for _ in 0..<(self.behaviour.isLMTP ? self.recipients : 1) {
            self.answer("CONTENT", "250 2.0.0 queued", context)
        }
        self.recipients = 0
    }

    private func received(command: String, _ context: ChannelHandlerContext) {
        let verb = command.split(separator: " ").first.map { $0.uppercased() } ?? ""
        switch verb {
        case "EHLO", "LHLO":
            let lines = ["server.test"] + self.behaviour.offers
            let reply = lines.enumerated().map { "250\($0 == lines.count - 1 ? " " : "-")\($1)" }
            self.answer(verb, reply.joined(separator: "\r\n"), context)
        case "STARTTLS":
            self.answer(verb, "220 2.0.0 go ahead", context, then: self.behaviour.injection)
            if self.behaviour.breaksTLS {
                self.mode = .rubbish
            } else if let tls = self.behaviour.tls {
                let handler = NIOSSLServerHandler(context: tls)
                _ = context.pipeline.syncOperations.addHandlerOrClose(handler, context)
                self.state.value.withLock { $0.tlsHandshakes += 1 }
            }
        case "AUTH":
            self.answer(verb, "235 2.7.0 welcome", context)
        case "RCPT":
            let reply = self.answer(verb, "250 2.1.5 ok", context)
            if reply.hasPrefix("2") { self.recipients += 1 }
        case "DATA":
            let isAccepted = self.recipients > 0
            let reply = self.answer(verb, isAccepted ? "354 go" : "503 5.5.1 no recipients", context)
            guard reply.hasPrefix("354") else { return }
            self.mode = .data([])
            if let pauses = self.behaviour.pausesContent {
                let channel = context.channel
                _ = channel.setOption(.autoRead, value: false)
                pauses(context.eventLoop).whenComplete { _ in
                    _ = channel.setOption(.autoRead, value: true)
                }
            }
        case "BDAT":
            let words = command.split(separator: " ")
            let count = words.count > 1 ? Int(words[1]) ?? 0 : 0
            let isLast = words.count > 2
            if count == 0, isLast {
                self.finish([], context)
            } else {
                self.mode = .chunk(left: count, [], isLast: isLast)
            }
        case "QUIT":
            self.answer(verb, "221 2.0.0 bye", context)
            context.flush()
            context.close(promise: nil)
        default:
            self.answer(verb, "250 2.0.0 ok", context)
        }
    }

    @discardableResult
    private func answer(
        _ place: String,
        _ usual: String,
        _ context: ChannelHandlerContext,
        then injection: String = ""
    ) -> String {
        if self.behaviour.dropsAt == place {
            context.flush()
            context.close(promise: nil)
            return ""
        }
        if self.behaviour.silentAt == place {
            self.mode = .silent
            return ""
        }
        if case .silent = self.mode { return "" }
        let onAll = self.state.value.withLock { record in
            defer { record.places[place, default: 0] += 1 }
            return record.places[place, default: 0]
        }
        let here = self.counts[place, default: 0]
        self.counts[place] = here + 1
        let count = self.behaviour.countsAllConnections ? onAll : here
        let scripted = self.behaviour.replies[place].map { $0[min(count, $0.count - 1)] }
        let reply = scripted ?? usual
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: reply + "\r\n" + injection)), promise: nil)
        return reply
    }
}

extension ChannelPipeline.SynchronousOperations {
    fileprivate func addHandlerOrClose(_ handler: NIOSSLServerHandler, _ context: ChannelHandlerContext) -> Bool {
        do {
            try self.addHandler(handler, position: .first)
            return true
        } catch {
            context.close(promise: nil)
            return false
        }
    }
}
