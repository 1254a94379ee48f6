import NIOCore
import NIOPosix

/// A server on loopback that answers as the test says, and keeps what it got.
final class Sink: Sendable {
    /// What the server answers; nil keeps it silent, an empty text closes the connection.
    struct Script: Sendable {
        var greeting = "220 sink ready"
        /// Offered beside the name.
        var extensions: [String] = ["PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8"]
        var isLMTP = false
        var mail: @Sendable (_ line: String, _ transaction: Int) -> String? = { _, _ in "250 2.1.0 ok" }
        /// - Parameter accepted: Recipients of this transaction so far.
        var rcpt: @Sendable (_ line: String, _ accepted: Int) -> String? = { _, _ in "250 2.1.5 ok" }
        /// The reply to the content, for LMTP one for each recipient.
        var content: @Sendable (_ recipient: String) -> String? = { _ in "250 2.0.0 taken" }
        /// Any other command.
        var other: @Sendable (_ line: String) -> String? = { _ in "502 5.5.1 no" }
    }

    struct Message: Sendable {
        var mail: String
        var recipients: [String]
        var content: String
        var connection: Int
    }

    struct State: Sendable {
        var connections = 0
        var messages: [Message] = []
        var lines: [String] = []
    }

    let observable = Observable(State())
    let port: Int
    private let channel: any Channel

    var state: State { self.observable.state }

    static func start(_ script: Script = Script()) async throws -> Sink {
        try await Sink(script)
    }

    private init(_ script: Script) async throws {
        let observable = self.observable
        self.channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(SinkHandler(script, observable))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.port = self.channel.localAddress?.port ?? 0
    }

    func stop() async throws {
        try await self.channel.close()
    }
}

private final class SinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let script: Sink.Script
    private let observable: Observable<Sink.State>
    private var connection = 0
    private var transaction = 0
    private var pending = ByteBuffer()
    private var mail = ""
    private var recipients: [String] = []
    private var content: [String]?

    init(_ script: Sink.Script, _ observable: Observable<Sink.State>) {
        self.script = script
        self.observable = observable
    }

    func channelActive(context: ChannelHandlerContext) {
        self.connection = self.observable.change { state in
            state.connections += 1
            return state.connections
        }
        self.answer(self.script.greeting, context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        self.pending.writeBuffer(&buffer)
        while let end = self.pending.readableBytesView.firstIndex(of: 0x0a) {
            let length = end - self.pending.readerIndex + 1
            let line = self.pending.readString(length: length) ?? ""
            self.received(line.trimmingLineEnding, context)
        }
    }

    private func received(_ line: String, _ context: ChannelHandlerContext) {
        if self.content != nil {
            if line == "." { self.contentEnded(context) } else { self.content?.append(line) }
            return
        }
        self.observable.change { $0.lines.append(line) }
        switch line.split(separator: " ").first?.uppercased() {
        case "EHLO", "LHLO":
            let lines = ["sink"] + self.script.extensions
            for line in lines.dropLast() { self.answer("250-" + line, context) }
            self.answer("250 " + (lines.last ?? ""), context)
        case "MAIL":
            self.transaction += 1
            self.recipients = []
            self.mail = line
            self.answer(self.script.mail(line, self.transaction), context)
        case "RCPT":
            let reply = self.script.rcpt(line, self.recipients.count)
            if reply?.hasPrefix("2") == true { self.recipients.append(line) }
            self.answer(reply, context)
        case "DATA":
            guard !self.recipients.isEmpty else { return self.answer("503 5.5.1 no recipients", context) }
            self.content = []
            self.answer("354 go", context)
        case "RSET": self.answer("250 2.0.0 ok", context)
        case "QUIT":
            self.answer("221 2.0.0 bye", context)
            context.close(promise: nil)
        default: self.answer(self.script.other(line), context)
        }
    }

    private func contentEnded(_ context: ChannelHandlerContext) {
        let content = (self.content ?? []).map { ($0.hasPrefix(".") ? String($0.dropFirst()) : $0) + "\r\n" }.joined()
        self.content = nil
        let answering = self.script.isLMTP ? self.recipients : [""]
        let message = Sink.Message(
            mail: self.mail,
            recipients: self.recipients,
            content: content,
            connection: self.connection
        )
        self.observable.change { $0.messages.append(message) }
        for recipient in answering { self.answer(self.script.content(recipient), context) }
    }

    private func answer(_ text: String?, _ context: ChannelHandlerContext) {
        guard let text else { return }
        guard !text.isEmpty else { return context.close(promise: nil) }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: text + "\r\n")), promise: nil)
    }
}

extension String {
    fileprivate var trimmingLineEnding: String {
        // A Character may be CRLF, so octets it is.
        String(decoding: self.utf8.filter { $0 != 0x0d && $0 != 0x0a }, as: UTF8.self)
    }
}
