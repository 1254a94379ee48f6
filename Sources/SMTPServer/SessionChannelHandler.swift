internal import Logging
internal import MailSyntax
internal import NIOCore
internal import NIOSSL
internal import NIOTLS
internal import SASL
internal import SMTP
internal import TLSChannelBinding

/// Runs one ``ServerSession`` on its channel: octets in, actions done.
///
/// One question to the responder is open at a time. While it is, and while the client does not read our replies, nothing more is read,
/// so the memory of a connection is bounded by one read.
final class SessionChannelHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What all sessions of a listener share.
    struct Shared: Sendable {
        var configuration: ServerSessionConfiguration
        var timeouts: SessionTimeouts
        var tls: TLSContextSource?
        var logger: Logger
        var now: @Sendable () -> Int64
    }

    private let shared: Shared
    private var peer: SessionPeer
    private var responder: any SessionResponder
    private let service: any SessionService
    /// Moves the connection to another client's account of sessions; nil where the peer is not trusted to name one.
    private let reassign: ((SessionPeer) -> Reply?)?
    private let executor: EventLoopExecutor
    private var session: ServerSession
    private var input = ByteBuffer()
    private var output: [UInt8] = []
    /// A piece of mail data is being written elsewhere; reading waits.
    private var isPaused = false
    /// The responder is at work, on an answer or on content.
    private var isResponderBusy = false
    /// The connection is gone; the responder is told once its work under way is done, so that `closed()` is the last it hears.
    private var isGone = false
    private var isResponderTold = false
    private var isReadWithheld = false
    private var isClosing = false
    private var closesWhenIdle = false
    private var isHandshaking: Bool
    private var lastActivity: NIODeadline
    private var timer: Scheduled<Void>?
    private var refusal: Reply?
    private var tlsIdentity: TLSContextSource.Identity?
    private var clientRandom: [UInt8]?
    private var clientCertificate: [UInt8]?
    private var tlsVersion: String?

    init(
        shared: Shared,
        peer: SessionPeer,
        service: any SessionService,
        eventLoop: any EventLoop,
        refusal: Reply?,
        reassign: ((SessionPeer) -> Reply?)? = nil
    ) {
        self.shared = shared
        self.peer = peer
        self.service = service
        self.reassign = reassign
        self.responder = service.makeResponder(for: peer)
        self.executor = EventLoopExecutor(eventLoop)
        self.session = ServerSession(configuration: shared.configuration, trustsForwarding: reassign != nil)
        self.isHandshaking = shared.configuration.security == .implicit
        self.lastActivity = eventLoop.now
        self.refusal = refusal
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        // A test that plays the handshake itself has no context.
        if self.isHandshaking, self.shared.tls != nil { self.addTLS(context) }
        if context.channel.isActive { self.started(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.connectionEnded()
    }

    func channelActive(context: ChannelHandlerContext) {
        self.started(context)
        context.fireChannelActive()
    }

    private func started(_ context: ChannelHandlerContext) {
        guard self.timer == nil else { return }
        self.lastActivity = context.eventLoop.now
        self.scheduleTimer(context, after: self.isHandshaking ? self.shared.timeouts.tlsHandshake : self.silenceLimit)
        if !self.isHandshaking { self.greet(context) }
    }

    private func greet(_ context: ChannelHandlerContext) {
        if let refusal = self.refusal {
            self.perform(self.session.end(with: refusal), context)
        } else {
            self.perform(self.session.connected(), context)
        }
        self.flush(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        guard !self.isClosing else { return }
        if self.input.readableBytes == 0 {
            self.input = buffer
        } else {
            self.input.writeBuffer(&buffer)
        }
        self.process(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if self.isStalled(context) {
            self.isReadWithheld = true
        } else {
            context.read()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { self.resume(context) }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.connectionEnded()
        context.fireChannelInactive()
    }

    private func connectionEnded() {
        self.isClosing = true
        self.isGone = true
        self.timer?.cancel()
        self.timer = nil
        self.input = ByteBuffer()
        self.tellResponder()
    }

    private func tellResponder() {
        guard self.isGone, !self.isResponderBusy, !self.isResponderTold else { return }
        self.isResponderTold = true
        if let notice = self.session.noticeAtEnd { self.responder.noticed(notice, facts: self.facts) }
        self.responder.abandonMessage()
        self.responder.closed()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted:
            let wasImplicit = self.shared.configuration.security == .implicit
            self.isHandshaking = false
            self.lastActivity = context.eventLoop.now
            self.session.tlsStarted(self.tlsFacts(context))
            if wasImplicit { self.greet(context) }
            self.resume(context)
        case is SessionShutdown:
            self.closesWhenIdle = true
            self.closeIfIdle(context)
            self.flush(context)
        case ChannelEvent.inputClosed:
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A peer that resets the connection, or that is no TLS client, is daily business: told once, without noise.
        self.shared.logger.debug(
            "session ended by an error",
            metadata: [
                "listener": "\(self.peer.listener)", "error": "\(error)",
                "tls": "\(self.isHandshaking ? "handshake" : "")",
            ]
        )
        self.isClosing = true
        context.close(promise: nil)
    }

    // MARK: Running the machine

    /// Nothing may be read: a question is open, content is being written, replies pile up.
    private func isStalled(_ context: ChannelHandlerContext) -> Bool {
        self.session.isAsking || self.isPaused || !context.channel.isWritable
    }

    private func process(_ context: ChannelHandlerContext) {
        var hasProgressed = false
        while !self.isClosing, !self.isHandshaking, !self.isStalled(context) {
            let (consumed, action) = self.input.withUnsafeReadableBytes { octets in
                let step = self.session.receive(octets, seed: self.seed)
                if case .content = step.action { self.keep(octets, context) }
                return step
            }
            self.input.moveReaderIndex(forwardBy: consumed)
            if let notice = self.session.takeAuthenticationNotice() {
                self.responder.noticed(notice, facts: self.facts)
            }
            hasProgressed = hasProgressed || (consumed > 0 && !self.session.isDroppingLine)
            if case .waitForInput = action, consumed == 0 { break }
            self.perform(action, context)
            // Between two transactions of a client that sends on and on.
            if self.closesWhenIdle { self.closeIfIdle(context) }
        }
        // A command that comes octet by octet is as good as silence: only a whole line, or mail data, counts.
        if hasProgressed { self.lastActivity = context.eventLoop.now }
        if self.input.readableBytes == 0 {
            // An idle session holds no buffer.
            self.input = ByteBuffer()
        } else {
            self.input.discardReadBytes()
        }
        self.flush(context)
    }

    /// Hands mail data to the responder. Work that it wants done is done in order, while nothing more is read.
    private func keep(_ octets: UnsafeRawBufferPointer, _ context: ChannelHandlerContext) {
        var pending: [@Sendable () async -> Void] = []
        for range in self.session.kept {
            if let work = self.responder.append(UnsafeRawBufferPointer(rebasing: octets[range])) {
                pending.append(work)
            }
        }
        guard !pending.isEmpty else { return }
        self.isPaused = true
        self.isResponderBusy = true
        let works = pending
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
        Task(executorPreference: self.executor) {
            for work in works { await work() }
            eventLoop.assumeIsolatedOrExecute {
                let (handler, context) = bound.value
                handler.isPaused = false
                handler.isResponderBusy = false
                handler.tellResponder()
                handler.resume(context)
            }
        }
    }

    private func perform(_ action: ServerAction, _ context: ChannelHandlerContext) {
        switch action {
        case .waitForInput, .content:
            break
        case .reply(let reply):
            reply.encode(into: &self.output)
        case .abandonMessage(let reply):
            self.responder.abandonMessage()
            reply.encode(into: &self.output)
        case .ask(let request):
            self.ask(request, context)
        case .startTLS(let reply):
            reply.encode(into: &self.output)
            self.flush(context)
            self.startTLS(context)
        case .becomeClient(let client):
            self.perform(self.session.receive(forwarded: self.become(client)), context)
        case .close(let reply):
            reply?.encode(into: &self.output)
            self.closeAfterFlush(context)
        }
    }

    /// Starts over for the proxy's client.
    ///
    /// - Returns: Why he is refused; nil: he is not.
    private func become(_ client: ForwardedClient) -> Reply? {
        // A client that the proxy does not know is the proxy itself, as far as limits go.
        self.peer.address = client.address ?? self.peer.address
        self.peer.port = client.port ?? self.peer.port
        if let refusal = self.reassign?(self.peer) { return refusal }
        self.responder.abandonMessage()
        self.responder.closed()
        self.responder = self.service.makeResponder(for: self.peer)
        return nil
    }

    private var facts: SessionFacts {
        SessionFacts(
            isTLS: self.session.isTLS,
            clientName: self.session.clientName,
            protocolKeyword: self.session.protocolKeyword,
            mechanism: self.session.mechanismName,
            clientCertificate: self.clientCertificate,
            tlsVersion: self.tlsVersion
        )
    }

    private func ask(_ request: SessionRequest, _ context: ChannelHandlerContext) {
        switch self.responder.answer(request, facts: self.facts) {
        case .now(let answer):
            self.perform(self.session.receive(answer), context)
        case .later(let work):
            self.isResponderBusy = true
            let eventLoop = context.eventLoop
            let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
            Task(executorPreference: self.executor) {
                let answer = await work()
                eventLoop.assumeIsolatedOrExecute {
                    let (handler, context) = bound.value
                    handler.answered(answer, context)
                }
            }
        }
    }

    private func answered(_ answer: SessionAnswer, _ context: ChannelHandlerContext) {
        self.isResponderBusy = false
        self.tellResponder()
        guard !self.isClosing else { return }
        // The time that the answer took is ours, not the client's.
        self.lastActivity = context.eventLoop.now
        self.perform(self.session.receive(answer), context)
        if self.closesWhenIdle { self.closeIfIdle(context) }
        self.resume(context)
    }

    private func resume(_ context: ChannelHandlerContext) {
        guard !self.isGone else { return }
        self.process(context)
        if self.isReadWithheld, !self.isStalled(context) {
            self.isReadWithheld = false
            context.read()
        }
    }

    private func seed() -> ServerSession.ExchangeSeed {
        var generator = SystemRandomNumberGenerator()
        // Three numbers of eight octets: each one asked for is a system call.
        let nonce = (0..<3).flatMap { _ in withUnsafeBytes(of: generator.next() as UInt64) { Array($0) } }
        return ServerSession.ExchangeSeed(nonce: nonce, secondsSince1970: self.shared.now())
    }

    // MARK: Output, TLS, end

    private func flush(_ context: ChannelHandlerContext) {
        guard !self.output.isEmpty else { return }
        let buffer = context.channel.allocator.buffer(bytes: self.output)
        self.output.removeAll(keepingCapacity: self.output.count <= 1024)
        context.writeAndFlush(self.wrapOutboundOut(buffer), promise: nil)
    }

    private func startTLS(_ context: ChannelHandlerContext) {
        self.isHandshaking = true
        self.lastActivity = context.eventLoop.now
        self.timer?.cancel()
        self.scheduleTimer(context, after: self.shared.timeouts.tlsHandshake)
        self.addTLS(context)
    }

    private func addTLS(_ context: ChannelHandlerContext) {
        guard let identity = self.shared.tls?.current else {
            context.close(promise: nil)
            return
        }
        self.tlsIdentity = identity
        do {
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(NIOSSLServerHandler(context: identity.context), position: .first)
            if identity.exporterSecrets != nil {
                try pipeline.addHandler(ClientRandomObserver { self.clientRandom = $0 }, position: .first)
            }
        } catch {
            context.close(promise: nil)
        }
    }

    /// What the handshake that just ended brought.
    private func tlsFacts(_ context: ChannelHandlerContext) -> ServerSession.TLSFacts {
        do {
            let handler = try context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
            self.clientCertificate = try handler.peerCertificate?.toDERBytes()
            self.tlsVersion = handler.tlsVersion?.text
        } catch {
            self.clientCertificate = nil
        }
        var bindings = ChannelBindings.none
        // Only where the exporter is there, that is over TLS 1.3: a client that binds at all binds to it then, while over
        // TLS 1.2 it would try tls-unique, which is broken (RFC 9266 §3) and not offered.
        if let random = self.clientRandom, let identity = self.tlsIdentity,
            let secret = identity.exporterSecrets?.take(clientRandom: random),
            let exported = ChannelBindings.tlsExporter(exporterSecret: secret)
        {
            bindings.data[.tlsExporter] = exported
            bindings.data[.tlsServerEndPoint] = identity.certificate.flatMap {
                ChannelBindings.tlsServerEndPoint(certificate: $0)
            }
        }
        self.clientRandom = nil
        self.tlsIdentity = nil
        return ServerSession.TLSFacts(
            channelBindings: bindings,
            hasClientCertificate: self.clientCertificate != nil
        )
    }

    private func closeIfIdle(_ context: ChannelHandlerContext) {
        guard !self.isClosing else { return }
        if self.isHandshaking {
            // No reply can be said in the midst of a handshake.
            self.isClosing = true
            context.close(promise: nil)
        } else if self.session.isIdle {
            self.perform(self.session.end(with: .shuttingDown), context)
        }
    }

    private func closeAfterFlush(_ context: ChannelHandlerContext) {
        self.isClosing = true
        let buffer = context.channel.allocator.buffer(bytes: self.output)
        self.output.removeAll()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(self.wrapOutboundOut(buffer)).whenComplete { _ in
            bound.value.close(promise: nil)
        }
        // A client that reads nothing would keep the last reply in the queue, and so the connection, for ever.
        self.timer?.cancel()
        guard !self.isGone else { return }
        self.timer = context.eventLoop.scheduleTask(in: TimeAmount(self.shared.timeouts.closing)) {
            bound.value.close(promise: nil)
        }
    }

    // MARK: Time limits

    private var silenceLimit: Duration {
        self.session.isReadingData ? self.shared.timeouts.data : self.shared.timeouts.command
    }

    /// One timer a connection: when it fires it looks how long the client was silent, and sleeps on for the rest.
    private func scheduleTimer(_ context: ChannelHandlerContext, after delay: Duration) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        self.timer = context.eventLoop.scheduleTask(in: TimeAmount(delay)) {
            let (handler, context) = bound.value
            handler.timerFired(context)
        }
    }

    private func timerFired(_ context: ChannelHandlerContext) {
        guard !self.isClosing else { return }
        let limit = self.isHandshaking ? self.shared.timeouts.tlsHandshake : self.silenceLimit
        let silence = context.eventLoop.now - self.lastActivity
        let remaining = TimeAmount(limit) - silence
        if self.session.isAsking || self.isPaused || remaining > .zero {
            self.scheduleTimer(context, after: remaining > .zero ? .nanoseconds(remaining.nanoseconds) : limit)
        } else if self.isHandshaking {
            self.isClosing = true
            context.close(promise: nil)
        } else {
            self.perform(self.session.end(with: .timeout), context)
        }
    }
}

extension EventLoop {
    /// On the loop already: at once; else soon.
    fileprivate func assumeIsolatedOrExecute(_ work: @escaping @Sendable () -> Void) {
        if self.inEventLoop {
            work()
        } else {
            self.execute(work)
        }
    }
}
