internal import MailSyntax
public import SASL

/// How the content of a message goes over the wire.
public enum ContentFraming: Hashable, Sendable {
    /// After DATA: through ``DotStuffer``, and its terminator.
    case dotStuffed
    /// By BDAT: this command line, then the octets as they are (RFC 3030 §2). The octets must be as many as ``MailParameters/size`` said.
    case chunk(command: [UInt8])
}

/// The client's side of SMTP (RFC 5321) and LMTP (RFC 2033) as a value: events in, actions out, no I/O.
///
/// It greets, falls back to HELO, turns TLS on (RFC 3207), logs in (RFC 4954), and then runs any number of transactions, with several
/// commands in one write where PIPELINING is offered (RFC 2920).
///
/// Report each event, then take actions from ``nextAction()`` until it returns nil:
///
///     C: (connected)               -> nil, the greeting is awaited
///     S: 220 mail.example.org      -> send "EHLO client.example.net"
///     S: 250-mail.example.org …    -> send "STARTTLS"
///     S: 220 go ahead              -> startTLS
///     C: (TLS established)         -> send "EHLO client.example.net"
///     S: 250 mail.example.org      -> established
///
/// After ``Action/failed(_:)`` and ``Action/closed`` it does nothing more, whatever is reported.
public struct ClientSession: Sendable {
    public struct Configuration: Sendable {
        /// The argument of EHLO: a full domain name or an address literal.
        public var heloName: String
        public var `protocol`: MailProtocol
        public var security: TransportSecurity
        public var credentials: ClientCredentials?
        /// The only mechanism to use, which also says what ``credentials`` are; nil takes the strongest offered.
        public var mechanism: MechanismName?
        /// The server's name as the user gave it, which DIGEST-MD5 puts into its `digest-uri`.
        public var serverName: String?
        public var allowClearTextWithoutTLS: Bool
        /// Whether ``ClientSession/takeTranscript()`` has something to give.
        public var recordsTranscript: Bool
        /// At least 18 random octets, new with each call.
        public var nonce: @Sendable () -> [UInt8]

        public init(
            heloName: String,
            protocol: MailProtocol = .smtp,
            security: TransportSecurity = .opportunistic,
            credentials: ClientCredentials? = nil,
            mechanism: MechanismName? = nil,
            serverName: String? = nil,
            allowClearTextWithoutTLS: Bool = false,
            recordsTranscript: Bool = false,
            nonce: @escaping @Sendable () -> [UInt8]
        ) {
            self.heloName = heloName
            self.protocol = `protocol`
            self.security = security
            self.credentials = credentials
            self.mechanism = mechanism
            self.serverName = serverName
            self.allowClearTextWithoutTLS = allowClearTextWithoutTLS
            self.recordsTranscript = recordsTranscript
            self.nonce = nonce
        }
    }

    public enum Action: Sendable {
        case send([UInt8])
        /// Start the handshake, then report ``ClientSession/tlsEstablished()`` or ``ClientSession/tlsFailed(_:)``.
        case startTLS
        /// Ready for transactions.
        case established
        /// Send the content, then report ``ClientSession/contentSent()``. A ``transactionEnded(_:)`` may come before: stop sending.
        case sendContent(ContentFraming)
        case transactionEnded(ClientTransactionResult)
        /// Close the connection; a running transaction ends with it.
        case failed(ClientSessionFailure)
        /// Close the connection; the session is over as it should be.
        case closed
    }

    private enum State: Sendable {
        case unconnected
        case tlsHandshake
        case greeting
        case hello(isHELO: Bool)
        case startTLS
        case authentication(ClientAuthentication)
        case ready
        case transaction
        case quitting
        case ended
    }

    public let configuration: Configuration
    /// What the server offers, as of the last EHLO. What it said before TLS is forgotten (RFC 3207 §4.2).
    public private(set) var capabilities = Capabilities()
    public private(set) var isTLS = false
    /// Whether AUTH succeeded.
    public private(set) var isAuthenticated = false
    /// What the TLS connection can be bound to.
    private var channelBindings = ChannelBindings.none
    private var state = State.unconnected
    private var transaction: ClientTransactionMachine?
    private var needsReset = false
    private var decoder = ReplyDecoder()
    private var actions: [Action] = []
    private var nextActionIndex = 0
    private var transcript: [TranscriptLine] = []
    private var lastReply: Reply?

    public init(configuration: Configuration) {
        self.configuration = configuration
    }

    /// Whether ``begin(_:)`` may be called.
    public var isReady: Bool {
        if case .ready = self.state { true } else { false }
    }

    /// Where the session stands: which timeout applies, and where it was if it fails now.
    public var stage: ClientStage {
        switch self.state {
        case .unconnected: .connect
        case .tlsHandshake: .tlsHandshake
        case .greeting: .greeting
        case .hello: .hello
        case .startTLS: .startTLS
        case .authentication: .authentication
        case .ready, .ended: .idle
        case .transaction: self.transaction?.stage ?? .idle
        case .quitting: .quit
        }
    }

    /// The next thing to do; nil when there is nothing to do but wait.
    public mutating func nextAction() -> Action? {
        guard self.nextActionIndex < self.actions.count else {
            self.actions.removeAll(keepingCapacity: true)
            self.nextActionIndex = 0
            return nil
        }
        defer { self.nextActionIndex += 1 }
        return self.actions[self.nextActionIndex]
    }

    /// The lines since the last call.
    public mutating func takeTranscript() -> [TranscriptLine] {
        defer { self.transcript.removeAll(keepingCapacity: true) }
        return self.transcript
    }
}

// MARK: Events

extension ClientSession {
    /// The connection is there.
    public mutating func connected() {
        guard case .unconnected = self.state else { return }
        guard ClientCommand.isClean(Array(self.configuration.heloName.utf8), lines: 0),
            !self.configuration.heloName.isEmpty
        else { return self.fail(.invalidHELOName) }
        if self.configuration.security == .implicit {
            self.state = .tlsHandshake
            self.actions.append(.startTLS)
        } else {
            self.state = .greeting
        }
    }

    /// The TLS handshake that ``Action/startTLS`` asked for is done, the certificate checked as configured.
    ///
    /// - Parameter channelBindings: What SCRAM-*-PLUS can be bound to (RFC 5056).
    public mutating func tlsEstablished(channelBindings: ChannelBindings = .none) {
        guard case .tlsHandshake = self.state else { return }
        self.isTLS = true
        self.channelBindings = channelBindings
        self.note("TLS established")
        if self.configuration.security == .implicit {
            self.state = .greeting
        } else {
            self.capabilities = Capabilities()
            self.sendHello()
        }
    }

    /// The TLS handshake failed.
    public mutating func tlsFailed(_ reason: String) {
        guard case .tlsHandshake = self.state else { return }
        self.fail(.tlsFailed(reason))
    }

    /// Octets came, any number.
    public mutating func received(_ octets: some Collection<UInt8>) {
        switch self.state {
        case .ended:
            return
        case .tlsHandshake:
            return self.fail(.responseInjection)
        case .unconnected, .greeting, .hello, .startTLS, .authentication, .ready, .transaction, .quitting:
            self.decoder.append(octets)
        }
        do throws(ReplySyntaxError) {
            while let reply = try self.decoder.next() {
                self.received(reply)
                if case .ended = self.state { return }
            }
        } catch {
            self.fail(.malformedReply(error))
        }
    }

    /// The connection is gone.
    public mutating func connectionClosed() {
        switch self.state {
        case .ended:
            return
        case .quitting:
            self.end(.closed)
        case .unconnected, .tlsHandshake, .greeting, .hello, .startTLS, .authentication, .ready, .transaction:
            self.fail(.connectionClosed)
        }
    }

    /// Starts a transaction. Call only when ``isReady``.
    public mutating func begin(_ transaction: ClientTransaction) {
        guard case .ready = self.state else {
            preconditionFailure("a transaction begins only when the session is ready")
        }
        var machine = ClientTransactionMachine(
            transaction,
            to: self.capabilities,
            over: self.configuration.protocol,
            resetsFirst: self.needsReset
        )
        let step = machine.start()
        self.transaction = machine
        self.state = .transaction
        self.lastReply = nil
        self.act(on: step)
    }

    /// The content that ``Action/sendContent(_:)`` asked for was given to the transport, with its terminator.
    public mutating func contentSent() {
        self.transaction?.contentSent()
        self.note("content sent")
    }

    /// Ends the session: QUIT when no transaction runs, else at once.
    public mutating func quit() {
        switch self.state {
        case .ready:
            self.state = .quitting
            self.send("QUIT\r\n")
        case .ended, .quitting:
            return
        case .unconnected, .tlsHandshake, .greeting, .hello, .startTLS, .authentication, .transaction:
            self.end(.closed)
        }
    }
}

// MARK: Replies

extension ClientSession {
    private mutating func received(_ reply: Reply) {
        self.record(reply)
        self.lastReply = reply
        switch self.state {
        case .greeting:
            guard reply.code == 220 else { return self.refuse(reply) }
            self.sendHello()
        case .hello(let isHELO):
            self.receivedHelloReply(reply, isHELO: isHELO)
        case .startTLS:
            self.receivedSTARTTLSReply(reply)
        case .authentication(var authentication):
            // The state holds the only other reference.
            self.state = .ended
            let step = authentication.received(reply)
            self.state = .authentication(authentication)
            self.act(on: step)
        case .ready:
            // 421 may come at any time (RFC 5321 §3.8); nothing else may.
            self.fail(reply.code == 421 ? .connectionClosed : .unexpectedReply)
        case .transaction:
            guard var transaction = self.transaction.take() else { return }
            let step = transaction.received(reply)
            self.transaction = transaction
            self.act(on: step)
        case .quitting:
            self.end(.closed)
        case .unconnected, .tlsHandshake, .ended:
            return
        }
    }

    private mutating func sendHello() {
        self.state = .hello(isHELO: false)
        self.send((self.configuration.protocol == .lmtp ? "LHLO " : "EHLO ") + self.configuration.heloName + "\r\n")
    }

    private mutating func receivedHelloReply(_ reply: Reply, isHELO: Bool) {
        if reply.isPermanent, !isHELO, self.configuration.protocol == .smtp {
            // RFC 5321 §3.2: a server that does not know EHLO. Not after 4yz, which says nothing about EHLO.
            self.state = .hello(isHELO: true)
            return self.send("HELO \(self.configuration.heloName)\r\n")
        }
        guard reply.isPositive else { return self.refuse(reply) }
        self.capabilities = isHELO ? Capabilities() : Capabilities(reply: reply)
        if !self.isTLS {
            switch self.configuration.security {
            case .required where !self.capabilities.isSTARTTLS:
                return self.fail(.tlsNotOffered)
            case .required, .opportunistic:
                if self.capabilities.isSTARTTLS {
                    self.state = .startTLS
                    return self.send("STARTTLS\r\n")
                }
            case .none, .implicit:
                break
            }
        }
        self.logIn()
    }

    private mutating func receivedSTARTTLSReply(_ reply: Reply) {
        if reply.code == 220 {
            // What follows in clear would be read as if it came over TLS.
            guard self.decoder.isEmpty else { return self.fail(.responseInjection) }
            self.state = .tlsHandshake
            self.actions.append(.startTLS)
            return
        }
        guard self.configuration.security == .opportunistic, reply.code != 421, !reply.isPositive, !reply.isIntermediate
        else { return self.refuse(reply) }
        self.logIn()
    }

    private mutating func logIn() {
        guard let credentials = self.configuration.credentials else { return self.becomeReady() }
        let offered = self.capabilities.authenticationMechanisms
        guard !offered.isEmpty else { return self.fail(.authenticationNotOffered) }
        let candidates = ClientMechanisms.ranked(
            offered: self.configuration.mechanism.map { pinned in offered.filter { $0 == pinned } } ?? offered,
            overTLS: self.isTLS,
            allowClearTextWithoutTLS: self.configuration.allowClearTextWithoutTLS,
            canBind: !self.channelBindings.isEmpty,
            // A password may be pinned to what else carries one; a token, ticket or certificate goes nowhere but where it belongs.
            kind: credentials.kind == .password
                ? self.configuration.mechanism?.credentialKind ?? .password : credentials.kind
        )
        var authentication = ClientAuthentication(
            credentials,
            offered: offered,
            candidates: candidates,
            channelBindings: self.channelBindings,
            hostname: self.configuration.serverName,
            nonce: self.configuration.nonce
        )
        let step = authentication.start()
        self.state = .authentication(authentication)
        self.act(on: step)
    }

    private mutating func act(on step: ClientAuthentication.Step) {
        switch step {
        case .send(let line, let shown):
            self.actions.append(.send(line))
            if self.configuration.recordsTranscript { self.transcript.append(TranscriptLine(.client, shown)) }
        case .succeeded:
            self.isAuthenticated = true
            self.becomeReady()
        case .failed(let reason):
            self.fail(reason)
        }
    }

    private mutating func act(on step: ClientTransactionMachine.Step) {
        switch step {
        case .awaitReply:
            return
        case .send(let octets):
            self.send(octets)
        case .sendContent(let framing):
            if case .chunk(let command) = framing { self.record(command) }
            self.actions.append(.sendContent(framing))
        case .end(let result, let afterwards):
            self.transaction = nil
            self.state = .ready
            self.actions.append(.transactionEnded(result))
            switch afterwards {
            case .reuse: self.needsReset = false
            case .reset: self.needsReset = true
            case .close: self.end(.closed)
            }
        case .violated:
            let isRefusal = self.lastReply.map { $0.isTransient || $0.isPermanent } ?? false
            self.fail(isRefusal ? .refused : .unexpectedReply)
        }
    }

    private mutating func becomeReady() {
        self.state = .ready
        self.actions.append(.established)
    }

    private mutating func refuse(_ reply: Reply) {
        self.fail(reply.isTransient || reply.isPermanent ? .refused : .unexpectedReply)
    }

    private mutating func fail(_ reason: ClientSessionFailure.Reason) {
        var serverError: String?
        if case .authentication(let authentication) = self.state { serverError = authentication.serverError }
        let failure = ClientSessionFailure(
            reason,
            stage: self.stage,
            isTLS: self.isTLS,
            reply: self.lastReply,
            bearerTokenError: serverError.flatMap { BearerTokenError(json: Array($0.utf8)) },
            outcomes: self.transaction?.outcomes ?? []
        )
        self.end(.failed(failure))
    }

    private mutating func end(_ action: Action) {
        self.state = .ended
        self.transaction = nil
        self.actions.append(action)
    }

    private mutating func send(_ text: String) {
        self.send(Array(text.utf8))
    }

    private mutating func send(_ octets: [UInt8]) {
        self.record(octets)
        self.actions.append(.send(octets))
    }
}

// MARK: Transcript

extension ClientSession {
    private mutating func note(_ text: String) {
        guard self.configuration.recordsTranscript else { return }
        self.transcript.append(TranscriptLine(.note, text))
    }

    private mutating func record(_ octets: [UInt8]) {
        guard self.configuration.recordsTranscript else { return }
        for line in octets.split(separator: 0x0A) {
            self.transcript.append(TranscriptLine(.client, String(decoding: line.prefix { $0 != 0x0D }, as: UTF8.self)))
        }
    }

    private mutating func record(_ reply: Reply) {
        guard self.configuration.recordsTranscript else { return }
        var isAuthentication = false
        if case .authentication = self.state { isAuthentication = true }
        let status = reply.enhanced.map { "\($0) " } ?? ""
        for (index, line) in reply.lines.enumerated() {
            let separator = index == reply.lines.count - 1 ? " " : "-"
            // Challenges, and data that came with a 235, would let a reader try passwords at leisure.
            let isMasked =
                isAuthentication && !line.isEmpty && (reply.code == 334 || (reply.code == 235 && Self.holdsData(line)))
            self.transcript.append(
                TranscriptLine(.server, "\(reply.code)\(separator)\(isMasked ? "\(status)****" : status + line)")
            )
        }
    }
    /// Whether a word looks like the final data of a mechanism.
    private static func holdsData(_ text: String) -> Bool {
        text.utf8.split(separator: ASCII.space).contains { $0.count >= 20 && Base64.decode($0) != nil }
    }
}
