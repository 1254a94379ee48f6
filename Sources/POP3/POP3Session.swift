internal import MailSyntax
public import SASL
internal import SMTP

/// The server side of one POP3 session: octets in, actions out (RFC 1939, 2449, 2595, 5034).
///
/// A value without I/O, clock or randomness. Its owner calls ``receive(_:seed:)`` with all unconsumed input again and again until the
/// action is ``POP3Action/waitForInput``, and does what each action says.
///
///     S: +OK mail.example.org
///     C: AUTH PLAIN AHRpbQB0YW5zdGFhZg==
///     S: +OK Logged in, 2 messages
///     C: STAT
///     S: +OK 2 320
public struct POP3Session: Sendable {
    enum State: Sendable {
        /// A command is due, before the login or after it. → any
        case command
        /// A challenge was sent: a response or `*` is due. → `command`, `asking`
        case exchange
        /// A question is with the service; input waits. → any
        case asking(Question)
        /// `+OK` to STLS was sent; the handshake is due. → `command`
        case startingTLS
        /// Terminal.
        case closed
    }

    enum Question: Sendable {
        case authentication
        case authenticationEnded(isMalformed: Bool)
        case content
        case update
    }

    /// Fresh randomness and the time, asked for when an exchange begins.
    public struct ExchangeSeed: Sendable {
        /// At least 18 octets that nobody can guess.
        public var nonce: [UInt8]
        public var secondsSince1970: Int64

        public init(nonce: [UInt8], secondsSince1970: Int64) {
            self.nonce = nonce
            self.secondsSince1970 = secondsSince1970
        }
    }

    /// Octets of a line with its CRLF: a response of RFC 5034 §4 is as long as one of SMTP.
    public static let maximumLineOctets = 12_288

    let configuration: POP3SessionConfiguration
    var state = State.command
    private var lines = LineDecoder(maximumLineOctets: Self.maximumLineOctets - 2)
    /// TLS is active.
    public internal(set) var isTLS: Bool
    var channelBindings = ChannelBindings.none
    var hasClientCertificate = false
    /// What USER said.
    var userName: [UInt8]?
    var mechanism: (any ServerMechanism)?
    /// Of the exchange under way, or of the last one; `LOGIN` stands for USER and PASS.
    public internal(set) var mechanismName: MechanismName?
    var authenticationNotice: AuthenticationNotice?
    var authenticationFailures = 0
    private var badCommands = 0
    /// nil before the login.
    var maildrop: Maildrop?
    /// Numbers from 1.
    var deleted: Set<Int> = []

    public init(configuration: POP3SessionConfiguration) {
        self.configuration = configuration
        self.isTLS = configuration.security == .implicit
    }

    /// Somebody is logged in.
    public var isLoggedIn: Bool { self.maildrop != nil }

    /// A question is open: time-outs are the service's, not the client's.
    public var isAsking: Bool {
        if case .asking = self.state { return true }
        return false
    }

    /// The connection is open: the greeting. Without a timestamp, since APOP is not offered: it needs the password in clear text.
    public func connected() -> POP3Action {
        .send(POP3Reply.ok("\(self.configuration.hostname) Gatepost").octets)
    }

    /// The TLS handshake is done: what was said before is forgotten (RFC 2595 §4).
    public mutating func tlsStarted(channelBindings: ChannelBindings = .none, hasClientCertificate: Bool = false) {
        self.isTLS = true
        self.channelBindings = channelBindings
        self.hasClientCertificate = hasClientCertificate
        self.userName = nil
        self.mechanism = nil
        self.mechanismName = nil
        self.state = .command
    }

    /// Ends the session from the server's side: time-out or shutdown. Nothing is deleted (RFC 1939 §3).
    public mutating func end(with reply: POP3Reply) -> POP3Action {
        self.state = .closed
        return .close(reply.octets)
    }

    /// Takes the next step.
    ///
    /// - Parameters:
    ///   - input: All octets received and not consumed.
    ///   - seed: Called at most once, when an exchange begins.
    /// - Returns: How many octets are done with, and what to do. Give the rest again after doing it.
    public mutating func receive(
        _ input: UnsafeRawBufferPointer,
        seed: () -> ExchangeSeed
    ) -> (consumed: Int, action: POP3Action) {
        switch self.state {
        case .asking, .startingTLS, .closed: return (0, .waitForInput)
        case .command, .exchange: break
        }
        switch self.lines.next(in: input) {
        case .line(let length):
            let line = UnsafeRawBufferPointer(rebasing: input[..<length])
            if case .exchange = self.state { return (length + 2, self.receivedResponse(line)) }
            // What a client sends on behind STLS came from whoever was in between (CVE-2021-33515): never taken for its words over TLS.
            return (length + 2, self.received(line, hasMoreInput: input.count > length + 2, seed: seed))
        case .needMore(let consumed):
            return (consumed, .waitForInput)
        case .tooLong(let consumed):
            self.authenticationNotice = self.noticeAtEnd.map {
                AuthenticationNotice(mechanism: $0.mechanism, cause: .malformed)
            }
            self.mechanism = nil
            self.state = .command
            return (consumed, self.refuse(.lineTooLong))
        case .bareLineEnding:
            self.state = .closed
            return (input.count, .close(POP3Reply.error("A line ends with CRLF").octets))
        }
    }

    /// Takes the service's answer to the open question. An answer of another kind than the question is trouble of the server's.
    public mutating func receive(_ answer: POP3Answer) -> POP3Action {
        guard case .asking(let question) = self.state else { return .waitForInput }
        if case .closed(let reply) = answer { return self.end(with: reply) }
        self.state = .command
        switch question {
        case .authentication:
            return self.receivedAuthenticationAnswer(answer)
        case .authenticationEnded(let isMalformed):
            return self.receivedVerdict(answer, isMalformed: isMalformed)
        case .content:
            switch answer {
            case .done: return .send([])
            case .refused(let reply): return .send(reply.octets)
            default: return .send(POP3Reply.unavailable.octets)
            }
        case .update:
            self.state = .closed
            switch answer {
            case .done: return .close(POP3Reply.ok("Bye").octets)
            case .refused(let reply): return .close(reply.octets)
            default: return .close(POP3Reply.error("Some messages were not removed", .temporary).octets)
            }
        }
    }

    mutating func ask(_ request: POP3Request, _ question: Question) -> POP3Action {
        self.state = .asking(question)
        return .ask(request)
    }

    mutating func refuse(_ reply: POP3Reply) -> POP3Action {
        self.badCommands += 1
        guard self.badCommands < self.configuration.maximumBadCommands else {
            return self.end(with: .error("Too many refused commands"))
        }
        return .send(reply.octets)
    }

    private mutating func received(
        _ line: UnsafeRawBufferPointer,
        hasMoreInput: Bool,
        seed: () -> ExchangeSeed
    ) -> POP3Action {
        let command: POP3Command
        switch POP3Command.parse(line) {
        case .success(let parsed): command = parsed
        case .failure(let error): return self.refuse(.error(error.description))
        }
        switch (command, self.maildrop) {
        case (.quit, nil):
            return self.end(with: .ok("Bye"))
        case (.capabilities, _):
            return .send(self.capabilities)
        case (.startTLS, nil):
            guard self.configuration.security == .startTLS, !self.isTLS else { return self.refuse(.badSequence) }
            guard !hasMoreInput else { return self.end(with: .error("Nothing may follow STLS before TLS is up")) }
            self.state = .startingTLS
            return .startTLS(POP3Reply.ok("Begin TLS").octets)
        case (.user(let name), nil):
            return self.receivedUser(name)
        case (.pass(let password), nil):
            return self.receivedPass(password, seed: seed)
        case (.auth(let name, let response), nil):
            return self.receivedAuth(name, initialResponse: response, seed: seed)
        case (_, nil), (.startTLS, _), (.user, _), (.pass, _), (.auth, _):
            return self.refuse(.badSequence)
        case (_, let maildrop?):
            return self.receivedTransaction(command, maildrop)
        }
    }

    /// RFC 2449 §5.
    private var capabilities: [UInt8] {
        var lines = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "IMPLEMENTATION Gatepost"]
        if self.maildrop == nil {
            let offered = self.offeredMechanisms
            if !offered.isEmpty { lines.append("SASL \(offered.map(\.description).joined(separator: " "))") }
            if self.offersUserPass { lines.append("USER") }
            if self.configuration.security == .startTLS, !self.isTLS { lines.append("STLS") }
        }
        return POP3Session.multiline("Capability list follows", lines)
    }

    static func multiline(_ text: String, _ lines: [String]) -> [UInt8] {
        Array(([POP3Reply.ok(text).description] + lines + ["."]).map { $0 + "\r\n" }.joined().utf8)
    }
}
