import NIOCore
import NIOHTTP1
import NIOPosix

/// An HTTP server on a loopback port that answers by path.
final class TestHTTPServer: Sendable {
    enum Answer: Sendable {
        case whole(status: HTTPResponseStatus, String, location: String? = nil)
        /// A head and the first octet of a body, and then nothing more.
        case dripping
        case silent
    }

    private let channel: any Channel

    static func start(_ answer: @escaping @Sendable (HTTPRequestHead, String) -> Answer) async throws -> TestHTTPServer
    {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        return TestHTTPServer(channel)
    }

    private init(_ channel: any Channel) {
        self.channel = channel
    }

    var base: String { "http://127.0.0.1:\(self.channel.localAddress?.port ?? 0)" }

    func stop() async throws { try await self.channel.close().get() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let answer: @Sendable (HTTPRequestHead, String) -> Answer
        private var head: HTTPRequestHead?
        private var body = ByteBuffer()

        init(_ answer: @escaping @Sendable (HTTPRequestHead, String) -> Answer) {
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch self.unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                self.body.clear()
            case .body(var part):
                self.body.writeBuffer(&part)
            case .end:
                guard let head else { return }
                self.respond(self.answer(head, String(buffer: self.body)), context)
            }
        }

        private func respond(_ answer: Answer, _ context: ChannelHandlerContext) {
            switch answer {
            case .whole(let status, let text, let location):
                var headers = HTTPHeaders([("Content-Length", "\(text.utf8.count)")])
                if let location { headers.add(name: "Location", value: location) }
                let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
                context.write(self.wrapOutboundOut(.head(head)), promise: nil)
                context.write(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
                context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
            case .dripping:
                let head = HTTPResponseHead(version: .http1_1, status: .ok)
                context.write(self.wrapOutboundOut(.head(head)), promise: nil)
                context.writeAndFlush(
                    self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "{")))),
                    promise: nil
                )
            case .silent:
                break
            }
        }
    }
}
