import DNS
import MailSyntax
import MessageAuthentication
import Testing

@Suite("ARC sealing, RFC 8617 §5.1")
struct ARCSealingTests {
    private func seal(
        _ message: [UInt8],
        _ zone: Zone,
        key: String = "rsa2048",
        results: String = "mx.example.org; spf=pass smtp.mailfrom=a@example.net"
    ) async throws -> [UInt8] {
        let chain = await verify(message, zone).arc
        let sealer = ARC.Sealer(domain: "example.org", selector: key, key: try TestKeys.key(key))
        var sealing = MessageSealer(
            sealer,
            chain: chain,
            authenticationResults: results,
            secondsSince1970: 1_800_000_000
        )
        sealing.receive(message)
        return try sealing.finish().flatMap(\.octets) + message
    }

    @Test("each hop adds a set, with either algorithm, and the chain passes")
    func chain() async throws {
        let zone = try TestKeys.zone()
        var message = try signed(sample, try TestKeys.signer("ed25519"))
        for hop in 1...5 {
            message = try await self.seal(message, zone, key: hop.isMultiple(of: 2) ? "ed25519" : "rsa2048")
            let verdict = await verify(message, zone).arc
            #expect(verdict.status == .pass && verdict.sets.map { $0.instance } == Array(1...hop), "\(verdict)")
            #expect(verdict.sets.last?.authenticationResults == "mx.example.org; spf=pass smtp.mailfrom=a@example.net")
            #expect(verdict.sets.last?.domain == "example.org")
        }
    }

    @Test("a message changed after the last seal fails, is sealed as failed once, and never again")
    func broken() async throws {
        let zone = try TestKeys.zone()
        let message = try await self.seal(sample, zone)
        let changed = message + Array("more\r\n".utf8)
        let verdict = await verify(changed, zone).arc
        #expect(verdict.reason == .messageSignature(instance: 1, .bodyDiffers))
        let resealed = try await self.seal(changed, zone)
        #expect(resealed.count > changed.count)
        #expect(await verify(resealed, zone).arc.reason == .failedBefore(instance: 2))
        #expect(try await self.seal(resealed, zone) == resealed)
    }

    @Test("fifty sets are the most")
    func bound() async throws {
        let zone = try TestKeys.zone()
        var message = sample
        for _ in 1...ARC.maximumSets { message = try await self.seal(message, zone, key: "ed25519") }
        #expect(await verify(message, zone).arc.sets.count == ARC.maximumSets)
        #expect(try await self.seal(message, zone, key: "ed25519") == message)
    }

    @Test("a key that cannot be looked up now is no final verdict")
    func temporary() async throws {
        var zone = try TestKeys.zone()
        let message = try await self.seal(sample, zone)
        zone.fail(try #require(DNSName("rsa2048._domainkey.example.org")), with: .temporary("time-out"))
        let verdict = await verify(message, zone).arc
        #expect(verdict.status == .fail && verdict.reason?.isTemporary == true)
    }

    @Test("results that would break out of their field are refused")
    func lineBreaks() async throws {
        await #expect(throws: MessageSigner.Fault.invalidName) {
            try await self.seal(sample, try TestKeys.zone(), results: "mx\r\nX: y")
        }
    }
}
