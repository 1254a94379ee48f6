internal import AuthenticationProtocols
internal import GatepostModel
internal import Logging
internal import NIOCore
internal import SASL
internal import SMTP

/// Answers the one request of a saslauthd connection: PLAIN's check of a name and a password that a program has already.
///
/// Whether the client of that program sent the password over TLS is the program's business; this protocol cannot say.
final class SaslauthdHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    static let name = "saslauthd"
    /// Everything is sent at once.
    static let requestTime = TimeAmount.seconds(30)

    private let shared: AuthenticationSocketContext
    private var decoder = SaslauthdRequestDecoder()
    private var timer: Scheduled<Void>?
    private var isClosed = false

    init(_ shared: AuthenticationSocketContext) {
        self.shared = shared
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        self.timer = context.eventLoop.scheduleTask(in: Self.requestTime) {
            let (handler, context) = bound.value
            handler.close("no request", context)
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isClosed else { return }
        do throws(ProtocolFault) {
            guard let request = try self.decoder.receive(self.unwrapInboundIn(data).readableBytesView) else { return }
            self.timer?.cancel()
            self.check(request, context)
        } catch {
            self.close("\(error)", context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.isClosed = true
        self.timer?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.close("\(error)", context)
    }

    private func check(_ request: SaslauthdRequest, _ context: ChannelHandlerContext) {
        let shared = self.shared
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
        Task {
            let reply = await shared.check(request)
            eventLoop.execute {
                let (handler, context) = bound.value
                handler.answer(reply, context)
            }
        }
    }

    /// Without a reply the program reports trouble rather than a wrong password.
    private func answer(_ reply: SaslauthdReply?, _ context: ChannelHandlerContext) {
        guard !self.isClosed else { return }
        guard let reply else { return self.close("a login could not be checked", context) }
        self.isClosed = true
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(self.wrapOutboundOut(context.channel.allocator.buffer(bytes: reply.encoded)))
            .whenComplete { _ in bound.value.close(promise: nil) }
    }

    private func close(_ reason: String, _ context: ChannelHandlerContext) {
        guard !self.isClosed else { return }
        self.isClosed = true
        self.shared.logger.debug(
            "authentication connection closed",
            metadata: ["listener": "\(Self.name)", "reason": "\(reason)"]
        )
        context.close(promise: nil)
    }
}

extension AuthenticationSocketContext {
    /// Checks a password as PLAIN does.
    ///
    /// - Returns: nil when it cannot be checked now.
    fileprivate func check(_ request: SaslauthdRequest) async -> SaslauthdReply? {
        let login = self.makeLogin()
        // A NUL within the name or the password makes a message that PLAIN refuses.
        let message = [0] + request.qualifiedLogin + [0] + request.password.octets
        let context = ServerMechanismContext(
            nonce: RandomOctets.make(24),
            hostname: self.hostname,
            secondsSince1970: self.clock.now().secondsSince1970
        )
        guard var mechanism = ServerMechanisms.make(.plain, context: context) else { return nil }
        let step = mechanism.received(.present(message))
        switch await login.run(&mechanism, from: step, peer: LoginPeer()) {
        case .challenge, .unavailable:
            return nil
        case .ended(let result, _):
            let verdict = login.conclude(
                AuthenticationOutcome(mechanism: .plain, result: result),
                from: LoginExchange.Origin(
                    address: nil,
                    listener: SaslauthdHandler.name,
                    isTLS: false,
                    details: ["service": "\(String(decoding: request.service, as: UTF8.self))"]
                ),
                objection: AuthenticationSocketContext.objection
            )
            switch verdict {
            case .accepted: return .accepted
            case .refused(_, let reference): return .refused(reference.refusal)
            }
        }
    }
}
