internal import AuthenticationProtocols
internal import GatepostModel
internal import Glibc
internal import Logging
internal import MailSyntax
internal import NIOCore
internal import SASL
internal import SMTP
internal import Synchronization

/// Runs a ``DovecotAuthServer`` on its channel: a mail server's process on the other side, its clients' logins within.
///
/// A connection may stay silent for as long as it likes once it said its version: a Postfix process keeps it open between two clients, and
/// finds out only at the next login when it is gone.
final class DovecotAuthHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// One open request.
    private final class Exchange {
        let request: DovecotAuthRequest
        let login: LoginExchange
        var mechanism: any ServerMechanism
        /// Since when the client owes a response; nil while we are at work.
        var waitsSince: NIODeadline?

        init(_ request: DovecotAuthRequest, _ login: LoginExchange, _ mechanism: any ServerMechanism) {
            self.request = request
            self.login = login
            self.mechanism = mechanism
        }
    }

    static let name = "dovecot-auth"
    /// Both Postfix and Exim speak as soon as they can.
    static let handshakeTime = TimeAmount.seconds(30)

    /// Of this process; each connection gets another one.
    private static let connections = Atomic<UInt32>(0)

    private let shared: AuthenticationSocketContext
    private var machine: DovecotAuthServer
    private var exchanges: [UInt32: Exchange] = [:]
    private var timer: Scheduled<Void>?
    private var handshakeTimer: Scheduled<Void>?
    private var isClosed = false
    private var isReadWithheld = false

    init(_ shared: AuthenticationSocketContext) {
        self.shared = shared
        self.machine = DovecotAuthServer(
            mechanisms: shared.mechanisms.map { DovecotMechanism($0) },
            serverProcess: UInt32(truncatingIfNeeded: getpid()),
            connection: Self.connections.wrappingAdd(1, ordering: .relaxed).newValue,
            cookie: RandomOctets.make(16)
        )
    }

    // MARK: Channel events

    func channelActive(context: ChannelHandlerContext) {
        self.send(self.machine.greeting, context)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        self.handshakeTimer = context.eventLoop.scheduleTask(in: Self.handshakeTime) {
            let (handler, context) = bound.value
            guard !handler.machine.isGreeted else { return }
            handler.close("no handshake", context)
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isClosed else { return }
        for event in self.machine.receive(self.unwrapInboundIn(data).readableBytesView) {
            guard !self.isClosed else { return }
            self.perform(event, context)
        }
    }

    /// Who does not take our answers is not asked for more.
    func read(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            context.read()
        } else {
            self.isReadWithheld = true
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, self.isReadWithheld {
            self.isReadWithheld = false
            context.read()
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.isClosed = true
        self.exchanges = [:]
        self.timer?.cancel()
        self.handshakeTimer?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.close("\(error)", context)
    }

    // MARK: Requests

    private func perform(_ event: DovecotAuthServer.Event, _ context: ChannelHandlerContext) {
        switch event {
        case .send(let octets):
            self.send(octets, context)
        case .begin(let request):
            self.begin(request, context)
        case .response(let identifier, let response):
            guard let exchange = self.exchanges[identifier] else { return }
            exchange.waitsSince = nil
            let step = exchange.mechanism.received(response: response)
            self.go(on: exchange, from: step, context)
        case .abandoned(let identifier):
            self.exchanges[identifier] = nil
        case .close(let fault):
            self.close("\(fault)", context)
        }
    }

    private func begin(_ request: DovecotAuthRequest, _ context: ChannelHandlerContext) {
        let login = self.shared.makeLogin()
        if let address = request.remoteAddress, self.shared.isDenied(address) {
            let reference = login.refuse(.addressDenied, mechanism: request.mechanism, from: Self.origin(of: request))
            return self.fail(request.identifier, DovecotFailure(reason: reference.refusal), context)
        }
        guard !request.mechanism.revealsPassword || self.mayShowPassword(request) else {
            _ = login.refuse(.clearText, mechanism: request.mechanism, from: Self.origin(of: request))
            let reason = "Encryption required for \(request.mechanism)"
            return self.fail(request.identifier, DovecotFailure(reason: reason), context)
        }
        let made = ServerMechanisms.make(
            request.mechanism,
            context: ServerMechanismContext(
                nonce: RandomOctets.make(24),
                hostname: self.shared.hostname,
                secondsSince1970: self.shared.clock.now().secondsSince1970,
                allowsNTLMv1: self.shared.allowsNTLMv1
            )
        )
        guard let made else {
            return self.fail(
                request.identifier,
                DovecotFailure(reason: "Unsupported authentication mechanism"),
                context
            )
        }
        let exchange = Exchange(request, login, request.acceptsFinalData ? made : FinalDataAsChallenge(made))
        self.exchanges[request.identifier] = exchange
        let step = exchange.mechanism.received(request.initialResponse)
        self.go(on: exchange, from: step, context)
    }

    /// As at our own listeners: over TLS, or where it is allowed and the mail server was reached by loopback.
    private func mayShowPassword(_ request: DovecotAuthRequest) -> Bool {
        if request.isSecured { return true }
        let address = request.localAddress ?? request.remoteAddress
        return self.shared.allowsClearTextWithoutTLS && address?.isLoopback == true
    }

    /// Lets the accounts answer while other requests go on.
    private func go(on exchange: Exchange, from step: ServerStep, _ context: ChannelHandlerContext) {
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((self, exchange, context), eventLoop: eventLoop)
        let login = exchange.login
        let mechanism = exchange.mechanism
        let request = exchange.request
        let peer = LoginPeer(address: request.remoteAddress.map { "\($0)" }, isTLS: request.isSecured)
        Task {
            var mechanism = mechanism
            let progress = await login.run(&mechanism, from: step, peer: peer)
            let next = mechanism
            eventLoop.execute {
                let (handler, exchange, context) = bound.value
                // Another request may have its identifier by now.
                guard !handler.isClosed, handler.exchanges[exchange.request.identifier] === exchange else { return }
                exchange.mechanism = next
                handler.progressed(exchange, progress, context)
            }
        }
    }

    private func progressed(
        _ exchange: Exchange,
        _ progress: LoginExchange.Progress,
        _ context: ChannelHandlerContext
    ) {
        let identifier = exchange.request.identifier
        switch progress {
        case .challenge(let challenge):
            exchange.waitsSince = context.eventLoop.now
            self.send(self.machine.challenge(challenge, for: identifier), context)
            self.scheduleTimer(context)
        case .ended(let result, let finalData):
            self.exchanges[identifier] = nil
            let verdict = exchange.login.conclude(
                AuthenticationOutcome(mechanism: exchange.request.mechanism, result: result),
                from: Self.origin(of: exchange.request),
                objection: AuthenticationSocketContext.objection
            )
            switch verdict {
            case .accepted(let account, _):
                self.send(self.machine.succeed(identifier, user: account.address, finalData: finalData), context)
            case .refused(let refusal, let reference):
                let failure = DovecotFailure(
                    user: exchange.login.loginName,
                    reason: reference.refusal,
                    code: refusal == .passwordChange ? .passwordExpired : nil
                )
                self.fail(identifier, failure, context)
            }
        case .unavailable:
            self.exchanges[identifier] = nil
            // Postfix and Exim know no codes and would call it a wrong password, but say "try again later" when the connection is lost.
            guard self.machine.readsFailureCodes || self.exchanges.values.contains(where: { $0.waitsSince == nil })
            else {
                return self.close("a login could not be checked", context)
            }
            let failure = DovecotFailure(
                user: exchange.login.loginName,
                reason: "Temporary authentication failure",
                code: .temporary
            )
            self.fail(identifier, failure, context)
        }
    }

    private static func origin(of request: DovecotAuthRequest) -> LoginExchange.Origin {
        LoginExchange.Origin(
            address: request.remoteAddress,
            listener: Self.name,
            isTLS: request.isSecured,
            details: ["service": "\(request.service)"]
        )
    }

    // MARK: Output and end

    private func fail(_ identifier: UInt32, _ failure: DovecotFailure, _ context: ChannelHandlerContext) {
        self.send(self.machine.fail(identifier, failure), context)
    }

    private func send(_ octets: [UInt8]?, _ context: ChannelHandlerContext) {
        guard let octets else { return }
        context.writeAndFlush(self.wrapOutboundOut(context.channel.allocator.buffer(bytes: octets)), promise: nil)
    }

    private func close(_ reason: String, _ context: ChannelHandlerContext) {
        guard !self.isClosed else { return }
        self.isClosed = true
        self.exchanges = [:]
        self.shared.logger.debug(
            "authentication connection closed",
            metadata: ["listener": "\(Self.name)", "reason": "\(reason)"]
        )
        context.close(promise: nil)
    }

    /// One timer a connection: when it fires it fails what has waited for too long, and sleeps on while anything waits.
    private func scheduleTimer(_ context: ChannelHandlerContext) {
        guard self.timer == nil else { return }
        let waiting = self.exchanges.values.compactMap(\.waitsSince).min()
        guard let waiting else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        self.timer = context.eventLoop.scheduleTask(deadline: waiting + TimeAmount(self.shared.responseTime)) {
            let (handler, context) = bound.value
            handler.timer = nil
            guard !handler.isClosed else { return }
            handler.expire(context)
            handler.scheduleTimer(context)
        }
    }

    private func expire(_ context: ChannelHandlerContext) {
        let oldest = context.eventLoop.now - TimeAmount(self.shared.responseTime)
        for (identifier, exchange) in self.exchanges {
            guard let since = exchange.waitsSince, since <= oldest else { continue }
            self.exchanges[identifier] = nil
            self.send(self.machine.expire(identifier), context)
        }
    }
}
