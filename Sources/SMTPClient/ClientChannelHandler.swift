internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS
internal import SASL
internal import SMTP
internal import TLSChannelBinding

/// Runs a ``ClientSession`` on its channel: octets in, octets out, TLS, time.
///
/// Everything happens on the event loop. The connection, an actor on the same loop, starts things and then waits in
/// ``changed()``, of which there is one wait at a time.
final class ClientChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Content up to this size goes out in one write with all that belongs to it; larger one in slices of this size, each when the
    /// connection can take it.
    static let sliceOctets = 65_536

    let endpoint: Endpoint
    let options: ConnectionOptions
    private let tlsContext: ClientTLS.Context?
    /// Names the TLS connection in its context's key log.
    private var clientRandom: [UInt8]?
    private var tlsHandler: NIOSSLClientHandler?
    private(set) var session: ClientSession
    private var context: ChannelHandlerContext?
    /// The session is computing on another thread; what comes for it waits in `arrived`.
    private var isSessionAway = false
    private var arrived = ByteBuffer()
    private var isDriving = false
    private var needsFlush = false

    /// Why the connection is of no more use.
    private(set) var failure: SMTPClientError?
    private(set) var isEstablished = false
    private(set) var isClosed = false
    /// How the running transaction ended, until it is taken.
    private var outcome: Result<MailTransactionResult, SMTPClientError>?
    private var waiter: CheckedContinuation<Void, Never>?
    /// The local cause of an end that the session only knows as a closed connection.
    private var cause: SMTPClientError.Reason?

    private var content = Content.none
    private var deadline: NIODeadline?
    private var timer: Scheduled<Void>?
    private var timerDeadline: NIODeadline?

    private enum Content {
        case none
        /// Whole in memory, not yet asked for.
        case bytes(ByteBuffer)
        /// On its way; what is left of it.
        case pumping(OutgoingContent, ByteBuffer)
        /// To be streamed, not yet asked for.
        case stream(size: Int?)
        /// The connection may call ``write(_:)``. What completes a BDAT is held until the source says that it has no more: once sent
        /// it could not be called back.
        case streaming(OutgoingContent, size: Int?, held: ByteBuffer?)
    }

    init(endpoint: Endpoint, options: ConnectionOptions, tlsContext: ClientTLS.Context?) {
        self.endpoint = endpoint
        self.options = options
        self.tlsContext = tlsContext
        self.session = ClientSession(
            configuration: ClientSession.Configuration(
                heloName: options.heloName,
                protocol: options.protocol,
                security: options.tls,
                credentials: options.credentials,
                mechanism: options.mechanism,
                serverName: ClientTLS.serverName(for: endpoint, options),
                allowClearTextWithoutTLS: options.allowClearTextWithoutTLS,
                recordsTranscript: options.transcript != nil,
                nonce: {
                    var generator = SystemRandomNumberGenerator()
                    return (0..<24).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
                }
            )
        )
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { self.start() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        self.start()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.received(self.unwrapInboundIn(data), context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            self.pump()
            self.signal()
        }
        self.updateDeadline()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSUserEvent, case .handshakeCompleted = event {
            self.session.tlsEstablished(channelBindings: self.channelBindings())
            self.drive()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if self.session.stage == .tlsHandshake {
            self.session.tlsFailed(String(describing: error))
            self.drive()
        } else if let error = error as? NIOSSLError, case .uncleanShutdown = error {
            // Mail servers often close without close_notify; the reply to the last command is what tells whether anything was lost.
            context.close(promise: nil)
        } else {
            self.abandon(.network(String(describing: error)))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.isClosed = true
        if !self.isSessionAway {
            self.session.connectionClosed()
            self.drive()
        }
        self.signal()
        context.fireChannelInactive()
    }

    // MARK: What the connection asks for

    /// Suspends until something may have happened; may return without.
    func changed(isolation: isolated (any Actor)? = #isolation) async {
        await withCheckedContinuation { continuation in
            self.waiter?.resume()
            self.waiter = continuation
        }
    }

    /// Starts a transaction.
    func begin(_ transaction: ClientTransaction, _ content: MailContent) {
        self.outcome = nil
        switch content {
        case .bytes(let buffer): self.content = .bytes(buffer)
        case .stream: self.content = .stream(size: transaction.mail.size)
        }
        self.session.begin(transaction)
        self.drive()
    }

    /// How the transaction ended, once; nil while it runs.
    func takeOutcome() -> Result<MailTransactionResult, SMTPClientError>? {
        defer { self.outcome = nil }
        return self.outcome
    }

    /// Whether streamed content is wanted now.
    var isStreaming: Bool {
        if case .streaming = self.content { true } else { false }
    }

    /// Whether the socket takes more, or will never.
    var isWritable: Bool {
        guard let context, !self.isClosed else { return true }
        return context.channel.isWritable
    }

    /// Sends the next chunk of streamed content. After a failure the transaction has ended.
    func write(_ chunk: ByteBuffer) {
        guard case .streaming(var outgoing, let size, let held) = self.content, chunk.readableBytes > 0 else { return }
        self.content = .none
        do throws(BareLineEnding) {
            let encoded = try outgoing.encode(chunk)
            if let size, outgoing.octets > size {
                return self.abandon(.contentSizeMismatch(announced: size, actual: outgoing.octets))
            }
            if let held { self.enqueue(held) }
            if outgoing.octets == size {
                self.content = .streaming(outgoing, size: size, held: encoded)
            } else {
                self.content = .streaming(outgoing, size: size, held: nil)
                self.enqueue(encoded)
                self.flush()
            }
            self.updateDeadline()
        } catch {
            self.abandon(.bareLineEnding(error))
        }
    }

    /// Ends streamed content.
    func finishContent() {
        guard case .streaming(let outgoing, let size, let held) = self.content else { return }
        self.content = .none
        if let size, outgoing.octets != size {
            return self.abandon(.contentSizeMismatch(announced: size, actual: outgoing.octets))
        }
        self.writeTrailer(outgoing, after: held)
        self.drive()
    }

    /// Ends the session: QUIT between transactions, else just the connection.
    func quit() {
        self.session.quit()
        self.drive()
    }

    /// Ends the connection for a reason of our own.
    func abandon(_ cause: SMTPClientError.Reason) {
        if self.failure == nil, self.cause == nil { self.cause = cause }
        if !self.isSessionAway {
            self.session.connectionClosed()
            self.drive()
        }
        self.close()
    }

    var tlsVersion: TLSVersion? {
        self.session.isTLS ? self.tlsHandler?.tlsVersion : nil
    }

    // MARK: The machine's actions

    private func start() {
        self.session.connected()
        self.drive()
    }

    private func received(_ octets: ByteBuffer, _ context: ChannelHandlerContext) {
        if self.isSessionAway {
            self.arrived.writeImmutableBuffer(octets)
        } else if self.session.stage == .authentication {
            self.authenticate(octets, context)
        } else {
            self.session.received(octets.readableBytesView)
            self.drive()
        }
    }

    /// Lets the machine answer a challenge away from the event loop: SCRAM derives a key from the password, with as many rounds as the
    /// server says, which takes milliseconds.
    private func authenticate(_ octets: ByteBuffer, _ context: ChannelHandlerContext) {
        self.isSessionAway = true
        let session = self.session
        NIOThreadPool.singleton.runIfActive(eventLoop: context.eventLoop) {
            var session = session
            session.received(octets.readableBytesView)
            return session
        }
        .assumeIsolated()
        .whenComplete { result in
            self.isSessionAway = false
            switch result {
            case .success(let session): self.session = session
            case .failure(let error): self.cause = self.cause ?? .network(String(describing: error))
            }
            if self.isClosed || self.cause != nil { self.session.connectionClosed() }
            self.drive()
            if self.arrived.readableBytes > 0, let context = self.context {
                let octets = self.arrived
                self.arrived = ByteBuffer()
                self.received(octets, context)
            }
        }
    }

    private func drive() {
        // Writing can close the channel, which reports back here: the outer call goes on with what that added.
        guard !self.isDriving else { return }
        self.isDriving = true
        while let action = self.session.nextAction() {
            self.perform(action)
        }
        self.isDriving = false
        self.flush()
        if let transcript = self.options.transcript {
            for line in self.session.takeTranscript() { transcript(line) }
        }
        self.updateDeadline()
    }

    private func perform(_ action: ClientSession.Action) {
        switch action {
        case .send(let octets):
            self.enqueue(ByteBuffer(bytes: octets))
        case .startTLS:
            self.flush()
            self.startTLS()
        case .established:
            self.isEstablished = true
            self.signal()
        case .sendContent(let framing):
            self.sendContent(framing)
        case .transactionEnded(let result):
            self.content = .none
            self.outcome = .success(MailTransactionResult(result))
            self.signal()
        case .failed(let failure):
            self.fail(failure)
            self.close()
        case .closed:
            self.close()
        }
    }

    private func startTLS() {
        guard let context, let tlsContext = self.tlsContext else {
            return self.session.tlsFailed("no TLS context")
        }
        do {
            let handler = try NIOSSLClientHandler(
                context: tlsContext.context,
                serverHostname: ClientTLS.serverName(for: self.endpoint, self.options)
            )
            self.tlsHandler = handler
            let pipeline = context.pipeline.syncOperations
            guard tlsContext.exporterSecrets != nil else { return try pipeline.addHandler(handler, position: .first) }
            // Before the TLS handler, which says its ClientHello as soon as it is there.
            let observer = ClientRandomObserver { [weak self] in self?.clientRandom = $0 }
            try pipeline.addHandler(observer, position: .first)
            try pipeline.addHandler(handler, position: .after(observer))
        } catch {
            self.session.tlsFailed(String(describing: error))
        }
    }

    /// What the handshake that just ended can be bound to (RFC 5056): its exporter (RFC 9266), which is there over TLS 1.3, and besides it
    /// the server's certificate (RFC 5929 §4).
    ///
    /// Nothing over TLS 1.2: SMTP does not tell which types a server knows, and one that offers -PLUS there means `tls-unique`.
    private func channelBindings() -> ChannelBindings {
        guard let exporterSecrets = self.tlsContext?.exporterSecrets, let random = self.clientRandom.take(),
            let secret = exporterSecrets.take(clientRandom: random),
            let exported = ChannelBindings.tlsExporter(exporterSecret: secret)
        else { return .none }
        var bindings = ChannelBindings([.tlsExporter: exported])
        do {
            bindings.data[.tlsServerEndPoint] = try self.tlsHandler?.peerCertificate.flatMap {
                ChannelBindings.tlsServerEndPoint(certificate: try $0.toDERBytes())
            }
        } catch {
            // A certificate without DER binds nothing; the exporter is what is used anyway.
            bindings.data[.tlsServerEndPoint] = nil
        }
        return bindings
    }

    private func sendContent(_ framing: ContentFraming) {
        let outgoing = OutgoingContent(framing)
        switch self.content {
        case .bytes(let buffer):
            self.content = .pumping(outgoing, buffer)
            self.pump()
        case .stream(let size):
            self.content = .streaming(
                outgoing,
                size: size,
                held: outgoing.header.isEmpty ? nil : ByteBuffer(bytes: outgoing.header)
            )
            self.signal()
        case .none, .pumping, .streaming:
            preconditionFailure("content is asked for once in a transaction")
        }
    }

    /// Sends as much of the content in memory as the connection takes.
    private func pump() {
        guard case .pumping(var outgoing, var rest) = self.content, let context else { return }
        self.content = .none
        do throws(BareLineEnding) {
            if outgoing.octets == 0, rest.readableBytes <= Self.sliceOctets {
                // The usual message: one buffer, so one write and one TLS record.
                let header = outgoing.header
                let encoded = try outgoing.encode(rest)
                let trailer = try outgoing.trailer()
                var whole = context.channel.allocator.buffer(
                    capacity: header.count + encoded.readableBytes + trailer.utf8CodeUnitCount
                )
                whole.writeBytes(header)
                whole.writeImmutableBuffer(encoded)
                whole.writeStaticString(trailer)
                self.enqueue(whole)
                return self.session.contentSent()
            }
            if outgoing.octets == 0, !outgoing.header.isEmpty { self.enqueue(ByteBuffer(bytes: outgoing.header)) }
            while let slice = rest.readSlice(length: min(rest.readableBytes, Self.sliceOctets)), slice.readableBytes > 0
            {
                self.enqueue(try outgoing.encode(slice))
                self.flush()
                guard context.channel.isWritable, rest.readableBytes > 0 else { break }
            }
        } catch {
            return self.abandon(.bareLineEnding(error))
        }
        if rest.readableBytes > 0 {
            self.content = .pumping(outgoing, rest)
        } else {
            self.writeTrailer(outgoing)
        }
    }

    private func writeTrailer(_ outgoing: OutgoingContent, after held: ByteBuffer? = nil) {
        do throws(BareLineEnding) {
            let trailer = try outgoing.trailer()
            if let held { self.enqueue(held) }
            if trailer.utf8CodeUnitCount > 0 { self.enqueue(ByteBuffer(staticString: trailer)) }
            self.flush()
            self.session.contentSent()
        } catch {
            self.abandon(.bareLineEnding(error))
        }
    }

    private func fail(_ failure: ClientSessionFailure) {
        let error = SMTPClientError(failure, cause: self.cause, endpoint: self.endpoint)
        self.failure = error
        let isRunning = failure.stage != .idle && self.isEstablished
        if isRunning {
            self.outcome =
                failure.outcomes.contains { $0 != nil }
                ? .success(MailTransactionResult(failure.outcomes, interruptedBy: error)) : .failure(error)
        }
        self.content = .none
        self.signal()
    }

    // MARK: Octets and time

    private func enqueue(_ buffer: ByteBuffer) {
        guard let context else { return }
        context.write(self.wrapOutboundOut(buffer), promise: nil)
        self.needsFlush = true
    }

    private func flush() {
        guard self.needsFlush, let context else { return }
        self.needsFlush = false
        context.flush()
    }

    private func close() {
        self.flush()
        self.context?.close(promise: nil)
    }

    private func signal() {
        self.waiter.take()?.resume()
    }

    /// Sets the time by which the peer must have done something.
    private func updateDeadline() {
        guard let patience = self.patience, let context, !self.isClosed else {
            self.deadline = nil
            return
        }
        let deadline = NIODeadline.now() + TimeAmount(patience)
        self.deadline = deadline
        // A timer that fires early looks again; so one that is set is left alone, and a message costs no timer.
        if let timerDeadline, timerDeadline <= deadline { return }
        self.timer?.cancel()
        self.setTimer(deadline, context)
    }

    private func setTimer(_ deadline: NIODeadline, _ context: ChannelHandlerContext) {
        self.timerDeadline = deadline
        self.timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.timerFired() }
    }

    private func timerFired() {
        self.timer = nil
        self.timerDeadline = nil
        guard let deadline, let context, !self.isClosed else { return }
        if NIODeadline.now() >= deadline {
            self.abandon(.timedOut)
        } else {
            self.setTimer(deadline, context)
        }
    }

    /// How long the peer may take for what it has to do now; nil when it has nothing to do.
    private var patience: Duration? {
        let timeouts = self.options.timeouts
        switch self.session.stage {
        case .connect, .idle, .beforeSending: return nil
        case .tlsHandshake: return timeouts.tlsHandshake
        case .greeting: return timeouts.greeting
        case .hello, .startTLS, .authentication: return timeouts.command
        case .reset, .mail: return timeouts.mail
        case .recipient: return timeouts.recipient
        case .data: return timeouts.dataInitiation
        case .quit: return timeouts.quit
        case .content:
            switch self.content {
            case .none: return timeouts.dataTermination
            // With room in the socket it is our own source that is slow.
            case .bytes, .stream, .streaming, .pumping: return self.isWritable ? nil : timeouts.dataBlock
            }
        }
    }
}
