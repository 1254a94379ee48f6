internal import MailSyntax
internal import SASL

extension ServerSession {
    mutating func receivedCommand(
        _ line: UnsafeRawBufferPointer,
        hasMoreInput: Bool,
        seed: () -> ExchangeSeed
    ) -> ServerAction {
        let command: Command
        do {
            command = try Command(parsing: line)
        } catch {
            return self.receivedUnparsable(error)
        }
        if line.count > self.configuration.maximumCommandOctets {
            guard case .auth = command else { return self.refuseCommand(.commandTooLong) }
        }
        if case .bdat = command {} else { self.refusesChunks = false }
        switch command {
        case .ehlo(let name): return self.receivedGreeting(name, isExtended: true)
        case .helo(let name): return self.receivedGreeting(name, isExtended: false)
        case .startTLS: return self.receivedStartTLS(hasMoreInput: hasMoreInput)
        case .auth(let mechanism, let response):
            return self.receivedAuth(mechanism, initialResponse: response, seed: seed)
        case .noop: return self.decline(.ok)
        case .help: return self.decline(.help)
        case .rset: return self.resetTransaction(.ok)
        case .quit:
            self.state = .closed
            return .close(Reply(221, .init(2, 0, 0), "\(self.configuration.hostname) closing connection"))
        case .mail(let parameters): return self.receivedMail(parameters)
        case .rcpt(let parameters): return self.receivedRecipient(parameters)
        case .data: return self.receivedData()
        case .bdat(let size, let isLast): return self.receivedChunk(size: size, isLast: isLast)
        case .vrfy:
            return self.decline(self.refusalBeforeMail() ?? .cannotVerify)
        case .xclient(let arguments): return self.receivedForwarding(arguments)
        case .expn:
            return self.refuseCommand(.notImplemented)
        }
    }

    private mutating func receivedUnparsable(_ error: CommandSyntaxError) -> ServerAction {
        switch error {
        case .crossProtocol:
            self.state = .closed
            return .close(.crossProtocol)
        case .unknownCommand: return self.refuseCommand(.unknownCommand)
        case .controlOctet: return self.refuseCommand(.controlOctet)
        case .badChunkSize:
            self.state = .closed
            return .close(.badChunkSize)
        case .badArguments(let what): return self.refuseCommand(Reply(501, .init(5, 5, 4), "Syntax: \(what)"))
        case .badReversePath(let what):
            return self.refuseCommand(Reply(501, .init(5, 1, 7), "Bad reverse-path: \(what)"))
        case .badForwardPath(let what):
            return self.refuseCommand(Reply(501, .init(5, 1, 3), "Bad forward-path: \(what)"))
        case .unsupportedParameter(let keyword):
            return self.refuseCommand(Reply(555, .init(5, 5, 4), "Parameter \(keyword) is not supported"))
        }
    }

    private mutating func receivedGreeting(_ name: String, isExtended: Bool) -> ServerAction {
        self.clientName = name
        self.isExtended = isExtended
        guard isExtended else {
            return self.resetTransaction(Reply(250, nil, self.configuration.hostname))
        }
        return self.resetTransaction(Reply(code: 250, enhanced: nil, lines: self.capabilityLines()))
    }

    /// EHLO's answer, always in the same order.
    private func capabilityLines() -> [String] {
        var lines = [
            self.configuration.hostname,
            "PIPELINING",
            "SIZE \(self.configuration.maximumMessageOctets)",
        ]
        if self.configuration.security == .startTLS, !self.isTLS { lines.append("STARTTLS") }
        let mechanisms = self.offeredMechanisms
        if !mechanisms.isEmpty {
            lines.append("AUTH " + mechanisms.map(\.description).joined(separator: " "))
        }
        lines += ["ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN"]
        if self.trustsForwarding {
            lines.append("XCLIENT " + ForwardedClient.attributes.joined(separator: " "))
        }
        lines.append("LIMITS RCPTMAX=\(self.configuration.maximumRecipients)")
        return lines
    }

    /// Ends an open transaction (RFC 5321 §4.1.1.5) and replies.
    private mutating func resetTransaction(_ reply: Reply) -> ServerAction {
        let hadMessage = self.message.isOpen
        self.transaction = nil
        self.resetMessage()
        let action = self.decline(reply)
        guard hadMessage, case .reply(let reply) = action else { return action }
        return .abandonMessage(reply)
    }

    private mutating func receivedForwarding(_ arguments: [UInt8]) -> ServerAction {
        // To anybody else it is no command at all.
        guard self.trustsForwarding else { return self.refuseCommand(.unknownCommand) }
        guard self.transaction == nil else { return self.refuseCommand(.nestedMail) }
        do {
            let client = try ForwardedClient(parsing: arguments)
            self.state = .forwarding
            return .becomeClient(client)
        } catch {
            return self.receivedUnparsable(error)
        }
    }

    /// The peer's client may have the session, or is refused: after ``ServerAction/becomeClient(_:)``.
    ///
    /// All that was said before is forgotten, but that the peer may name another client.
    public mutating func receive(forwarded refusal: Reply?) -> ServerAction {
        guard case .forwarding = self.state else { return .waitForInput }
        if let refusal {
            self.state = .closed
            return .close(refusal)
        }
        self.forget()
        self.authenticationFailures = 0
        return self.connected()
    }

    private mutating func receivedStartTLS(hasMoreInput: Bool) -> ServerAction {
        guard self.configuration.security != .none else { return self.refuseCommand(.tlsNotOffered) }
        guard !self.isTLS else { return self.refuseCommand(.tlsActive) }
        guard self.transaction == nil else { return self.refuseCommand(.nestedMail) }
        // What stands behind STARTTLS in the clear could be an attacker's, to be taken as said under TLS (CVE-2011-0411).
        guard !hasMoreInput else {
            self.state = .closed
            return .close(.inputBehindStartTLS)
        }
        self.state = .startingTLS
        return .startTLS(.readyToStartTLS)
    }

    /// Why mail commands are not allowed yet; nil when they are.
    private func refusalBeforeMail() -> Reply? {
        if self.configuration.service == .submission, self.account == nil {
            if self.configuration.security == .startTLS, !self.isTLS { return .startTLSRequired }
            // Who asks the service here goes on only where it said yes to MAIL.
            if !self.configuration.authorizesByAddress { return .authenticationRequired }
        }
        return self.clientName == nil ? .sendGreetingFirst : nil
    }

    private mutating func receivedMail(_ parameters: MailParameters) -> ServerAction {
        if let refusal = self.refusalBeforeMail() { return self.decline(refusal) }
        guard self.transaction == nil else { return self.refuseCommand(.nestedMail) }
        if let size = parameters.size, size > self.configuration.maximumMessageOctets {
            return self.decline(.messageTooLarge(self.configuration.maximumMessageOctets))
        }
        return self.ask(.mail(parameters), .mail(parameters))
    }

    private mutating func receivedRecipient(_ parameters: RecipientParameters) -> ServerAction {
        if let refusal = self.refusalBeforeMail() { return self.decline(refusal) }
        guard let transaction = self.transaction else { return self.refuseCommand(.needMailFirst) }
        guard !self.message.isOpen else { return self.refuseCommand(.nestedMail) }
        guard transaction.recipients.count < self.configuration.maximumRecipients else {
            return .reply(.tooManyRecipients)
        }
        if case .mailbox(let mailbox) = parameters.forwardPath, !mailbox.isASCII, !transaction.mail.isSMTPUTF8 {
            return self.decline(Reply(553, .init(5, 6, 7), "A non-ASCII recipient needs SMTPUTF8 at MAIL"))
        }
        return self.ask(.recipient(parameters), .recipient(parameters))
    }

    private mutating func receivedData() -> ServerAction {
        if let refusal = self.refusalBeforeMail() { return self.decline(refusal) }
        guard let transaction = self.transaction else { return self.refuseCommand(.needMailFirst) }
        guard !self.message.isOpen else { return self.refuseCommand(.dataWithinChunks) }
        guard !transaction.recipients.isEmpty else { return self.decline(.noValidRecipients) }
        return self.ask(.message(transaction), .data)
    }

    /// Whether a chunk that is refused may be read to its end: nobody sends more than a message by mistake, and it would be read for hours.
    private func mayDrop(_ size: Int) -> Bool { size <= self.configuration.maximumMessageOctets }

    private mutating func receivedChunk(size: Int, isLast: Bool) -> ServerAction {
        if self.refusesChunks {
            guard self.mayDrop(size) else { return self.end(with: .chunkAfterRefusal) }
            self.junkCommands += 1
            self.message = MessageProgress(framing: .counted)
            self.message.refusal = .chunkAfterRefusal
            self.state = .chunk(remaining: size, isLast: isLast)
            return .waitForInput
        }
        let refusal: Reply?
        if let early = self.refusalBeforeMail() {
            refusal = early
        } else if let transaction = self.transaction {
            refusal = transaction.recipients.isEmpty ? .noValidRecipients : nil
        } else {
            refusal = .needMailFirst
        }
        if let refusal {
            guard self.mayDrop(size) else { return self.end(with: refusal) }
            // The octets follow whatever we say, so they are read and dropped, then comes the reply (RFC 3030 §2).
            self.message = MessageProgress(framing: .counted)
            self.message.refusal = refusal
            self.badCommands += 1
            self.state = .chunk(remaining: size, isLast: isLast)
            return .waitForInput
        }
        // An empty chunk that is not the last brings nothing forward.
        if size == 0, !isLast { self.junkCommands += 1 }
        if self.message.isOpen {
            self.state = .chunk(remaining: size, isLast: isLast)
            return .waitForInput
        }
        guard let transaction = self.transaction else { return self.refuseCommand(.needMailFirst) }
        return self.ask(.message(transaction), .chunk(size: size, isLast: isLast))
    }
}
