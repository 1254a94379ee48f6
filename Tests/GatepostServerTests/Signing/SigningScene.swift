import DNS
import GatepostModel
import GatepostTesting
import Logging
import MailSyntax
import MessageAuthentication
import NIOPosix
import SASL
import Testing

@testable import GatepostServer

/// Domains with keys, and a signer that has read them.
struct SigningScene {
    let store = MemoryStore()
    let clock = MockClock()
    let keyring = MasterKeyring(MasterKey.random())
    let log = LogCapture()
    let threads = NIOThreadPool(numberOfThreads: 1)
    let signer: MailSigner

    init() {
        self.threads.start()
        self.signer = MailSigner(
            store: self.store,
            keyring: self.keyring,
            threads: self.threads,
            logger: self.log.logger
        )
    }

    func close() async throws { try await self.threads.shutdownGracefully() }

    /// Makes a local domain with a key.
    @discardableResult
    func addKey(
        _ domain: String,
        _ selector: String,
        _ algorithm: DKIMKey.Algorithm = .ed25519,
        isActive: Bool = true
    ) async throws -> DKIMKey {
        _ = try await self.store.addDomain(domain)
        let now = self.clock.now()
        let key = try await DKIMKeyMaker.make(
            domain: domain,
            selector: selector,
            algorithm: algorithm,
            masterKey: self.keyring.current,
            now: now
        )
        try await self.store.changeDKIMKeys(of: domain) { set in
            try set.add(key)
            if isActive { try set.activate(selector, at: now) }
        }
        await self.signer.reload()
        return key
    }

    /// Signs octets that come in pieces of this size.
    ///
    /// - Returns: The fields and the octets behind them.
    func sign(_ octets: [UInt8], pieces: Int = .max) async -> [UInt8] {
        let now = self.clock.now()
        var signing = self.signer.begin(secondsSince1970: now.secondsSince1970)
        var rest = octets[...]
        while rest.count > pieces {
            await self.signer.receive(Array(rest.prefix(pieces)), by: &signing)
            rest = rest.dropFirst(pieces)
        }
        let front = await self.signer.finish(
            signing,
            rest: Array(rest),
            MessageIdentifier(created: now, random: [1])
        )
        return front + octets
    }

    /// The verdicts on the signatures of a message, from the top.
    func verify(_ octets: [UInt8], _ zone: Zone) async -> [DKIM.Verdict] {
        var verifier = MessageVerifier()
        verifier.receive(octets)
        return await verifier.finish(
            resolver: zone,
            secondsSince1970: self.clock.now().secondsSince1970
        ).dkim.verdicts
    }

    /// Publishes a key.
    static func publish(_ keys: DKIMKey..., in zone: inout Zone, domain: String? = nil) throws {
        for key in keys {
            let name = DKIMKey.recordName(selector: key.selector, domain: domain ?? key.domain)
            let text = Array(key.record.description.utf8)
            let strings = stride(from: 0, to: text.count, by: 255).map { Array(text[$0..<min($0 + 255, text.count)]) }
            zone.add(.txt(TXTRecord(strings: strings)), at: try #require(DNSName(name)))
        }
    }

    static func message(from address: String, body: String = "Hi\r\n") -> [UInt8] {
        Array(
            """
            Received: from client by mail.example.org\r
            From: <\(address)>\r
            To: <bob@example.net>\r
            Subject: hello\r
            Date: Tue, 24 Nov 2026 12:00:00 +0000\r
            Message-ID: <1@example.org>\r
            \r
            \(body)
            """.utf8
        )
    }
}
