import DNS
import GatepostDelivery
import GatepostModel
import GatepostTesting
import Logging
import MailSyntax
import MessageAuthentication
import NIOPosix
import SASL
import SMTP
import SMTPServer
import Synchronization

@testable import GatepostServer

/// A reception service over a zone in memory: example.org is local, with alice, bob (disabled) and box (a sandbox).
final class ReceptionScene: Sendable {
    /// Keeps messages where it belongs, and all that were kept at once.
    final class Queue: MessageIntake {
        private let store: MemoryStore
        private let state = Mutex<[NewMessage]>([])

        init(_ store: MemoryStore) { self.store = store }

        func enqueue(_ messages: [NewMessage], sending: SendingChange?) async throws {
            try await self.store.enqueue(messages, sending: sending)
            self.state.withLock { $0 += messages }
        }

        var kept: [NewMessage] { self.state.withLock { $0 } }
    }

    static let zone = """
        $ORIGIN .
        25.2.0.192.in-addr.arpa PTR mx.sender.example.
        mx.sender.example A 192.0.2.25
        sender.example TXT "v=spf1 ip4:192.0.2.25 -all"
        _dmarc.sender.example TXT "v=DMARC1; p=none"
        strict.example TXT "v=spf1 ip4:192.0.2.25 -all"
        _dmarc.strict.example TXT "v=DMARC1; p=reject"
        wary.example TXT "v=spf1 -all"
        _dmarc.wary.example TXT "v=DMARC1; p=quarantine"
        open.example TXT "nothing about mail"
        flaky.example FAIL
        _dmarc.flaky.example FAIL
        99.2.0.192.bl.example A 127.0.0.2
        99.2.0.192.bl.example TXT "Sent spam on 2026-11-23"
        98.2.0.192.bl.example A 127.0.0.2
        98.2.0.192.wl.example A 127.0.0.2
        97.2.0.192.dead.example A 127.255.255.254
        """

    let store = MemoryStore()
    let queue: Queue
    let clock = MockClock()
    let audit = MemoryAuditLog()
    let counters = ReceptionCounters()
    let service: ReceptionService
    let directory: TemporaryDirectory
    static let key = Secret([UInt8](repeating: 7, count: 32))

    init(
        rules: Configuration.Reception = Configuration.Reception(),
        zone: String = ReceptionScene.zone,
        hasLocalStore: Bool = true,
        isHolding: Bool = false,
        postmaster: String? = nil,
        trusted: [IPNetwork] = [],
        milters: [Configuration.Milter] = [],
        reports: (settings: Configuration.Reports, store: any ReportStore)? = nil
    ) async throws {
        self.queue = Queue(self.store)
        self.directory = try TemporaryDirectory()
        let threads = NIOThreadPool.singleton
        var recipients = RecipientRules(
            separator: rules.subaddressing,
            hostname: "mail.example.org",
            postmaster: try postmaster.map { try Mailbox(parsing: $0) }
        )
        recipients.reports = reports?.settings
        var service = ReceptionService(
            directory: self.store,
            recipients: recipients,
            rules: rules,
            queue: self.queue,
            spool: SpoolDirectory(path: self.directory.path, threads: threads),
            resolver: try Zone(parsing: zone),
            ticks: StoppedClock(),
            clock: self.clock,
            hostname: "mail.example.org",
            delivery: ReceptionService.Delivery(hasLocalStore: hasLocalStore, isHolding: isHolding),
            returnPaths: ReturnPaths { ReceptionScene.key },
            trusted: trusted,
            counters: self.counters,
            milters: MilterContext(
                filters: milters,
                hostname: "mail.example.org",
                maximumBodyOctets: 1 << 20,
                group: MultiThreadedEventLoopGroup.singleton,
                contents: ContentReader(spool: self.directory.path, threads: threads),
                spool: SpoolDirectory(path: self.directory.path, threads: threads),
                clock: self.clock,
                counters: MilterCounters(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            ),
            audit: self.audit,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            queued: {}
        )
        service.reports = reports.map { [store = self.store, directory = self.directory, clock = self.clock] reports in
            ReceptionReports(
                settings: reports.settings,
                store: reports.store,
                contents: ContentReader(spool: directory.path, threads: threads),
                clock: clock,
                domains: { try await store.domains() }
            )
        }
        self.service = service
        _ = try await self.store.addDomain("example.org")
        for (name, isSandbox) in [("alice", false), ("bob", false), ("box", true)] {
            _ = try await self.store.add(
                NewAccount(
                    address: "\(name)@example.org",
                    credential: NewCredential(argon2id: "x", scram: []),
                    isSandbox: isSandbox
                )
            )
        }
        _ = try await self.store.setEnabled(false, of: "bob@example.org")
    }

    func alias(_ address: String, _ targets: String...) async throws {
        let alias = Alias(address: address, targets: try targets.map { try Mailbox(parsing: $0) })
        _ = try await self.store.setAlias(alias)
    }

    /// A session that has said EHLO.
    func session(from address: String = "192.0.2.25", helo: String = "mx.sender.example") async -> SessionConversation {
        let peer = SessionPeer(address: IPAddress(address), port: 1000, listener: "reception:25")
        var conversation = SessionConversation(
            ServerSessionConfiguration(
                hostname: "mail.example.org",
                service: .reception,
                security: .startTLS,
                mechanisms: [],
                maximumMessageOctets: self.service.rules.maximumMessageSize.octets,
                maximumRecipients: self.service.rules.maximumRecipients
            ),
            responder: self.service.makeResponder(for: peer),
            isTLS: true
        )
        _ = await conversation.say("EHLO \(helo)")
        return conversation
    }

    /// The reply to RCPT of a fresh transaction.
    func recipient(
        _ path: String,
        from sender: String = "ann@sender.example",
        client: String = "192.0.2.25"
    ) async -> String {
        var session = await self.session(from: client)
        _ = await session.say("MAIL FROM:<\(sender)>")
        return await session.say("RCPT TO:<\(path)>").last?.description ?? ""
    }

    /// The reply to the end of a message.
    func send(
        _ message: String,
        to recipients: [String] = ["alice@example.org"],
        from sender: String = "ann@sender.example",
        client: String = "192.0.2.25",
        helo: String = "mx.sender.example"
    ) async -> String {
        var session = await self.session(from: client, helo: helo)
        var last = await session.say("MAIL FROM:<\(sender)> BODY=8BITMIME")
        for recipient in recipients { last = await session.say("RCPT TO:<\(recipient)>") }
        guard last.last?.isPositive == true else { return last.last?.description ?? "" }
        last = await session.say("DATA")
        guard last.last?.code == 354 else { return last.last?.description ?? "" }
        let text = message.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
        return await session.say(octets: Array(text.utf8) + Array("\r\n.\r\n".utf8)).last?.description ?? ""
    }

    /// The octets of a kept message as text.
    func text(_ message: NewMessage) throws -> String {
        switch message.content {
        case .inline(let octets): return String(decoding: octets, as: UTF8.self)
        case .file(let name, _, let front):
            let octets = try LocalFile.read("\(self.directory.path)/\(name)", limit: 1 << 24)
            return String(decoding: front + octets, as: UTF8.self)
        }
    }

    static func message(from author: String = "Ann <ann@sender.example>", _ more: String = "") -> String {
        "From: \(author)\n\(more)Subject: hello\nDate: Tue, 24 Nov 2026 12:00:00 +0000\nMessage-ID: <1@sender.example>\n\nhello"
    }
}
