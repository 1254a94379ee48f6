import Logging
import NIOCore
import NIOEmbedded
import SMTP
import Synchronization

@testable import SMTPServer

/// A session's handler on a channel without socket, whose clock the test moves.
///
/// Work that a ``ScriptedService`` of pace `later` gives back runs with ``run()``, on this thread.
final class EmbeddedSession {
    let channel = EmbeddedChannel()
    let service: ScriptedService
    let gate = OutboundGate()

    var loop: EmbeddedEventLoop { self.channel.embeddedEventLoop }
    var responder: ScriptedResponder { self.service.responders[0] }

    init(
        _ configuration: ServerSessionConfiguration = .withoutTLS,
        service: ScriptedService = ScriptedService(),
        timeouts: SessionTimeouts = SessionTimeouts(),
        refusal: Reply? = nil
    ) throws {
        self.service = service
        let handler = SessionChannelHandler(
            shared: SessionChannelHandler.Shared(
                configuration: configuration,
                timeouts: timeouts,
                tls: nil,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
                now: { 0 }
            ),
            peer: SessionPeer(address: nil, port: nil, listener: "test"),
            service: service,
            eventLoop: self.channel.eventLoop,
            refusal: refusal
        )
        try self.channel.pipeline.syncOperations.addHandlers([self.gate, handler])
        try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    func send(_ text: String) throws {
        try self.channel.writeInbound(ByteBuffer(string: text))
    }

    func run() {
        self.loop.run()
    }

    /// Reply lines since the last call.
    func replies() throws -> [String] {
        var text = ""
        while let buffer = try self.channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
        return text.split(separator: "\r\n").map(String.init)
    }

    /// The codes of the replies since the last call.
    func codes() throws -> [String] {
        try self.replies().filter { !$0.dropFirst(3).hasPrefix("-") }.map { String($0.prefix(3)) }
    }

    /// Logs in.
    func login() throws {
        try self.send("EHLO client.example\r\nAUTH PLAIN AGFsaWNlQGV4YW1wbGUub3JnAHNlY3JldA==\r\n")
        self.run()
        _ = try self.replies()
    }

    /// Up to `354`.
    func beginMessage() throws {
        try self.login()
        try self.send("MAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\n")
        self.run()
        _ = try self.replies()
    }
}

extension ServerSessionConfiguration {
    static var withoutTLS: ServerSessionConfiguration {
        ServerSessionConfiguration(hostname: "mail.example.org", security: .none, allowsClearTextWithoutTLS: true)
    }
}

/// Stands between handler and channel: counts reads, can hold writes as a full socket does.
final class OutboundGate: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private(set) var reads = 0
    var holdsWrites = false
    private var held: [EventLoopPromise<Void>] = []

    func read(context: ChannelHandlerContext) {
        self.reads += 1
        context.read()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard self.holdsWrites else { return context.write(data, promise: promise) }
        if let promise { self.held.append(promise) }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        for promise in self.held { promise.fail(ChannelError.ioOnClosedChannel) }
        self.held = []
        context.close(mode: mode, promise: promise)
    }
}
