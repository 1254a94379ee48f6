internal import GatepostDelivery
internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import Milter
internal import NIOCore
internal import SMTP

/// One filter during one SMTP session: a connection, made for the first message and kept for the next ones.
///
/// A filter that fails is answered for by `onFailure` until the message is over; the next one is tried over a new connection.
actor MilterConversation {
    /// Octets that are gathered while the filter answers nothing.
    private static let pendingOctets = 64 * 1024

    nonisolated let filter: Configuration.Milter
    private let context: MilterContext
    private let client: MilterClientFacts
    private var session = MilterSession()
    private var connection: MilterConnection?
    /// What was told at HELO, so that it is told again when it changes.
    private var greeted: String?
    /// Written, but not sent yet.
    private var pending: [UInt8] = []
    /// Settled for the message under way, since the filter failed.
    private var failed: MilterVerdict?

    init(_ filter: Configuration.Milter, context: MilterContext, client: MilterClientFacts) {
        self.filter = filter
        self.context = context
        self.client = client
    }

    // MARK: Envelope

    /// Begins a message; gives up the last one where it did not come to its end.
    func begin(_ sender: MilterSender) async -> MilterVerdict {
        self.failed = nil
        return await self.guarded {
            let isReused = self.connection != nil
            do {
                return try await self.start(sender)
            } catch MilterConnection.Fault.ended where isReused {
                // Filters close connections that were idle for long.
                self.connection?.close()
                self.connection = nil
                return try await self.start(sender)
            }
        }
    }

    private func start(_ sender: MilterSender) async throws -> MilterVerdict {
        try await self.open(sender)
        self.setMacros(of: sender)
        return try await self.tell(
            .mail(sender.mail.reversePath, parameters: sender.mail.words),
            within: self.filter.timeouts.command
        )
    }

    func recipient(_ recipient: RecipientParameters) async -> MilterVerdict {
        await self.guarded {
            let mailbox = recipient.forwardPath.mailbox
            self.session.macros["rcpt_addr"] = "\(recipient.forwardPath)"
            self.session.macros["rcpt_host"] = mailbox.map { "\($0.domain)" }
            self.session.macros["rcpt_mailer"] = "smtp"
            return try await self.tell(
                .recipient(recipient.forwardPath, parameters: recipient.words),
                within: self.filter.timeouts.command
            )
        }
    }

    func data(_ identifier: MessageIdentifier) async -> MilterVerdict {
        await self.guarded {
            self.session.macros["i"] = "\(identifier)"
            return try await self.tell(.data, within: self.filter.timeouts.command)
        }
    }

    /// Ends the SMTP session.
    func close() {
        guard let connection = self.connection else { return }
        self.connection = nil
        connection.close(saying: self.session.quit())
    }

    // MARK: Content

    /// Shows the filter the message as it is now.
    ///
    /// - Returns: Its verdict, and the message with its changes.
    /// - Throws: Our own trouble, with disk or store.
    func content(_ given: MilterMessage) async throws -> (MilterVerdict, MilterMessage) {
        var replaced = ArrivingContent(identifier: self.context.identifier())
        var message = given
        do {
            let verdict = try await self.guardedContent(given, &replaced)
            guard verdict.isPositive, self.failed == nil else {
                try await replaced.discardFile()
                return (verdict, message)
            }
            let modifications = self.session.modifications
            message.apply(modifications, of: self.filter)
            if modifications.replacesBody {
                if replaced.endsInFile { try await replaced.write(replaced.takeBuffer(), to: self.context.spool) }
                message.body = try await replaced.finish()
                message.bodies.append(replaced)
            }
            return (verdict, message)
        } catch {
            try await replaced.discardFile()
            throw error
        }
    }

    private func guardedContent(
        _ message: MilterMessage,
        _ replaced: inout ArrivingContent
    ) async throws -> MilterVerdict {
        if let failed = self.failed { return failed }
        do {
            return try await self.show(message, &replaced)
        } catch let error as MilterFailure {
            return self.fail(error)
        } catch let error as MilterConnection.Fault {
            return self.fail(error)
        }
    }

    private func show(_ message: MilterMessage, _ replaced: inout ArrivingContent) async throws -> MilterVerdict {
        let timeouts = self.filter.timeouts
        for field in message.header.fields(hasLeadingSpace: self.session.hasLeadingSpace) {
            let verdict = try await self.tell(.header(field), within: timeouts.content)
            if verdict != .proceed { return verdict }
        }
        var verdict = try await self.tell(.endOfHeaders, within: timeouts.content)
        if verdict != .proceed { return verdict }
        if self.session.wantsBody {
            verdict = try await self.show(body: message.body)
            if verdict != .proceed { return verdict }
        }
        switch try self.session.tell(.endOfMessage) {
        case .settled(let settled): verdict = settled
        case .send(let octets), .ask(let octets):
            self.pending += octets
            verdict = try await self.answer(
                within: timeouts.endOfMessage,
                longest: timeouts.longest,
                body: &replaced
            )
        }
        self.context.counters.add(.messages, self.filter.name)
        return verdict
    }

    private func show(body: MessageContent) async throws -> MilterVerdict {
        let chunks = try await self.context.contents.chunks(of: body)
        defer { chunks.close() }
        while self.session.wantsBody, var chunk = try await chunks.chunk() {
            while self.session.wantsBody, chunk.readableBytes > 0 {
                let count = min(chunk.readableBytes, self.session.maximumBodyOctets)
                let piece = chunk.readBytes(length: count) ?? []
                let verdict = try await self.tell(.body(piece), within: self.filter.timeouts.content)
                if verdict != .proceed { return verdict }
            }
        }
        return .proceed
    }

    // MARK: Connection

    private func open(_ sender: MilterSender) async throws {
        let timeout = self.filter.timeouts.connect
        if self.connection != nil {
            if let octets = try self.session.abort() { self.pending += octets }
        } else {
            self.session = MilterSession(limits: self.context.limits)
            self.pending = []
            self.greeted = nil
            self.connection = try await MilterConnection.connect(
                to: self.filter.socket,
                timeout: timeout,
                limits: self.context.limits,
                group: self.context.group
            )
            self.pending = try self.session.start()
            _ = try await self.answer(within: timeout)
            self.setMacros(of: sender)
            // What it says here, and to HELO, the session remembers: it answers MAIL.
            let peer = MilterSession.Event.connect(
                name: sender.clientName ?? self.client.name,
                self.client.peer
            )
            _ = try await self.tell(peer, within: self.filter.timeouts.command)
        }
        let greeting = "\(sender.helo) \(sender.tlsVersion ?? "")"
        if self.greeted != greeting {
            self.greeted = greeting
            self.setMacros(of: sender)
            _ = try await self.tell(.helo(sender.helo), within: self.filter.timeouts.command)
        }
    }

    private func setMacros(of sender: MilterSender) {
        let name = sender.clientName ?? self.client.name
        self.session.macros["j"] = self.context.hostname
        self.session.macros["v"] = "Gatepost \(ProductVersion.current)"
        self.session.macros["daemon_name"] = self.client.listener
        self.session.macros["_"] = self.client.address.map { "\(name) [\($0)]" } ?? name
        self.session.macros["client_addr"] = self.client.address.map { "\($0)" }
        self.session.macros["client_name"] = name
        self.session.macros["client_port"] = "\(self.client.port)"
        self.session.macros["tls_version"] = sender.tlsVersion.map { "TLSv\($0)" }
        self.session.macros["auth_type"] = sender.mechanism
        self.session.macros["auth_authen"] = sender.account
        self.session.macros["mail_addr"] = "\(sender.mail.reversePath)"
        self.session.macros["mail_host"] = sender.mail.reversePath.mailbox.map { "\($0.domain)" }
        self.session.macros["mail_mailer"] = "smtp"
        self.session.macros["i"] = nil
    }

    private func tell(_ event: MilterSession.Event, within timeout: Duration) async throws -> MilterVerdict {
        switch try self.session.tell(event) {
        case .settled(let verdict): return verdict
        case .send(let octets):
            self.pending += octets
            if self.pending.count >= MilterConversation.pendingOctets { try await self.flush(within: timeout) }
            return .proceed
        case .ask(let octets):
            self.pending += octets
            return try await self.answer(within: timeout)
        }
    }

    private func answer(within timeout: Duration) async throws -> MilterVerdict {
        var none = ArrivingContent(identifier: self.context.identifier())
        return try await self.answer(within: timeout, longest: timeout * 4, body: &none)
    }

    /// Sends what is pending and waits for the verdict.
    private func answer(
        within timeout: Duration,
        longest: Duration,
        body: inout ArrivingContent
    ) async throws -> MilterVerdict {
        try await self.flush(within: timeout)
        guard let connection = self.connection else { throw MilterConnection.Fault.ended }
        let end = ContinuousClock.now + longest
        while true {
            let left = ContinuousClock.now.duration(to: end)
            guard left > .zero else { throw MilterConnection.Fault.timedOut(longest) }
            switch try self.session.receive(try await connection.next(within: min(timeout, left))) {
            case .verdict(let verdict): return verdict
            case .progress, .noted: continue
            case .body(let octets):
                octets.withUnsafeBytes { body.append($0) }
                if body.needsWrite { try await body.write(body.takeBuffer(), to: self.context.spool) }
            }
        }
    }

    private func flush(within timeout: Duration) async throws {
        guard let connection = self.connection else { throw MilterConnection.Fault.ended }
        let octets = self.pending
        self.pending = []
        if !octets.isEmpty { try await connection.send(octets, within: timeout) }
    }

    // MARK: Failure

    private func guarded(_ work: () async throws -> MilterVerdict) async -> MilterVerdict {
        if let failed = self.failed { return failed }
        do {
            return try await work()
        } catch {
            return self.fail(error)
        }
    }

    private func fail(_ error: any Error) -> MilterVerdict {
        self.connection?.close()
        self.connection = nil
        self.context.counters.add(.failures, self.filter.name)
        self.context.logger.warning(
            "a mail filter failed",
            metadata: [
                "milter": "\(self.filter.name)", "socket": "\(self.filter.socket)", "error": "\(error)",
                "action": "\(self.filter.onFailure.rawValue)",
            ]
        )
        let verdict: MilterVerdict =
            switch self.filter.onFailure {
            case .accept: .accept
            case .tempfail: .temporaryFailure
            case .reject: .reject
            }
        self.failed = verdict
        return verdict
    }
}
