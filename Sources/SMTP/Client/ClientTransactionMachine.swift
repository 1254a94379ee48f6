internal import MailSyntax

/// One transaction from MAIL FROM to the last reply: which command goes next, and what a reply means for whom.
struct ClientTransactionMachine: Sendable {
    /// What to do after an event.
    enum Step: Sendable {
        case awaitReply
        case send([UInt8])
        case sendContent(ContentFraming)
        case end(ClientTransactionResult, Afterwards)
        /// The reply has no meaning here.
        case violated
    }

    /// What the connection is good for afterwards.
    enum Afterwards: Sendable {
        case reuse
        /// Send RSET before the next MAIL FROM.
        case reset
        case close
    }

    private enum Phase: Sendable {
        case reset
        case mail
        case recipient(Int)
        case data
        /// DATA was pipelined and accepted though no recipient was: RFC 2920 §3.1 asks for a lone dot.
        case emptyData
        case content
        case contentReply(next: Int)
    }

    private let transaction: ClientTransaction
    private let capabilities: Capabilities
    private let mailProtocol: MailProtocol
    private let needsSMTPUTF8: Bool
    private let usesChunking: Bool
    private var phase: Phase
    private var isMailAccepted = false
    /// nil: accepted so far, or not yet answered.
    private(set) var outcomes: [RecipientOutcome?]

    init(
        _ transaction: ClientTransaction,
        to capabilities: Capabilities,
        over mailProtocol: MailProtocol,
        resetsFirst: Bool
    ) {
        self.transaction = transaction
        self.capabilities = capabilities
        self.mailProtocol = mailProtocol
        self.needsSMTPUTF8 =
            transaction.mail.isSMTPUTF8 || !transaction.mail.reversePath.isASCII
            || transaction.recipients.contains { !$0.forwardPath.isASCII }
        self.usesChunking = capabilities.isChunking && transaction.mail.size != nil
        self.phase = resetsFirst ? .reset : .mail
        self.outcomes = Array(repeating: nil, count: transaction.recipients.count)
    }

    var stage: ClientStage {
        switch self.phase {
        case .reset: .reset
        case .mail: .mail
        case .recipient: .recipient
        case .data, .emptyData: .data
        case .content, .contentReply: .content
        }
    }

    /// Whether the handler has been asked for content that it has not reported as sent.
    var isContentOutstanding: Bool {
        if case .content = self.phase { true } else { false }
    }

    /// Begins: the first commands, or the end at once when this server cannot take the message.
    mutating func start() -> Step {
        if let reason = self.unsendable() { return self.refuseAll(reason) }
        guard !self.outcomes.isEmpty else { return .end(ClientTransactionResult(outcomes: []), .reuse) }
        var octets: [UInt8] = []
        octets.reserveCapacity(96 * (self.outcomes.count + 1))
        self.appendMail(&octets)
        for recipient in self.transaction.recipients {
            ClientCommand.appendRecipient(recipient, to: self.capabilities, &octets)
        }
        guard ClientCommand.isClean(octets, lines: self.outcomes.count + 1) else {
            return self.refuseAll(.invalidEnvelope)
        }
        if self.capabilities.isPipelining {
            // Not BDAT, whose octets a server that has lost count would read as commands: it waits for a recipient.
            if !self.usesChunking { octets.append("DATA\r\n") }
            if case .reset = self.phase { octets.insert(contentsOf: "RSET\r\n".utf8, at: 0) }
            return .send(octets)
        }
        if case .reset = self.phase { return .send(Array("RSET\r\n".utf8)) }
        return self.sendMail()
    }

    /// The handler has given all of the content to the transport.
    mutating func contentSent() {
        if case .content = self.phase { self.phase = .contentReply(next: 0) }
    }

    mutating func received(_ reply: Reply) -> Step {
        if reply.code == 421 {
            // The server is closing (RFC 5321 §3.8); this is its answer for everybody undecided.
            if case .reset = self.phase { return .violated }
            self.refuseRest(self.stage, reply)
            return self.end(.close)
        }
        switch self.phase {
        case .reset:
            guard reply.isPositive else { return .violated }
            self.phase = .mail
            return self.capabilities.isPipelining ? .awaitReply : self.sendMail()
        case .mail:
            return self.receivedMailReply(reply)
        case .recipient(let index):
            return self.receivedRecipientReply(reply, index)
        case .data:
            return self.receivedDataReply(reply)
        case .emptyData:
            return self.end(.reset)
        case .content:
            // Before the end of the content there can only be a refusal; the rest of the content cannot be called back.
            guard reply.isTransient || reply.isPermanent else { return .violated }
            self.refuseRest(.content, reply)
            return self.end(.close)
        case .contentReply(let next):
            return self.receivedContentReply(reply, next)
        }
    }

    private mutating func receivedMailReply(_ reply: Reply) -> Step {
        guard !reply.isIntermediate else { return .violated }
        self.isMailAccepted = reply.isPositive
        if !reply.isPositive {
            self.refuseRest(.mail, reply)
            guard self.capabilities.isPipelining else { return self.end(.reuse) }
        }
        self.phase = .recipient(0)
        return self.capabilities.isPipelining ? .awaitReply : self.sendRecipient(0)
    }

    private mutating func receivedRecipientReply(_ reply: Reply, _ index: Int) -> Step {
        guard !reply.isIntermediate else { return .violated }
        if self.isMailAccepted, !reply.isPositive { self.outcomes[index] = .refused(.recipient, reply) }
        let next = index + 1
        if next < self.outcomes.count {
            self.phase = .recipient(next)
            return self.capabilities.isPipelining ? .awaitReply : self.sendRecipient(next)
        }
        let isAnyAccepted = self.outcomes.contains(nil)
        if self.usesChunking {
            guard isAnyAccepted else { return self.end(self.isMailAccepted ? .reset : .reuse) }
            self.phase = .content
            return .sendContent(.chunk(command: Array("BDAT \(self.transaction.mail.size ?? 0) LAST\r\n".utf8)))
        }
        if self.capabilities.isPipelining {
            self.phase = .data
            return .awaitReply
        }
        guard isAnyAccepted else { return self.end(.reset) }
        self.phase = .data
        return .send(Array("DATA\r\n".utf8))
    }

    private mutating func receivedDataReply(_ reply: Reply) -> Step {
        switch reply.code / 100 {
        case 3:
            if self.outcomes.contains(nil) {
                self.phase = .content
                return .sendContent(.dotStuffed)
            }
            // LMTP answers the dot with one reply for each accepted recipient: with none, so the count would be lost.
            guard self.mailProtocol == .smtp else { return self.end(.close) }
            self.phase = .emptyData
            return .send(Array(".\r\n".utf8))
        case 4, 5:
            self.refuseRest(.data, reply)
            return self.end(.reset)
        default:
            return .violated
        }
    }

    private mutating func receivedContentReply(_ reply: Reply, _ next: Int) -> Step {
        guard !reply.isIntermediate else { return .violated }
        let outcome: RecipientOutcome = reply.isPositive ? .accepted(reply) : .refused(.content, reply)
        guard self.mailProtocol == .lmtp else {
            for index in self.outcomes.indices where self.outcomes[index] == nil {
                self.outcomes[index] = outcome
            }
            // A refused DATA leaves nothing behind, a refused BDAT does (RFC 3030 §2).
            return self.end(self.usesChunking && !reply.isPositive ? .reset : .reuse)
        }
        // RFC 2033 §4.2, §4.3: one reply for each accepted recipient, in the order of the RCPT commands.
        guard let index = self.outcomes[next...].firstIndex(of: nil) else { return .violated }
        self.outcomes[index] = outcome
        guard self.outcomes[(index + 1)...].contains(nil) else { return self.end(.reset) }
        self.phase = .contentReply(next: index + 1)
        return .awaitReply
    }

    private func unsendable() -> UnsendableReason? {
        let mail = self.transaction.mail
        if case .octets(let maximum) = self.capabilities.size, let size = mail.size, size > maximum {
            return .tooLarge(maximumOctets: maximum)
        }
        if self.needsSMTPUTF8, !self.capabilities.isSMTPUTF8 { return .utf8NotOffered }
        if mail.body == .eightBitMIME, !self.capabilities.isEightBitMIME { return .eightBitNotOffered }
        return nil
    }

    private mutating func refuseAll(_ reason: UnsendableReason) -> Step {
        self.refuseRest(.beforeSending, reason.reply)
        // Nothing was sent, so what was to be reset still is.
        let afterwards: Afterwards = if case .reset = self.phase { .reset } else { .reuse }
        return .end(ClientTransactionResult(outcomes: self.outcomes.compactMap { $0 }, unsendable: reason), afterwards)
    }

    private mutating func refuseRest(_ stage: ClientStage, _ reply: Reply) {
        for index in self.outcomes.indices where self.outcomes[index] == nil {
            self.outcomes[index] = .refused(stage, reply)
        }
    }

    private func end(_ afterwards: Afterwards) -> Step {
        .end(ClientTransactionResult(outcomes: self.outcomes.compactMap { $0 }), afterwards)
    }

    private func appendMail(_ octets: inout [UInt8]) {
        ClientCommand.appendMail(
            self.transaction.mail,
            needsSMTPUTF8: self.needsSMTPUTF8,
            to: self.capabilities,
            &octets
        )
    }

    private func sendMail() -> Step {
        var octets: [UInt8] = []
        self.appendMail(&octets)
        return .send(octets)
    }

    private func sendRecipient(_ index: Int) -> Step {
        var octets: [UInt8] = []
        ClientCommand.appendRecipient(self.transaction.recipients[index], to: self.capabilities, &octets)
        return .send(octets)
    }
}
