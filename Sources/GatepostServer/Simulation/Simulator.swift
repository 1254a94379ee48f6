package import GatepostModel
package import MailSyntax
internal import SASL
package import SMTP
package import SMTPServer

/// Finds out what the server would decide, without sending anything.
///
/// Runs the session machine and the responder that a listener runs, with a service whose effects end in memory. The only thing that is taken
/// as given is that the login's secret is right.
package struct Simulator: Sendable {
    /// A listener, and what stands behind it.
    package struct Place: Sendable {
        package var listener: Listener.Configuration
        package var service: SubmissionService

        package init(listener: Listener.Configuration, service: SubmissionService) {
            self.listener = listener
            self.service = service
        }
    }

    private let listeners: [Place]
    private let allowed: [IPNetwork]
    private let filters: [String]

    /// - Parameters:
    ///   - allowed: `networks.allow`.
    ///   - filters: The names of the mail filters for submission, which are not asked.
    package init(listeners: [Place], allowed: [IPNetwork], filters: [String] = []) {
        self.listeners = listeners
        self.allowed = allowed
        self.filters = filters
    }

    /// - Throws: ``AdministrationFailure`` for a request that makes no sense, `StoreError`.
    package func report(_ request: SimulationRequest) async throws -> SimulationReport {
        let place = try self.place(request)
        let listener = place.listener
        let address = try request.address.map { text in
            guard let address = IPAddress(text) else {
                throw AdministrationFailure(.invalid, "'\(text)' is no IP address")
            }
            return address.unmapped
        }
        guard request.recipients.count <= SimulationRequest.maximumRecipients,
            (request.header?.utf8.count ?? 0) <= SimulationRequest.maximumHeaderOctets
        else { throw AdministrationFailure(.invalid, "too many recipients, or too large a header") }
        // What goes into a command line must not be able to end it.
        for text in [request.account, request.from ?? ""] + request.recipients
        where text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
            throw AdministrationFailure(.invalid, "an address must not contain control characters")
        }
        let findings = SimulationFindings()
        let service = place.service.simulated(into: findings)
        let peer = SessionPeer(address: address, port: nil, listener: listener.name)
        var run = SimulationRun(request: request, service: service, findings: findings, peer: peer)
        let isAllowed = address.map { address in self.allowed.contains { $0.contains(address) } } ?? false
        if let reply = listener.refusal(for: peer, service: service, isUnlimited: isAllowed) {
            run.refused(.connection, subject: address.map { "\($0)" } ?? "local", rule: "address-refused", reply)
            return run.report
        }
        try await run.talk(listener.session)
        var report = run.report
        report.filtersNotAsked = self.filters
        return report
    }

    private func place(_ request: SimulationRequest) throws -> Place {
        let known = self.listeners.map(\.listener.name)
        guard let name = request.listener else {
            guard let first = self.listeners.first else {
                throw AdministrationFailure(.invalid, "the configuration has no listener for submission")
            }
            return first
        }
        guard let listener = self.listeners.first(where: { $0.listener.name == name }) else {
            throw AdministrationFailure(
                .notFound,
                "there is no listener '\(name)'",
                hint: "Listeners for submission: \(known.joined(separator: ", "))"
            )
        }
        return listener
    }
}

/// One simulation under way.
private struct SimulationRun {
    private let request: SimulationRequest
    private let service: SubmissionService
    private let findings: SimulationFindings
    private let responder: SubmissionResponder
    private let peer: SessionPeer
    private var steps: [SimulationReport.Step] = []
    private var account: String

    init(request: SimulationRequest, service: SubmissionService, findings: SimulationFindings, peer: SessionPeer) {
        self.request = request
        self.service = service
        self.findings = findings
        self.peer = peer
        self.responder = SubmissionResponder(service: service, peer: peer)
        self.account = request.account
    }

    var report: SimulationReport {
        let message = self.findings.message
        return SimulationReport(
            verdict: self.steps.contains { $0.verdict == .refused }
                ? .refused : self.steps.contains { $0.verdict == .held } ? .held : .accepted,
            account: self.account,
            steps: self.steps,
            headerChanges: message.map { self.headerChanges($0) } ?? [],
            limits: self.findings.limits,
            route: message.map { $0.route.word }
        )
    }

    mutating func refused(_ stage: SimulationReport.Stage, subject: String, rule: String?, _ reply: Reply) {
        self.note(stage, subject, .refused, rule, reply)
    }

    private mutating func note(
        _ stage: SimulationReport.Stage,
        _ subject: String,
        _ verdict: SimulationReport.Verdict,
        _ rule: String?,
        _ reply: Reply
    ) {
        self.steps.append(
            SimulationReport.Step(
                stage: stage,
                subject: subject,
                verdict: verdict,
                rule: verdict == .accepted ? nil : rule,
                reply: reply.description
            )
        )
    }

    // MARK: The session

    mutating func talk(_ configuration: ServerSessionConfiguration) async throws {
        let login = LoginAssumption(service: service, findings: findings, responder: responder, peer: peer)
        var conversation = SessionConversation(
            self.assumed(configuration),
            responder: self.responder,
            isTLS: self.request.isTLS,
            login: SessionConversation.Login(
                answer: { [request] asked, facts in
                    switch asked {
                    case .authentication: .authentication(.password(accepted: true))
                    case .authenticationEnded:
                        await login.answer(account: request.account, credential: request.credential, facts)
                    default: nil
                    }
                },
                noticed: { login.noticed($0) }
            )
        )
        _ = await conversation.say("EHLO simulation.invalid")
        if !configuration.mechanisms.isEmpty {
            let message = Base64.encodeToString([0] + Array(self.request.account.utf8) + [0, 0x78])
            guard await self.step(.login, self.request.account, &conversation, "AUTH PLAIN \(message)") else { return }
        }
        if let account = self.findings.account { self.account = account.address }
        let path = self.request.from ?? self.account
        let isASCII = ([path] + self.request.recipients).allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } }
        var command = "MAIL FROM:<\(path)>"
        if let size = self.request.size { command += " SIZE=\(size)" }
        if !isASCII { command += " SMTPUTF8" }
        guard await self.step(.sender, path, &conversation, command) else { return }
        var accepted: [String] = []
        for recipient in self.request.recipients
        where await self.step(.recipient, recipient, &conversation, "RCPT TO:<\(recipient)>") {
            accepted.append(recipient)
        }
        guard !accepted.isEmpty else { return }
        try await self.findLimits(accepted)
        await self.sendMessage(&conversation, from: path)
        conversation.end()
    }

    /// - Parameter recipients: As the session accepted them.
    private func findLimits(_ recipients: [String]) async throws {
        guard let account = self.findings.account, !account.isSandbox else { return }
        let submission = SendingLedger.Submission(
            account: account,
            credential: self.findings.credential,
            address: self.peer.address,
            recipients: try recipients.map { try ForwardPath(parsing: $0) },
            octets: self.request.size ?? 0
        )
        self.findings.note(
            limits: try await self.service.sending.decision(for: submission).left.map { left in
                SimulationReport.Limit(
                    limit: left.limit.words,
                    scope: left.scope.rawValue,
                    maximum: left.maximum,
                    used: left.used,
                    left: left.left
                )
            }
        )
    }

    private mutating func sendMessage(_ conversation: inout SessionConversation, from path: String) async {
        let said = await conversation.say("DATA")
        guard let reply = said.last, reply.isIntermediate else {
            if let reply = said.last { self.note(.message, path, .refused, self.findings.takeRule() ?? "smtp", reply) }
            return
        }
        var lines = self.header(path).split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
        while lines.last?.isEmpty == true { lines.removeLast() }
        let stuffed = lines.map { $0.hasPrefix(".") ? ".\($0)" : $0 }
        let content = (stuffed + ["", "."]).joined(separator: "\r\n")
        guard let reply = await conversation.say(content).last else { return }
        guard reply.isPositive else {
            return self.note(.message, path, .refused, self.findings.takeRule() ?? "smtp", reply)
        }
        let rule = self.findings.takeRule()
        self.note(.message, path, rule == nil ? .accepted : .held, rule, reply)
    }

    /// - Returns: Whether it was accepted.
    private mutating func step(
        _ stage: SimulationReport.Stage,
        _ subject: String,
        _ conversation: inout SessionConversation,
        _ command: String
    ) async -> Bool {
        // A session that was closed hears nothing more.
        guard let reply = await conversation.say(command).last else { return false }
        let rule = self.findings.takeRule()
        self.note(stage, subject, reply.isPositive ? .accepted : .refused, rule ?? "smtp", reply)
        return reply.isPositive
    }

    /// The listener's session, with the one mechanism by which the login is taken as proved.
    private func assumed(_ configuration: ServerSessionConfiguration) -> ServerSessionConfiguration {
        var assumed = configuration
        // Without TLS a client would use a mechanism that hides the password, where there is one.
        if configuration.mechanisms.contains(where: { !$0.revealsPassword }) {
            assumed.allowsClearTextWithoutTLS = true
        }
        assumed.mechanisms = configuration.mechanisms.isEmpty ? [] : [.plain]
        return assumed
    }

    // MARK: The message

    private func header(_ path: String) -> String {
        guard let header = self.request.header else {
            return "From: <\(path.isEmpty ? self.account : path)>\r\n"
        }
        let hasFrom = header.split(separator: "\r\n").contains { $0.lowercased().hasPrefix("from:") }
        return hasFrom ? header : "From: <\(path.isEmpty ? self.account : path)>\r\n" + header
    }

    /// What would be otherwise in the header that goes out.
    private func headerChanges(_ message: NewMessage) -> [String] {
        guard case .inline(let octets) = message.content else { return [] }
        let path = self.request.from ?? self.account
        let before = Self.fields(Array(self.header(path).utf8) + [0x0d, 0x0a])
        let after = Self.fields(octets)
        var names: [String] = []
        for (name, _) in after + before where !names.contains(where: { $0.lowercased() == name.lowercased() }) {
            names.append(name)
        }
        return names.compactMap { name in
            let old = before.filter { $0.0.lowercased() == name.lowercased() }.map(\.1)
            let new = after.filter { $0.0.lowercased() == name.lowercased() }.map(\.1)
            if old == new { return nil }
            return "\(old.isEmpty ? "+" : new.isEmpty ? "-" : "~") \(name)"
        }
    }

    private static func fields(_ octets: [UInt8]) -> [(String, [UInt8])] {
        guard let section = try? HeaderSection(parsing: octets) else { return [] }
        return section.lines.compactMap { line in
            guard case .field(let field) = line else { return nil }
            return (field.name, Array(field.octets))
        }
    }
}

extension MessageRoute {
    fileprivate var word: String {
        switch self {
        case .deliver: "deliver"
        case .hold: "hold"
        case .sandbox: "sandbox"
        }
    }
}
