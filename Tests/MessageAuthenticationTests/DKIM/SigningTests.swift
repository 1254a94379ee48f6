import DNS
import Foundation
import MailSyntax
import Testing

@testable import MessageAuthentication

@Suite("DKIM signing, RFC 6376 §5")
struct SigningTests {
    static let canonicalizations = DKIM.Canonicalization.Form.allCases.flatMap { header in
        DKIM.Canonicalization.Form.allCases.map { DKIM.Canonicalization(header: header, body: $0) }
    }

    @Test("what is signed verifies", arguments: canonicalizations, ["rsa2048", "rsa1024", "ed25519"])
    func verifies(canonicalization: DKIM.Canonicalization, key: String) async throws {
        for (name, message) in Messages.all {
            let octets = try signed(message, try TestKeys.signer(key, canonicalization))
            for chunk in [3, 100_000] {
                let results = await verify(octets, try TestKeys.zone(), chunk: chunk).dkim
                #expect(results.result == .pass, "\(name): \(results.verdicts)")
            }
        }
    }

    @Test("one changed octet anywhere that is signed breaks it")
    func flipped() async throws {
        let octets = try signed(sample, try TestKeys.signer("ed25519", .simple))
        let zone = try TestKeys.zone()
        for index in stride(from: 0, to: octets.count, by: 7) {
            var changed = octets
            changed[index] ^= 0x01
            #expect(await verify(changed, zone).dkim.result != .pass, "octet \(index)")
        }
    }

    @Test("identity fields are oversigned: a second one breaks the signature")
    func oversigned() async throws {
        let octets = try signed(sample, try TestKeys.signer("rsa2048"))
        for field in ["From: eve@example.net", "Subject: x", "Reply-To: eve@example.net", "Content-Type: text/html"] {
            let added = message(field) + octets
            #expect(
                await verify(added, try TestKeys.zone()).dkim.verdicts.first?.reason == .signatureDiffers,
                "\(field)"
            )
        }
        let traced = message("Received: from a by b", "Sender: list@example.net") + octets
        #expect(try await verify(traced, TestKeys.zone()).dkim.result == .pass, "what lists add does no harm")
        let withSender = try signed(message("Sender: ann@example.org") + sample, try TestKeys.signer("rsa2048"))
        let twice = message("Sender: eve@example.net") + withSender
        #expect(try await verify(twice, TestKeys.zone()).dkim.result == .fail)
    }

    @Test("h= names From first, each field as often as it stands, oversigned ones once more")
    func names() throws {
        let octets = message(
            "From: a@example.org",
            "List-Id: x",
            "Received: y",
            "To: b@example.org",
            "to: c@example.org",
            ""
        )
        let field = try #require(
            try HeaderSection(parsing: signed(octets, try TestKeys.signer("ed25519"))).fields.first
        )
        let signature = try DKIM.Signature(parsing: field)
        #expect(
            signature.signedFields == [
                "from", "from", "reply-to", "to", "to", "to", "cc", "subject", "date", "message-id", "in-reply-to",
                "references", "mime-version", "content-type", "content-transfer-encoding", "list-id",
            ]
        )
        #expect(signature.timestamp == 1_800_000_000 && signature.expiration == nil && signature.bodyLength == nil)
        #expect(
            String(decoding: field.octets, as: UTF8.self).split(separator: "\r\n").allSatisfy { $0.utf8.count <= 78 }
        )
    }

    @Test("From is signed whatever is selected")
    func fromAlways() async throws {
        var signer = try TestKeys.signer("ed25519")
        signer.fields = DKIM.FieldSelection(signed: ["Subject"])
        let octets = try signed(sample, signer)
        let verdict = await verify(octets, try TestKeys.zone()).dkim.verdicts.first
        #expect(verdict?.signature?.signedFields == ["from", "subject"] && verdict?.passes == true)
    }

    @Test("both algorithms in one pass, in the order asked for")
    func both() async throws {
        let octets = try signed(sample, try TestKeys.signer("ed25519"), try TestKeys.signer("rsa2048", .simple))
        let verdicts = await verify(octets, try TestKeys.zone()).dkim.verdicts
        #expect(verdicts.map { $0.signature?.algorithm } == [.ed25519SHA256, .rsaSHA256])
        #expect(verdicts.allSatisfy { $0.passes })
    }

    @Test("RFC 8463 appendix A: both signatures verify, and ours with its Ed25519 key is the same to the octet")
    func rfc8463() async throws {
        let file = TestKeys.folder.appendingPathComponent("rfc8463-appendix-a.txt")
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        let parts = text.split(separator: "\n\n", maxSplits: 1)
        var zone = Zone()
        for line in parts[0].split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1)
            zone.addText(String(words[1]), at: String(words[0]))
        }
        let message = DKIMVectors.withCRLF(Array(parts[1].utf8))
        let verdicts = await verify(message, zone).dkim.verdicts
        #expect(verdicts.count == 2 && verdicts.allSatisfy { $0.passes }, "\(verdicts)")

        let seed = try #require(Data(base64Encoded: "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="))
        let key = try DKIM.SigningKey(ed25519Seed: Array(seed))
        #expect(key.keyRecord.description == "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
        #expect("\(key)" == "ed25519-sha256, 256 bits")
        let header = HeaderIndex(try HeaderSection(parsing: message).fields)
        let signature = try DKIM.Signature(parsing: header.fields[0])
        #expect(try key.sign(signature.headerHash(header, excluding: 0)) == signature.signature)
    }

    static let hazardCases: [(String, TransportHazards)] = [
        ("Subject: x\r\n\r\nplain\r\n", []),
        ("Subject: x\r\n\r\ngrün\r\n", .eightBitBody),
        ("Subject: grün\r\n\r\nplain\r\n", .utf8Header),
        ("Subject: x\r\n\r\na\nb\r\n", .bareLineEnding),
        ("Subject: x\r\n\r\na\rb\r\n", .bareLineEnding),
        ("Subject: x\r\n\r\na\0b\r\n", .nul),
        ("Subject: x\r\n\r\nplain", .missingLineEnding),
        ("Subject: x\r\n\r\na\r", [.bareLineEnding, .missingLineEnding]),
        ("Subject: x\r\n\r\n\(String(repeating: "a", count: 998))\r\n", []),
        ("Subject: x\r\n\r\n\(String(repeating: "a", count: 999))\r\n", .longLine),
        ("X: \(String(repeating: "a", count: 996))\r\n\r\n", .longLine),
    ]

    @Test("what transport might change is said", arguments: SigningTests.hazardCases)
    func hazards(text: String, hazards: TransportHazards) throws {
        let octets = Array("From: a@example.org\r\n\(text)".utf8)
        for chunk in [1, 5, 100_000] {
            var signer = MessageSigner([try TestKeys.signer("ed25519")], secondsSince1970: 1)
            for start in stride(from: 0, to: octets.count, by: chunk) {
                signer.receive(octets[start..<min(start + chunk, octets.count)])
            }
            #expect(try signer.finish().hazards == hazards, "chunks of \(chunk)")
        }
    }

    @Test("names that cannot stand in a field are refused")
    func refusedNames() throws {
        func fault(_ change: (inout DKIM.Signer) -> Void) throws -> MessageSigner.Fault? {
            var signer = try TestKeys.signer("ed25519")
            change(&signer)
            do {
                _ = try signed(sample, signer)
                return nil
            } catch let fault as MessageSigner.Fault {
                return fault
            }
        }
        #expect(try fault { $0.domain = "a;b" } == .invalidName)
        #expect(try fault { $0.selector = "a\r\nX: y" } == .invalidName)
        #expect(try fault { $0.identity = "a@example.net" } == .invalidName)
        #expect(try fault { $0.identity = "a" } == .invalidName)
        #expect(try fault { $0.identity = "ü;\r\n@a.example.org" } == nil)
    }

    @Test(
        "text that is no key",
        arguments: ["", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
    )
    func noKey(pem: String) {
        #expect(throws: DKIM.SigningKey.Fault.unreadable) { try DKIM.SigningKey(pem: pem) }
    }
}
