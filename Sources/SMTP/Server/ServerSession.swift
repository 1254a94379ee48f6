internal import MailSyntax
public import SASL

/// The server side of one SMTP session: octets in, actions out (RFC 5321, 6409, 4954, 3207, 3030).
///
/// A value without I/O, clock or randomness. Its owner calls ``receive(_:seed:)`` with all unconsumed input again and again until the
/// action is ``ServerAction/waitForInput``, and does what each action says.
///
///     S: 220 mail.example.org ESMTP Gatepost
///     C: EHLO client.example
///     S: 250-mail.example.org
///     S: 250-PIPELINING …
public struct ServerSession: Sendable {
    /// Where the session is. Each state says what may come next.
    enum State: Sendable {
        /// A command line is due.
        case command
        /// A `334` was sent: a response or `*` is due. → `command`, `asking`
        case exchange
        /// A question is with the service; input waits. → any
        case asking(Question)
        /// Mail data after `354`. → `dataEnded`
        case data
        /// `<CRLF>.<CRLF>` was read, its content handed out. → `asking`, `command`
        case dataEnded
        /// Octets of a BDAT chunk. → `command`, `asking`
        case chunk(remaining: Int, isLast: Bool)
        /// `220` was sent; the TLS handshake is due. → `command`
        case startingTLS
        /// Terminal.
        case closed
    }

    /// The open question, with what its answer needs.
    enum Question: Sendable {
        case authentication
        case authenticationEnded(isMalformed: Bool)
        case mail(MailParameters)
        case recipient(RecipientParameters)
        case data
        case chunk(size: Int, isLast: Bool)
        case endOfMessage
    }

    /// Fresh randomness and the time, asked for when an AUTH exchange begins.
    public struct ExchangeSeed: Sendable {
        /// At least 18 octets that nobody can guess.
        public var nonce: [UInt8]
        public var secondsSince1970: Int64

        public init(nonce: [UInt8], secondsSince1970: Int64) {
            self.nonce = nonce
            self.secondsSince1970 = secondsSince1970
        }
    }

    /// What a TLS handshake brought.
    public struct TLSFacts: Sendable {
        /// What -PLUS mechanisms can bind to; without any they are not offered.
        public var channelBindings: ChannelBindings
        /// A client certificate was shown and verified: EXTERNAL is offered.
        public var hasClientCertificate: Bool

        public init(channelBindings: ChannelBindings = .none, hasClientCertificate: Bool = false) {
            self.channelBindings = channelBindings
            self.hasClientCertificate = hasClientCertificate
        }
    }

    let configuration: ServerSessionConfiguration
    var state = State.command
    var lines: LineDecoder
    /// TLS is active.
    public internal(set) var isTLS: Bool
    var tlsFacts = TLSFacts()
    /// The name given with EHLO or HELO; nil before.
    public internal(set) var clientName: String?
    /// EHLO, not HELO.
    public internal(set) var isExtended = false
    /// The account that logged in.
    public internal(set) var account: String?
    /// The mechanism of the exchange under way, or of the one that succeeded.
    public internal(set) var mechanismName: MechanismName?
    var mechanism: (any ServerMechanism)?
    var authenticationFailures = 0
    var badCommands = 0
    var junkCommands = 0
    /// A chunk was refused before `LAST`: those that the client had sent on already are read and dropped too (RFC 3030 §2).
    var refusesChunks = false
    var transaction: MailTransaction?
    var message = MessageProgress()
    /// After ``ServerAction/content``: the ranges of that input which are mail data.
    public internal(set) var kept: [Range<Int>] = []

    public init(configuration: ServerSessionConfiguration) {
        self.configuration = configuration
        self.isTLS = configuration.security == .implicit
        self.lines = LineDecoder(maximumLineOctets: ServerSessionConfiguration.maximumAuthenticationLineOctets - 2)
    }

    /// The keyword that `Received` shows for this session (RFC 3848).
    public var protocolKeyword: String {
        guard self.isExtended else { return "SMTP" }
        return "ESMTP" + (self.isTLS ? "S" : "") + (self.account == nil ? "" : "A")
    }

    /// No transaction, exchange or question is under way: a shutdown may close the session now.
    public var isIdle: Bool {
        if case .command = self.state { return self.transaction == nil }
        return false
    }

    /// Mail data is being read: the longer data time-out applies.
    public var isReadingData: Bool {
        switch self.state {
        case .data, .dataEnded, .chunk: true
        default: false
        }
    }

    /// A question is open: time-outs are the service's, not the client's.
    public var isAsking: Bool {
        if case .asking = self.state { return true }
        return false
    }

    /// The connection is open: the greeting.
    public func connected() -> ServerAction {
        .reply(Reply(220, nil, "\(self.configuration.hostname) ESMTP Gatepost"))
    }

    /// The TLS handshake is done: all that was said before is forgotten (RFC 3207 §4.2).
    ///
    /// - Parameter facts: What the handshake brought that mechanisms can use.
    public mutating func tlsStarted(_ facts: TLSFacts = TLSFacts()) {
        self.isTLS = true
        self.tlsFacts = facts
        self.clientName = nil
        self.isExtended = false
        self.account = nil
        self.mechanism = nil
        self.mechanismName = nil
        self.transaction = nil
        self.resetMessage()
        self.state = .command
    }

    /// Ends the session from the server's side: time-out or shutdown.
    public mutating func end(with reply: Reply) -> ServerAction {
        self.state = .closed
        return .close(reply)
    }

    /// Takes the next step.
    ///
    /// - Parameters:
    ///   - input: All octets received and not consumed.
    ///   - seed: Called at most once, when an AUTH exchange begins.
    /// - Returns: How many octets are done with, and what to do. Give the rest again after doing it.
    public mutating func receive(
        _ input: UnsafeRawBufferPointer,
        seed: () -> ExchangeSeed
    ) -> (consumed: Int, action: ServerAction) {
        switch self.state {
        case .command:
            return self.receiveLine(input) { $0.receivedCommand($1, hasMoreInput: $2, seed: seed) }
        case .exchange:
            return self.receiveLine(input) { session, line, _ in session.receivedResponse(line) }
        case .data, .dataEnded, .chunk:
            return self.receiveMailData(input)
        case .asking, .startingTLS, .closed:
            return (0, .waitForInput)
        }
    }

    private mutating func receiveLine(
        _ input: UnsafeRawBufferPointer,
        handle: (inout ServerSession, UnsafeRawBufferPointer, Bool) -> ServerAction
    ) -> (consumed: Int, action: ServerAction) {
        switch self.lines.next(in: input) {
        case .line(let length):
            let line = UnsafeRawBufferPointer(rebasing: input[..<length])
            return (length + 2, handle(&self, line, input.count > length + 2))
        case .needMore(let consumed):
            return (consumed, .waitForInput)
        case .tooLong(let consumed):
            self.mechanism = nil
            self.state = .command
            return (consumed, self.refuseCommand(.authenticationLineTooLong))
        case .bareLineEnding:
            self.state = .closed
            return (input.count, .close(.bareLineEnding))
        }
    }

    /// Takes the service's answer to the open question. An answer of another kind than the question ends the session.
    public mutating func receive(_ answer: SessionAnswer) -> ServerAction {
        guard case .asking(let question) = self.state else { return .waitForInput }
        if case .closed(let reply) = answer {
            self.state = .closed
            return .close(reply)
        }
        self.state = .command
        switch question {
        case .authentication:
            return self.receivedAuthenticationAnswer(answer)
        case .authenticationEnded(let isMalformed):
            return self.receivedAuthenticationVerdict(answer, isMalformed: isMalformed)
        case .mail(let parameters):
            switch answer {
            case .accepted:
                self.transaction = MailTransaction(mail: parameters)
                return .reply(.senderOk)
            case .refused(let reply): return self.decline(reply)
            default: return self.answerOfWrongKind()
            }
        case .recipient(let parameters):
            switch answer {
            case .accepted:
                self.transaction?.recipients.append(parameters)
                return .reply(.recipientOk)
            case .refused(let reply): return self.decline(reply)
            default: return self.answerOfWrongKind()
            }
        case .data:
            switch answer {
            case .accepted:
                self.message = MessageProgress(framing: .dotTerminated)
                self.state = .data
                return .reply(.startMailInput)
            case .refused(let reply):
                self.transaction = nil
                return self.decline(reply)
            default: return self.answerOfWrongKind()
            }
        case .chunk(let size, let isLast):
            self.message = MessageProgress(framing: .counted)
            switch answer {
            case .accepted: break
            // A refused chunk is read all the same, or its octets would be taken for commands (RFC 3030 §2).
            case .refused(let reply): self.message.refusal = reply
            default: return self.answerOfWrongKind()
            }
            self.state = .chunk(remaining: size, isLast: isLast)
            return .waitForInput
        case .endOfMessage:
            self.transaction = nil
            self.resetMessage()
            switch answer {
            case .queued(let identifier):
                self.junkCommands = 0
                return .reply(.queued(identifier))
            case .refused(let reply): return .reply(reply)
            default: return .reply(Reply(451, .init(4, 3, 0), "The message could not be kept; try again"))
            }
        }
    }

    /// Our own fault: going on would be to guess what the service meant.
    private mutating func answerOfWrongKind() -> ServerAction {
        self.state = .closed
        return .close(.internalError)
    }

    /// No message is under way any more; what its ranges took up is given back, since idle sessions are many.
    mutating func resetMessage() {
        self.message = MessageProgress()
        self.kept = []
    }

    mutating func ask(_ request: SessionRequest, _ question: Question) -> ServerAction {
        self.state = .asking(question)
        return .ask(request)
    }

    /// Replies to a well-formed command that brings no message forward; too many of them end the session.
    mutating func decline(_ reply: Reply) -> ServerAction {
        self.junkCommands += 1
        guard self.junkCommands <= self.configuration.maximumJunkCommands else {
            self.state = .closed
            return .close(.junkCommands)
        }
        return .reply(reply)
    }

    /// Refuses a command for its form or place; too many of them end the session.
    mutating func refuseCommand(_ reply: Reply) -> ServerAction {
        self.badCommands += 1
        guard self.badCommands <= self.configuration.maximumBadCommands else {
            self.state = .closed
            return .close(.tooManyBadCommands)
        }
        return .reply(reply)
    }
}
