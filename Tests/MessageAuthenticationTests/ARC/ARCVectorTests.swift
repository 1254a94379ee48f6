import DNS
import Foundation
import MailSyntax
import MessageAuthentication
import Testing

/// The ARC test suite of ValiMail.
@Suite("ARC, the shared vectors", .enabled(if: DKIMVectors.has("arc"), DKIMVectors.skip))
struct ARCVectorTests {
    struct Validation: Decodable {
        struct Case: Decodable {
            var message: String
            var cv: String
        }
        var description: String
        var tests: [String: Case]
        var records: [String: String]

        enum CodingKeys: String, CodingKey {
            case description, tests
            case records = "txt-records"
        }
    }

    @Test("chains pass and fail as they must")
    func validation() async throws {
        let sections: [Validation] = try DKIMVectors.json("arc/validation.json")
        var agreed = 0
        var total = 0
        for section in sections {
            let zone = Zone(keys: section.records.mapValues { $0.filter { !$0.isNewline } })
            for (name, vector) in section.tests.sorted(by: { $0.key < $1.key }) {
                let verdict = await verify(DKIMVectors.withCRLF(Array(vector.message.utf8)), zone).arc
                // An empty value: the newest seal says fail, and there is nothing more to say.
                let expected = vector.cv.isEmpty ? "fail" : vector.cv.lowercased()
                #expect(verdict.status.rawValue == expected, "\(section.description), \(name): \(verdict)")
                if verdict.status.rawValue == expected { agreed += 1 }
                total += 1
            }
        }
        DKIMVectors.report("ARC validation", agreed, of: total)
        #expect(total >= 90)
    }

    struct Signing: Decodable {
        struct Case: Decodable {
            var message: String
            var t: Int64
            var headers: String
            var service: String
            var seal: String
            var messageSignature: String
            var results: String

            enum CodingKeys: String, CodingKey {
                case message, t
                case headers = "sig-headers"
                case service = "srv-id"
                case seal = "AS"
                case messageSignature = "AMS"
                case results = "AAR"
            }
        }
        var tests: [String: Case]
        var domain, sel, privatekey: String
        var records: [String: String]

        enum CodingKeys: String, CodingKey {
            case tests, domain, sel, privatekey
            case records = "txt-records"
        }
    }

    /// Tags in any order without white space: the suite's own signers sort and fold their way.
    private func tags(_ text: String) throws -> [String: String] {
        let list = try TagList(parsing: Array(text.utf8.map { $0 == 0x0A ? 0x20 : $0 }))
        return Dictionary(
            uniqueKeysWithValues: list.tags.map { ($0.name, String(decoding: $0.compact, as: UTF8.self)) }
        )
    }

    @Test("sets are made as they must be")
    func signing() async throws {
        let sections: [Signing] = try DKIMVectors.json("arc/sign.json")
        var agreed = 0
        var total = 0
        for section in sections {
            let zone = Zone(keys: section.records.mapValues { $0.filter { !$0.isNewline } })
            let key = try DKIM.SigningKey(pem: section.privatekey)
            for (name, vector) in section.tests.sorted(by: { $0.key < $1.key }) {
                total += 1
                let message = DKIMVectors.withCRLF(Array(vector.message.utf8))
                let chain = await verify(message, zone).arc
                let sealer = ARC.Sealer(
                    domain: section.domain,
                    selector: section.sel,
                    key: key,
                    fields: DKIM.FieldSelection(signed: vector.headers.split(separator: ":").map(String.init))
                )
                let payload = vector.results.split(separator: ";", maxSplits: 1).dropFirst().joined()
                var sealing = MessageSealer(
                    sealer,
                    chain: chain,
                    authenticationResults: payload.replacing("\n", with: " ").trimmingCharacters(in: .whitespaces),
                    secondsSince1970: vector.t
                )
                sealing.receive(message)
                let set = try sealing.finish()
                guard !vector.seal.isEmpty else {
                    #expect(set.isEmpty, "\(name)")
                    if set.isEmpty { agreed += 1 }
                    continue
                }
                try #require(set.count == 3, "\(name)")
                // Seals sign results as they are spelt, and ours are spelt otherwise, so b= of seals differs.
                var seal = try self.tags(set[0].value)
                var expectedSeal = try self.tags(vector.seal)
                #expect(seal.removeValue(forKey: "b") != nil && expectedSeal.removeValue(forKey: "b") != nil)
                let message2 = try self.tags(set[1].value)
                let expectedMessage = try self.tags(vector.messageSignature)
                var messageTags = message2
                var expectedTags = expectedMessage
                #expect(messageTags.removeValue(forKey: "b") != nil && expectedTags.removeValue(forKey: "b") != nil)
                #expect(seal == expectedSeal, "\(name)")
                #expect(messageTags == expectedTags, "\(name)")
                let verdict = await verify(set.flatMap(\.octets) + message, zone).arc
                let isAsExpected = verdict.status == (chain.status == .fail ? .fail : .pass)
                #expect(isAsExpected, "\(name): \(verdict)")
                if seal == expectedSeal, messageTags == expectedTags, isAsExpected { agreed += 1 }
            }
        }
        DKIMVectors.report("ARC signing", agreed, of: total)
        #expect(total >= 12)
    }
}
