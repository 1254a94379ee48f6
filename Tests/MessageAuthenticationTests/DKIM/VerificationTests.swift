import Crypto
import CryptoExtras
import DNS
import MailSyntax
import MessageAuthentication
import Testing

/// What a verifier must look at besides the cryptography.
@Suite("DKIM verification, RFC 6376 §6.1")
struct VerificationTests {
    /// The sample signed by an RSA key, with the value of a tag of the signature exchanged, and the verdict.
    private func verdict(
        changing tag: String,
        to value: String?,
        at now: Int64 = 1_800_000_000
    ) async throws -> DKIM.Verdict {
        let octets = try signed(sample, try TestKeys.signer("rsa2048"))
        let section = try HeaderSection(parsing: octets)
        let field = try #require(section.first(named: "DKIM-Signature"))
        var tags = try TagList(parsing: field.bodyOctets).tags.map { "\($0.name)=\($0.text)" }
        tags.removeAll { $0.hasPrefix("\(tag)=") }
        if let value { tags.append("\(tag)=\(value)") }
        let changed = try #require(
            HeaderField(octets: Array("DKIM-Signature: \(tags.joined(separator: "; "))\r\n".utf8))
        )
        let message = changed.octets + octets.dropFirst(field.octets.count)
        let results = await verify(message, try TestKeys.zone(), at: now).dkim
        return try #require(results.verdicts.first)
    }

    static let tagCases: [(String, String?, DKIM.Reason)] = [
        ("v", nil, .missingTag("v")),
        ("a", nil, .missingTag("a")),
        ("b", nil, .missingTag("b")),
        ("bh", nil, .missingTag("bh")),
        ("d", nil, .missingTag("d")),
        ("h", nil, .missingTag("h")),
        ("s", nil, .missingTag("s")),
        ("v", "2", .unsupportedVersion),
        ("v", "1.0", .unsupportedVersion),
        ("a", "rsa-md5", .unsupportedAlgorithm),
        ("a", "RSA-SHA256", .unsupportedAlgorithm),
        ("c", "nowsp", .unsupportedCanonicalization),
        ("q", "finger", .unsupportedQuery),
        ("h", "to:subject", .fromNotSigned),
        ("h", "from:dkim-signature", .invalidTag("h")),
        ("h", ":", .invalidTag("h")),
        ("d", "exa mple.org", .invalidTag("d")),
        ("d", "example..org", .invalidTag("d")),
        ("d", ".", .invalidTag("d")),
        ("s", "a/b", .invalidTag("s")),
        ("b", "", .invalidTag("b")),
        ("b", "!!!!", .invalidTag("b")),
        ("bh", "AAAA", .invalidTag("bh")),
        ("l", "x", .invalidTag("l")),
        ("l", "-1", .invalidTag("l")),
        ("t", "", .invalidTag("t")),
        ("t", "1234567890123", .invalidTag("t")),
        ("x", "soon", .invalidTag("x")),
        ("x", "1800000000", .expiresBeforeSigned),
        ("i", "ann", .invalidTag("i")),
        ("i", "a=4@example.org", .invalidTag("i")),
        ("i", "ann@example.com", .identityOutsideDomain),
        ("i", "ann@notexample.org", .identityOutsideDomain),
        ("i", "ann@org", .identityOutsideDomain),
        ("l", "100000", .bodyTooShort),
        ("l", "99999999999999999999999999", .bodyTooShort),
        ("a", "rsa-sha1", .sha1),
        ("s", "nowhere", .noKey),
        ("d", "example.com", .noKey),
        ("s", "ed25519", .keyTypeDiffers),
        ("s", "rsa1024", .signatureDiffers),
        ("t", "1800000001", .signatureDiffers),
        ("s", "bücher", .domainNotConvertible),
    ]

    @Test("tags that are missing or not valid", arguments: VerificationTests.tagCases)
    func tags(tag: String, value: String?, reason: DKIM.Reason) async throws {
        let verdict = try await self.verdict(changing: tag, to: value)
        #expect(verdict.reason == reason, "\(tag)=\(value ?? "(none)"): \(verdict)")
        #expect(!verdict.passes)
    }

    /// The sample signed by a key that was told more than the signer's fields say.
    private func signature(
        _ change: (inout DKIM.Signer) -> Void,
        record: String? = nil,
        at now: Int64 = 1_800_000_000,
        signedAt: Int64 = 1_800_000_000
    ) async throws -> DKIM.Verdict {
        var signer = try TestKeys.signer("rsa2048")
        change(&signer)
        let octets = try signed(sample, signer, at: signedAt)
        var records = try TestKeys.records()
        if let record {
            records["rsa2048._domainkey.example.org"] =
                try TestKeys.key("rsa2048").keyRecord.description.replacing("v=DKIM1;", with: record)
        }
        return try #require(await verify(octets, Zone(keys: records), at: now).dkim.verdicts.first)
    }

    @Test("times: t= in the future, x= past")
    func times() async throws {
        let now: Int64 = 1_800_000_000
        #expect(try await self.signature({ _ in }, signedAt: now + 86_400).reason == .signedInFuture)
        #expect(try await self.signature({ _ in }, signedAt: now + 3600).passes)
        let lifetime = { (signer: inout DKIM.Signer) in signer.lifetime = .seconds(1000) }
        #expect(try await self.signature(lifetime, signedAt: now - 999).passes)
        #expect(try await self.signature(lifetime, signedAt: now - 1299).passes, "clocks differ")
        let late = try await self.signature(lifetime, signedAt: now - 1301)
        #expect(late.reason == .expired && late.result == .policy)
    }

    @Test("i= and t=s: a subdomain only where the key allows it")
    func identity() async throws {
        let subdomain = { (signer: inout DKIM.Signer) in signer.identity = "ann;=x@lists.example.org" }
        let allowed = try await self.signature(subdomain)
        #expect(allowed.passes)
        #expect(allowed.signature?.identity == "ann;=x@lists.example.org")
        #expect(try await self.signature(subdomain, record: "t=s;").reason == .keyForbidsSubdomains)
        #expect(try await self.signature({ $0.identity = "ann@EXAMPLE.org" }, record: "t=s;").passes)
        #expect(try await self.signature({ _ in }, record: "t=s;").passes)
    }

    @Test("flags and restrictions of the key")
    func keyFlags() async throws {
        let testing = try await self.signature({ _ in }, record: "t=y;")
        #expect(testing.passes && testing.isTesting)
        #expect(testing.description.contains("t=y"))
        #expect(try await self.signature({ _ in }, record: "h=sha1;").reason == .keyForbidsHash)
        #expect(try await self.signature({ _ in }, record: "h=sha1:sha256;").passes)
        #expect(try await self.signature({ _ in }, record: "s=tlsrpt;").reason == .keyForbidsService)
        #expect(try await self.signature({ _ in }, record: "s=email;").passes)
        #expect(try await self.signature({ _ in }, record: "g=nobody;").passes, "g= is of RFC 4871")
        #expect(try await self.signature({ _ in }, record: "v=DKIM1; v=DKIM1;").result == .permerror)
    }

    private func verdict(records: [TXTRecord], failing: DNSError? = nil) async throws -> DKIM.Verdict {
        let name = try #require(DNSName("rsa2048._domainkey.example.org"))
        var zone = Zone()
        for record in records { zone.add(.txt(record), at: name, isAuthenticated: true) }
        if let failing { zone.fail(name, with: failing) }
        let octets = try signed(sample, try TestKeys.signer("rsa2048"))
        return try #require(await verify(octets, zone).dkim.verdicts.first)
    }

    @Test("what DNS says: temporary failures are no verdict, absence is")
    func dns() async throws {
        let temporary = try await self.verdict(records: [], failing: .temporary("time-out"))
        #expect(temporary.result == .temperror)
        #expect(try await self.verdict(records: [], failing: .bogus("signature")).result == .temperror)
        #expect(try await self.verdict(records: [], failing: .nameDoesNotExist).reason == .noKey)
        #expect(try await self.verdict(records: []).reason == .noKey)
    }

    @Test("several strings and several records")
    func records() async throws {
        let text = Array(try TestKeys.key("rsa2048").keyRecord.description.utf8)
        let good = TXTRecord(
            strings: stride(from: 0, to: text.count, by: 50).map { Array(text[$0..<min($0 + 50, text.count)]) }
        )
        let other = TXTRecord(strings: [Array(try TestKeys.key("rsa1024").keyRecord.description.utf8)])
        let noise = TXTRecord(strings: [Array("v=spf1 -all".utf8)])
        let verdict = try await self.verdict(records: [good])
        #expect(verdict.passes && verdict.isKeyAuthenticated && verdict.keyBits == 2048)
        #expect(try await self.verdict(records: [noise, other, good]).passes)
        #expect(try await self.verdict(records: [other, noise]).reason == .signatureDiffers)
        #expect(try await self.verdict(records: [noise]).reason == .malformedKey(.version))
        #expect(try await self.verdict(records: [TXTRecord(strings: [Array("p=".utf8)])]).reason == .keyRevoked)
        #expect(try await self.verdict(records: [TXTRecord(strings: [Array("p=AAEC".utf8)])]).reason == .invalidKey)
        #expect(try await self.verdict(records: [noise, noise, noise, noise, good]).passes == false, "a bound")
    }

    @Test("an RSA key of less than 1024 bits can neither sign nor pass")
    func shortKey() async throws {
        #expect(throws: DKIM.SigningKey.Fault.tooShort) { try TestKeys.key("rsa768") }
        // The public half of rsa768.pem.
        let short =
            "p=MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhAMOTWqgR9GXZLUYXmuL6rGaDGwsGN9XPRCO6iBCBlCcqzpg/"
            + "2Jtlk8U8svrvyFVminTMCmY36dluX7PcoCvyfb8pAcwoPuX565mp0gY+MTdsboSJ72h9zmPoxhmMjrZw5QIDAQAB"
        let verdict = try await self.verdict(records: [TXTRecord(strings: [Array(short.utf8)])])
        #expect(verdict.reason == .keyTooShort)
    }

    @Test("many signatures: a bound, and one that passes is enough")
    func many() async throws {
        let good = try TestKeys.signer("rsa2048")
        let bad = try TestKeys.signer("ed25519", domain: "example.net")
        let octets = try signed(sample, bad, good, bad)
        let results = await verify(octets, try TestKeys.zone()).dkim
        #expect(results.verdicts.map { $0.passes } == [false, true, false])
        #expect(results.result == .pass && results.passing.map { $0.domain } == ["example.org"])
        var limits = MessageVerifier.Limits()
        limits.maximumSignatures = 1
        let bounded = await verify(octets, try TestKeys.zone(), limits: limits).dkim
        #expect(bounded.verdicts.count == 1 && bounded.uncheckedSignatures == 2 && bounded.result == .permerror)
    }

    @Test("l=: what lies beyond is said to be unsigned")
    func length() async throws {
        let text = "From: a@example.org\r\n\r\n"
        let body = "signed\r\n"
        // No signer of ours writes l=, so the field is made by hand.
        let hash = Base64.encodeToString(Array(SHA256.hash(data: Array(body.utf8))))
        let unsigned =
            "DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d=example.org; s=ed25519; l=8; h=from; bh=\(hash); b="
        let digest = SHA256.hash(data: Array("From: a@example.org\r\n\(unsigned)".utf8))
        let key = try Curve25519.Signing.PrivateKey(pemRepresentation: try TestKeys.pem("ed25519"))
        let signature = Base64.encodeToString(Array(try key.signature(for: Array(digest))))
        for (more, count) in [("", UInt64(0)), ("added\r\n", 7), ("\r\n\r\n", 0)] {
            let message = "\(unsigned)\(signature)\r\n\(text)\(body)\(more)"
            let verdict = try #require(try await verify(Array(message.utf8), TestKeys.zone()).dkim.verdicts.first)
            #expect(verdict.passes && verdict.unsignedBodyOctets == count, "\(verdict)")
            #expect(verdict.description.contains("not signed") == (count > 0))
        }
        let shorter = "\(unsigned)\(signature)\r\n\(text)x\r\n"
        #expect(try await verify(Array(shorter.utf8), TestKeys.zone()).dkim.verdicts.first?.reason == .bodyTooShort)
    }

    @Test("domains in U-labels are looked up in A-labels, RFC 8616")
    func internationalized() async throws {
        var signer = try TestKeys.signer("ed25519", domain: "bücher.example")
        signer.selector = "schlüssel"
        let octets = try signed(sample, signer)
        let record = signer.key.keyRecord.description
        let zone = Zone(keys: ["xn--schlssel-95a._domainkey.xn--bcher-kva.example": record])
        let known = ["bücher.example": "xn--bcher-kva.example", "schlüssel": "xn--schlssel-95a"]
        let verdict = await verify(octets, zone, alabels: { known[$0] }).dkim.verdicts.first
        #expect(verdict?.passes == true && verdict?.domain == "bücher.example")
        #expect(await verify(octets, zone).dkim.verdicts.first?.reason == .domainNotConvertible)
    }

    @Test("a header section beyond its limits has no signature that passes")
    func tooLarge() async throws {
        var limits = MessageVerifier.Limits()
        limits.header.maximumOctets = 200
        let octets = try signed(sample, try TestKeys.signer("ed25519"))
        let results = await verify(octets, try TestKeys.zone(), chunk: 64, limits: limits)
        #expect(results.dkim.verdicts.first?.reason == .headerTooLarge && results.dkim.result == .permerror)
        #expect(results.arc.reason == .headerTooLarge)
    }

    @Test("a message without a signature")
    func none() async throws {
        for octets in [sample, [], message("From: a@example.org"), message("", "body")] {
            let results = await verify(octets, Zone())
            #expect(results.dkim.result == .none && results.dkim.verdicts.isEmpty && results.arc.status == .none)
        }
    }
}
