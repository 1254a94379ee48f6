import DNS
import Foundation
import MailSyntax
import MessageAuthentication
import Testing

/// The cases that others published, or that several verifiers were asked about.
@Suite("DKIM, the shared vectors", .enabled(if: DKIMVectors.has("dkim"), DKIMVectors.skip))
struct DKIMVectorTests {
    struct Consensus: Decodable {
        struct Case: Decodable {
            var name: String
            var allowed: [String]
            var message_b64: String
        }
        var zone_txt: [String: String]
        var cases: [Case]
    }

    @Test("messages that several verifiers were asked about", arguments: [1, 7, 65_536])
    func consensus(chunk: Int) async throws {
        let file: Consensus = try DKIMVectors.json("dkim/consensus.json")
        let zone = Zone(keys: file.zone_txt)
        var agreed = 0
        var open = 0
        for vector in file.cases {
            let message = try #require(Data(base64Encoded: vector.message_b64))
            let results = await verify(Array(message), zone, at: 1_795_392_000, chunk: chunk).dkim
            let verdict = results.result == .pass ? "pass" : "notpass"
            if vector.allowed.count > 1 { open += 1 }
            #expect(vector.allowed.contains(verdict), "\(vector.name): \(results.verdicts.map(\.description))")
            if vector.allowed.contains(verdict) { agreed += 1 }
        }
        DKIMVectors.report("DKIM consensus", agreed, of: file.cases.count, "\(open) of them open, chunks of \(chunk)")
        #expect(file.cases.count >= 193)
    }

    struct MailDKIM: Decodable {
        struct Case: Decodable {
            var file: String
            var strict: String
        }
        var cases: [Case]
    }

    @Test("Mail::DKIM's corpus by today's rules")
    func mailDKIM() async throws {
        var zone = Zone()
        let records = String(decoding: try DKIMVectors.octets("dkim/mail-dkim/FAKE_DNS.dat"), as: UTF8.self)
        for line in records.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
            guard parts.count == 2, parts[1] != "NXDOMAIN" else { continue }
            if parts[1].hasPrefix("~~") {
                let name = try #require(DNSName(parts[0]))
                zone.fail(name, with: .temporary("time-out"))
            } else {
                zone.addText(parts[1] == "\"\"" ? "" : String(parts[1]), at: String(parts[0]))
            }
        }
        let file: MailDKIM = try DKIMVectors.json("dkim/mail-dkim/expected.json")
        var agreed = 0
        for vector in file.cases {
            let message = DKIMVectors.withCRLF(try DKIMVectors.octets("dkim/mail-dkim/\(vector.file)"))
            let results = await verify(message, zone).dkim
            let verdict =
                switch results.result {
                case .pass: "pass"
                case .none: "none"
                default: "notpass"
                }
            #expect(verdict == vector.strict, "\(vector.file): \(results.verdicts.map(\.description))")
            if verdict == vector.strict { agreed += 1 }
        }
        DKIMVectors.report("DKIM Mail-DKIM", agreed, of: file.cases.count)
        #expect(file.cases.count >= 40)
    }

    @Test("the RFCs' examples and real mail, from mail-auth")
    func mailAuth() async throws {
        var passed = 0
        var signatures = 0
        for file in 1...6 {
            let octets = try DKIMVectors.octets("dkim/mail-auth/00\(file).txt")
            let text = String(decoding: octets, as: UTF8.self)
            let parts = text.split(separator: "\n\n", maxSplits: 1)
            let message = try #require(parts.count == 2 ? parts.last : nil)
            var zone = Zone()
            for line in parts[0].split(separator: "\n") {
                let record = line.split(separator: " ", maxSplits: 1)
                zone.addText(String(record[1]), at: String(record[0]))
            }
            let results = await verify(DKIMVectors.withCRLF(Array(message.utf8)), zone, at: 1_667_843_664).dkim
            for verdict in results.verdicts {
                #expect(verdict.passes, "00\(file): \(verdict)")
                if verdict.passes { passed += 1 }
            }
            signatures += results.verdicts.count
        }
        DKIMVectors.report("DKIM mail-auth signatures", passed, of: signatures)
        #expect(signatures == 8)
    }

    /// dkimpy's data holds keys, records and messages; what they must give is written here.
    @Test(
        "dkimpy's messages with its records",
        arguments: [
            ("test.message", "test.txt", DKIM.ResultCode.pass), ("test.message", "test2.txt", .pass),
            ("test.message", "badk.txt", .permerror), ("test.message", "badversion.txt", .permerror),
            ("test.message", "test_bad.txt", .permerror), ("test.message", "test_tlsrpt.txt", .permerror),
            ("test2.message", "test.txt", .pass), ("test_extra.message", "test.txt", .pass),
            ("rfc6376.msg", "test.txt", .pass),
        ]
    )
    func dkimpyRecords(file: String, record: String, expected: DKIM.ResultCode) async throws {
        let pem = String(decoding: try DKIMVectors.octets("dkim/dkimpy/test.private"), as: UTF8.self)
        let key = try DKIM.SigningKey(pem: pem)
        let message = DKIMVectors.withCRLF(try DKIMVectors.octets("dkim/dkimpy/\(file)"))
        let signer = DKIM.Signer(domain: "example.com", selector: "test", key: key)
        var signing = MessageSigner([signer], secondsSince1970: 1_800_000_000)
        signing.receive(message)
        let signed = try signing.finish().fields.flatMap(\.octets) + message
        var zone = Zone()
        zone.addText(
            String(decoding: try DKIMVectors.octets("dkim/dkimpy/\(record)"), as: UTF8.self)
                .trimmingCharacters(in: .newlines),
            at: "test._domainkey.example.com"
        )
        // test2.message has a signature of its own, whose domain has no key here.
        let results = await verify(signed, zone).dkim
        let first = try #require(results.verdicts.first)
        #expect(first.result == expected, "\(first)")
    }

    @Test("a message without From is not signed")
    func noFrom() throws {
        let seed = try #require(
            Data(
                base64Encoded: String(decoding: try DKIMVectors.octets("dkim/dkimpy/rfc8032_7_1.key"), as: UTF8.self)
                    .trimmingCharacters(in: .newlines)
            )
        )
        let key = try DKIM.SigningKey(ed25519Seed: Array(seed))
        #expect(key.keyRecord.description == "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
        let message = DKIMVectors.withCRLF(try DKIMVectors.octets("dkim/dkimpy/test_nofrom.message"))
        var signing = MessageSigner(
            [DKIM.Signer(domain: "example.com", selector: "test", key: key)],
            secondsSince1970: 1_800_000_000
        )
        signing.receive(message)
        #expect(throws: MessageSigner.Fault.missingFrom) { try signing.finish() }
    }

    @Test("the signed message of RFC 6376 and RFC 8463, and Exim's, as dkimpy has them")
    func signedMessages() async throws {
        var zone = Zone(keys: [
            "brisbane._domainkey.football.example.com":
                "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
        ])
        zone.addText(
            String(decoding: try DKIMVectors.octets("dkim/dkimpy/test.txt"), as: UTF8.self)
                .trimmingCharacters(in: .newlines),
            at: "test._domainkey.football.example.com"
        )
        zone.addText(
            String(decoding: try DKIMVectors.octets("dkim/dkimpy/eximtest.dns"), as: UTF8.self)
                .trimmingCharacters(in: .newlines),
            at: "sed._domainkey.test.ex"
        )
        let rfc = DKIMVectors.withCRLF(try DKIMVectors.octets("dkim/dkimpy/rfc6376.signed.msg"))
        let verdicts = await verify(rfc, zone).dkim.verdicts
        #expect(verdicts.count == 2)
        for verdict in verdicts { #expect(verdict.passes, "\(verdict)") }
        let exim = DKIMVectors.withCRLF(try DKIMVectors.octets("dkim/dkimpy/ed25519test2.msg"))
        for verdict in await verify(exim, zone).dkim.verdicts { #expect(verdict.passes, "\(verdict)") }
    }
}
