import DNS
import GatepostModel
import GatepostTesting
import MailSyntax
import MessageAuthentication
import SASL
import Testing

@testable import GatepostServer

@Suite("Signing what leaves")
struct MailSignerTests {
    @Test("each algorithm signs once, and the fields stand before what was signed", arguments: [Int.max, 300, 7])
    func both(pieces: Int) async throws {
        let scene = SigningScene()
        let rsa = try await scene.addKey("example.org", "gp2026a", .rsa2048)
        let ed25519 = try await scene.addKey("example.org", "gp2026b")
        var zone = Zone()
        try SigningScene.publish(rsa, ed25519, in: &zone)
        let message = SigningScene.message(from: "ann@example.org", body: String(repeating: "Grüße\r\n", count: 99))
        let signed = await scene.sign(message, pieces: pieces)
        #expect(signed.suffix(message.count) == message[...])
        let verdicts = await scene.verify(signed, zone)
        #expect(verdicts.map(\.selector) == ["gp2026a", "gp2026b"])
        #expect(verdicts.allSatisfy { $0.passes && $0.domain == "example.org" }, "\(verdicts)")
        #expect(verdicts.first?.signature?.timestamp == UInt64(scene.clock.now().secondsSince1970))
        #expect(scene.signer.signedMessages == 1)
        #expect(scene.signer.unsignedMessages == 0)
        try await scene.close()
    }

    @Test("a domain below a local one is signed for by that one, and the nearest signs")
    func nearest() async throws {
        let scene = SigningScene()
        try await scene.addKey("example.org", "a")
        try await scene.addKey("lists.example.org", "b")
        #expect(scene.signer.signers(for: "mail.example.org").map(\.selector) == ["a"])
        #expect(scene.signer.signers(for: "x.lists.example.org").map(\.domain) == ["lists.example.org"])
        #expect(scene.signer.signers(for: "example.net").isEmpty)
        #expect(scene.signer.signers(for: "notexample.org").isEmpty)
        #expect(scene.signer.signers(for: "org").isEmpty)
        try await scene.close()
    }

    @Test(
        "what cannot be signed goes as it is, and the log says why",
        arguments: [
            ("From: <ann@example.net>\r\n\r\nHi\r\n", "example.net has no key that signs"),
            ("Subject: x\r\n\r\nHi\r\n", "there is no From field"),
            ("From: <a@example.org>\r\nFrom: <b@example.org>\r\n\r\nHi\r\n", "there are 2 From fields"),
            ("From: <a@example.org>, <b@example.net>\r\n\r\nHi\r\n", "several domains"),
            ("From: <a@[192.0.2.1]>\r\n\r\nHi\r\n", "no domain name"),
        ]
    )
    func unsigned(text: String, reason: String) async throws {
        let scene = SigningScene()
        try await scene.addKey("example.org", "a")
        #expect(await scene.sign(Array(text.utf8)) == Array(text.utf8))
        #expect(scene.signer.unsignedMessages == 1)
        let line = scene.log.lines.last ?? ""
        #expect(line.contains("message not signed") && line.contains(reason), "\(line)")
        try await scene.close()
    }

    @Test("keys that wait, that are followed by others, and those of domains that are not local do not sign")
    func states() async throws {
        let scene = SigningScene()
        try await scene.addKey("example.org", "waits", isActive: false)
        #expect(scene.signer.signers(for: "example.org").isEmpty)
        try await scene.addKey("example.org", "former")
        try await scene.addKey("example.org", "latter")
        #expect(scene.signer.signers(for: "example.org").map(\.selector) == ["latter"])
        _ = try await scene.store.removeDomain("example.org")
        await scene.signer.reload()
        #expect(scene.signer.signers(for: "example.org").isEmpty)
        #expect(scene.signer.begin(secondsSince1970: 0) == nil, "with no keys at all nothing is looked at")
        try await scene.close()
    }

    @Test("a key that the master key does not open is told, at the start and of each message")
    func broken() async throws {
        let scene = SigningScene()
        let foreign = try await DKIMKeyMaker.make(
            domain: "example.org",
            selector: "a",
            algorithm: .ed25519,
            masterKey: .random(),
            now: scene.clock.now()
        )
        _ = try await scene.store.addDomain("example.org")
        let now = scene.clock.now()
        try await scene.store.changeDKIMKeys(of: "example.org") {
            try $0.add(foreign)
            try $0.activate("a", at: now)
        }
        await scene.signer.reload()
        #expect(scene.log.lines.contains { $0.contains("its DKIM key cannot be used") && $0.contains("example.org") })
        let message = SigningScene.message(from: "ann@example.org")
        #expect(await scene.sign(message) == message)
        #expect(scene.log.lines.last?.contains("was not sealed with this master key") == true)
        try await scene.close()
    }

    @Test("a store that fails leaves the keys of before")
    func failingStore() async throws {
        let scene = SigningScene()
        try await scene.addKey("example.org", "a")
        let closed = MailSigner(
            store: scene.store,
            keyring: scene.keyring,
            threads: scene.threads,
            logger: scene.log.logger
        )
        #expect(closed.signers(for: "example.org").isEmpty, "not read yet")
        await closed.reload()
        #expect(closed.signers(for: "example.org").count == 1)
        try await scene.close()
        // Without threads nothing can be opened.
        await closed.reload()
        #expect(closed.signers(for: "example.org").count == 1)
        #expect(scene.log.lines.last?.contains("DKIM keys could not be read") == true)
    }

    @Test("names in U-labels are signed for in A-labels")
    func international() async throws {
        let scene = SigningScene()
        let key = try await scene.addKey("bücher.example", "a")
        var zone = Zone()
        try SigningScene.publish(key, in: &zone, domain: "xn--bcher-kva.example")
        for author in ["ann@bücher.example", "ann@xn--bcher-kva.example"] {
            let signed = await scene.sign(SigningScene.message(from: author))
            let verdicts = await scene.verify(signed, zone)
            #expect(verdicts.map(\.domain) == ["xn--bcher-kva.example"])
            #expect(verdicts.allSatisfy { $0.passes }, "\(verdicts)")
        }
        try await scene.close()
    }

    @Test("a message of our own is signed whole")
    func notification() async throws {
        let scene = SigningScene()
        let key = try await scene.addKey("example.org", "a")
        var zone = Zone()
        try SigningScene.publish(key, in: &zone)
        let now = scene.clock.now()
        let message = NewMessage(
            identifier: MessageIdentifier(created: now, random: [1]),
            envelope: Envelope(reversePath: .null),
            recipients: [],
            content: .inline(SigningScene.message(from: "postmaster@mail.example.org")),
            received: now
        )
        let signed = await scene.signer.signed(message)
        guard case .inline(let octets) = signed.content else {
            Issue.record("not inline")
            return
        }
        #expect(signed.size == octets.count)
        #expect(await scene.verify(octets, zone).map(\.passes) == [true])
        try await scene.close()
    }

    @Test("another master key changes nothing about signing")
    func rotatedMasterKey() async throws {
        let directory = try TemporaryDirectory()
        let scene = SigningScene()
        let key = try MasterKey.open(inDirectory: directory.path)
        let keyring = MasterKeyring(key)
        _ = try await scene.store.addDomain("example.org")
        let now = scene.clock.now()
        let made = try await DKIMKeyMaker.make(
            domain: "example.org",
            selector: "a",
            algorithm: .rsa2048,
            masterKey: key,
            now: now
        )
        try await scene.store.changeDKIMKeys(of: "example.org") {
            try $0.add(made)
            try $0.activate("a", at: now)
        }
        let changed = try await MasterKeyRotation.rotate(
            inDirectory: directory.path,
            store: scene.store,
            keyring: keyring
        )
        #expect(changed == ["a._domainkey.example.org"])
        let stored = try #require(await scene.store.dkimKeys(of: nil).first)
        #expect(stored.sealedKey != made.sealedKey)
        let signer = MailSigner(
            store: scene.store,
            keyring: MasterKeyring(try MasterKey.open(inDirectory: directory.path)),
            threads: scene.threads,
            logger: scene.log.logger
        )
        await signer.reload()
        #expect(signer.signers(for: "example.org").first?.key.keyRecord == made.record)
        try await scene.close()
    }
}
