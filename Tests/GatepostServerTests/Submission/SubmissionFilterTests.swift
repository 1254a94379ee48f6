import DNS
import GatepostDelivery
import GatepostModel
import GatepostTesting
import Logging
import MailSyntax
import MessageAuthentication
import Milter
import NIOPosix
import SASL
import SMTP
import SMTPServer
import Testing

@testable import GatepostServer

@Suite("Mail filters at submission")
struct SubmissionFilterTests {
    /// A session that needs no login, at a server that signs for example.org.
    private func send(
        _ body: String,
        through milter: Configuration.Milter,
        _ scene: SigningScene,
        _ directory: TemporaryDirectory
    ) async throws -> (reply: String, kept: NewMessage?) {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let audit = MemoryAuditLog()
        let counters = SubmissionCounters()
        let queue = ReceptionScene.Queue(scene.store)
        let pool = HashingPool(threads: 1, queue: 4)
        _ = try await scene.store.add(
            NewAccount(
                address: "alice@example.org",
                credential: NewCredential(argon2id: "x", scram: []),
                isSandbox: false
            )
        )
        let spool = SpoolDirectory(path: directory.path, threads: .singleton)
        var device = Configuration.Device(clients: [], recipients: nil)
        device.account = "alice@example.org"
        let service = SubmissionService(
            authenticator: Authenticator(
                directory: AccountDirectory(
                    store: scene.store,
                    clock: scene.clock,
                    defaultDomain: "example.org",
                    cache: .seconds(300)
                ),
                pool: pool,
                keyring: scene.keyring,
                scramIterations: 4096
            ),
            loginGuard: LoginGuard(policy: LockoutPolicy(), clock: scene.clock, logger: logger),
            queue: queue,
            spool: spool,
            clock: scene.clock,
            hostname: "mail.example.org",
            disposal: .deliver,
            counters: counters,
            recorder: LoginRecorder(trail: audit, counters: counters, logger: logger),
            audit: audit,
            sending: SendingLedger(
                store: scene.store,
                clock: scene.clock,
                rules: SendingLedger.Rules(limits: SendingLimits(), action: .hold)
            ),
            milters: MilterContext(
                filters: [milter],
                hostname: "mail.example.org",
                maximumBodyOctets: 1 << 20,
                group: MultiThreadedEventLoopGroup.singleton,
                contents: ContentReader(spool: directory.path, threads: .singleton),
                spool: spool,
                clock: scene.clock,
                counters: MilterCounters(),
                logger: logger
            ),
            signer: scene.signer,
            logger: logger,
            queued: {}
        ).serving(device)
        let peer = SessionPeer(address: IPAddress("192.0.2.7"), port: 1, listener: "device:25")
        var session = SessionConversation(
            ServerSessionConfiguration(
                hostname: "mail.example.org",
                service: .submission,
                security: .none,
                mechanisms: [],
                authorizesByAddress: true,
                maximumMessageOctets: 1 << 20,
                maximumRecipients: 10
            ),
            responder: service.makeResponder(for: peer),
            isTLS: false
        )
        for line in ["EHLO scanner.example", "MAIL FROM:<alice@example.org>", "RCPT TO:<bob@example.net>", "DATA"] {
            let replies = await session.say(line)
            #expect(replies.last?.code == (line == "DATA" ? 354 : 250), "\(line): \(replies)")
        }
        let text = "From: <alice@example.org>\r\nSubject: hello\r\n\r\n\(body)\r\n.\r\n"
        let reply = await session.say(octets: Array(text.utf8)).last?.description ?? ""
        try await pool.shutdown()
        return (reply, queue.kept.first)
    }

    @Test("what filters left of a message is what our signature covers", arguments: [1, 20_000])
    func signature(lines: Int) async throws {
        let scene = SigningScene()
        let directory = try TemporaryDirectory()
        let key = try await scene.addKey("example.org", "a")
        var zone = Zone()
        try SigningScene.publish(key, in: &zone)
        let filter = try await ScriptedFilter.start { code, _, _ in
            guard code == "E" else { return ScriptedFilter.usual(code) }
            return .packets([
                ScriptedFilter.numbered("m", 1, "Subject\u{0}changed\0"),
                ScriptedFilter.packet("h", "X-Last\u{0}yes\0"),
                ScriptedFilter.packet("c"),
            ])
        }
        let body = String(repeating: "0123456789abcde\r\n", count: lines)
        let (reply, kept) = try await self.send(body, through: MilterScene.filter(filter), scene, directory)
        #expect(reply.hasPrefix("250 2.0.0"))
        let message = try #require(kept)
        let octets: [UInt8]
        switch message.content {
        case .inline(let inline): octets = inline
        case .file(let name, _, let front):
            octets = front + (try LocalFile.read("\(directory.path)/\(name)", limit: 1 << 24))
        }
        let text = String(decoding: octets, as: UTF8.self)
        #expect(text.hasPrefix("DKIM-Signature:") && text.contains("\r\nSubject: changed\r\n"), "\(text.prefix(2000))")
        #expect(text.contains("\r\nX-Last: yes\r\n\r\n0123456789abcde\r\n"))
        #expect(message.size == octets.count)
        #expect(await scene.verify(octets, zone).map(\.passes) == [true])
        try await filter.stop()
        try await scene.close()
    }
}
