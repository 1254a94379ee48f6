import Foundation
import MailSyntax
import Testing

@Suite("Base64, RFC 4648 §4")
struct Base64Tests {
    @Test(
        "the RFC's vectors both ways (§10)",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
    )
    func rfc4648(_ plain: String, _ encoded: String) {
        #expect(Base64.encodeToString(plain.utf8) == encoded)
        #expect(Base64.encode(plain.utf8) == Array(encoded.utf8))
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        #expect(Base64.decode(Array(encoded.utf8)) == Array(plain.utf8))
    }

    @Test("decoding undoes encoding at every length", arguments: 0...260)
    func roundTrip(_ count: Int) {
        var generator = SeededGenerator(seed: UInt64(count))
        let octets = generator.octets(count...count)
        let encoded = Base64.encode(octets)
        #expect(encoded.count == (count + 2) / 3 * 4)
        #expect(Base64.decode(encoded) == octets)
        // Storage that is not contiguous takes another way in.
        #expect(Base64.encode(octets.lazy.map { $0 }) == encoded)
        #expect(Base64.decode(encoded.lazy.map { $0 }) == octets)
    }

    @Test("all octets are refused that are no digits, at every place of a group")
    func everyOctet() {
        let digits = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for octet in UInt8.min...UInt8.max {
            for place in 0..<4 {
                var text = Array("AAAAAAAA".utf8)
                text[place] = octet
                #expect((Base64.decode(text) != nil) == digits.contains(octet), "octet \(octet) at \(place)")
            }
        }
    }

    @Test(
        "what strictness refuses",
        arguments: [
            "A", "AA", "AAA", "AAAAA", "=", "==", "====", "A===", "=AAA", "AA=A", "AA==AAAA", "AAA=AAAA", "AAAA=AAA",
            "AAAA====",
            "AB==", "AP==", "AAB=", "AAD=", "AA A", " AAAA", "AAAA ", "AAAA\r\n", "AA\r\nAA", "AAA-", "AAA_", "AAA\0",
            "ＡAAA",
        ]
    )
    func refuses(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(
        "the malformed responses that others collected",
        .enabled(if: Vectors.hasShared("sasl/plain-login-oauth-external.json"), "shared vectors are absent")
    )
    func sharedRejects() throws {
        struct File: Decodable { let base64_reject: [String] }
        let file = Vectors.shared.appendingPathComponent("sasl/plain-login-oauth-external.json")
        let cases = try Vectors.json(file, as: File.self).base64_reject
        #expect(cases.count >= 13)
        for text in cases { #expect(Base64.decode(text) == nil, "\(text)") }
    }
}
