import DNS
import GatepostModel
import GatepostTesting
import MailSyntax
import MessageAuthentication
import Synchronization
import Testing

@testable import GatepostServer

/// Records that change while somebody asks.
private final class ChangingZone: Resolver {
    private let zone = Mutex(Zone())
    private let asked = Mutex(0)

    var questions: Int { self.asked.withLock { $0 } }

    func change(_ body: (inout Zone) throws -> Void) rethrows {
        try self.zone.withLock { zone in try body(&zone) }
    }

    func records(_ type: RecordType, at name: DNSName) async throws(DNSError) -> Answer<Record> {
        self.asked.withLock { $0 += 1 }
        let zone = self.zone.withLock { $0 }
        return try await zone.records(type, at: name)
    }
}

@Suite("A key takes over once DNS holds it")
struct KeyRotationTests {
    private let scene = SigningScene()
    private let zone = ChangingZone()
    private let watcher: DKIMKeyWatcher

    init() {
        let signer = self.scene.signer
        self.watcher = DKIMKeyWatcher(
            store: self.scene.store,
            queue: self.scene.store,
            resolver: self.zone,
            clock: self.scene.clock,
            toASCII: { $0 },
            changed: { await signer.reload() },
            logger: self.scene.log.logger
        )
    }

    private var signing: [String] { self.scene.signer.signers(for: "example.org").map(\.selector) }

    private func look(after duration: Duration) async {
        self.scene.clock.advance(by: duration)
        await self.watcher.look()
    }

    @Test("the whole story: published, seen, used, followed, kept, retired")
    func story() async throws {
        let first = try await self.scene.addKey("example.org", "a", isActive: false)
        await self.look(after: .seconds(1))
        #expect(self.signing.isEmpty)
        #expect(self.watcher.sighting(of: first) == .absent)

        try self.zone.change { try SigningScene.publish(first, in: &$0) }
        await self.look(after: .seconds(60))
        #expect(self.signing == ["a"])
        #expect(self.scene.log.lines.contains { $0.contains("is in DNS and signs from now on") })

        let second = try await self.scene.addKey("example.org", "b", isActive: false)
        // The old record under the new name: copied by mistake.
        let wrong = DKIMKey(
            domain: "example.org",
            selector: "b",
            algorithm: .ed25519,
            publicKey: first.publicKey,
            sealedKey: nil,
            created: first.created
        )
        try self.zone.change { try SigningScene.publish(wrong, in: &$0) }
        await self.look(after: .seconds(60))
        #expect(self.signing == ["a"])
        #expect(self.watcher.sighting(of: second) == .different("p= holds another key"))

        let name = try #require(DNSName("b._domainkey.example.org"))
        self.zone.change {
            $0.remove(name)
            $0.fail(name, with: .temporary("server failure"))
        }
        await self.look(after: .seconds(60))
        #expect(self.signing == ["a"])
        #expect(self.watcher.sighting(of: second) == .unknown("no answer: server failure"))

        try self.zone.change {
            $0.remove(name)
            try SigningScene.publish(second, in: &$0)
        }
        await self.look(after: .seconds(60))
        #expect(self.signing == ["b"])
        let keys = try await self.scene.store.dkimKeys(of: "example.org")
        #expect(keys.map(\.state) == [.retiring, .active])
        #expect(keys.first?.replaced == self.scene.clock.now())

        await self.look(after: .seconds(6 * 86_400))
        #expect(!self.scene.log.lines.contains { $0.contains("no mail is under way any more") })
        await self.look(after: .seconds(86_400))
        await self.look(after: .seconds(60))
        let told = self.scene.log.lines.filter { $0.contains("no mail is under way any more") }
        #expect(told.count == 1, "once is enough")
        #expect(told.first?.contains("gatepost dkim retire example.org a") == true)
        try await self.scene.close()
    }

    @Test("a message in the queue from its time keeps a key")
    func queued() async throws {
        try await self.scene.addKey("example.org", "a")
        let now = self.scene.clock.now()
        try await self.scene.store.enqueue(
            NewMessage(
                identifier: MessageIdentifier(created: now, random: [1]),
                envelope: Envelope(reversePath: .null),
                recipients: [EnvelopeRecipient(forwardPath: .postmaster)],
                content: .inline([]),
                received: now,
                route: .hold
            )
        )
        self.scene.clock.advance(by: .seconds(1))
        try await self.scene.addKey("example.org", "b")
        await self.look(after: .seconds(30 * 86_400))
        #expect(!self.scene.log.lines.contains { $0.contains("no mail is under way any more") })
        _ = try await self.scene.store.cancel(.all)
        await self.look(after: .seconds(30))
        #expect(self.scene.log.lines.contains { $0.contains("no mail is under way any more") })
        try await self.scene.close()
    }

    @Test("DNS is asked no oftener than it makes sense, and about nothing else")
    func pace() async throws {
        try await self.scene.addKey("example.org", "a")
        await self.look(after: .seconds(1))
        #expect(self.zone.questions == 0)
        try await self.scene.addKey("example.org", "b", isActive: false)
        for _ in 0..<10 { await self.look(after: .seconds(30)) }
        #expect(self.zone.questions == 5)
        self.scene.clock.advance(by: .seconds(2 * 86_400))
        for _ in 0..<60 { await self.look(after: .seconds(60)) }
        #expect(self.zone.questions == 7)
        try await self.scene.close()
    }
}
