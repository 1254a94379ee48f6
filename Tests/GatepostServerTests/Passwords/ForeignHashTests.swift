import SASL
import Testing

@testable import GatepostServer

@Suite("Hashes that other servers made")
struct ForeignHashTests {
    /// What is stored of a secret, asked for a password.
    private static func verify(_ secret: ForeignSecret, _ password: Secret) throws -> Bool {
        switch secret {
        case .hash(let hash): try hash.verify(password)
        case .scram(let keys): keys.verify(password: password)
        case .clearText(let text): text == password
        }
    }

    private static func kind(_ secret: ForeignSecret) -> String {
        switch secret {
        case .hash(let hash): hash.kind
        case .scram(let keys): keys.hash.mechanism.description
        case .clearText: "(clear text)"
        }
    }

    @Test("the vectors are there")
    func vectorsExist() {
        #expect(ForeignVector.all.count > 60)
    }

    @Test("fit their password and no other", arguments: ForeignVector.all)
    func verifies(_ vector: ForeignVector) throws {
        let secret = try ForeignSecret(vector.hash)
        #expect(Self.kind(secret) == vector.kind)
        #expect(try Self.verify(secret, Secret(vector.password)))
        for wrong in ["", "x", vector.password + "x", String(vector.password.dropLast()), vector.password.uppercased()]
        where wrong != vector.password {
            #expect(try !Self.verify(secret, Secret(wrong)), "\(wrong)")
        }
        #expect(
            try !Self.verify(secret, Secret(Array(vector.password.utf8) + [0])),
            "a NUL ends a C string, not a password"
        )
    }

    @Test("cut off at any place they are refused or fit nothing", arguments: ForeignVector.all)
    func cutOff(_ vector: ForeignVector) throws {
        guard vector.kind != "(clear text)" else { return }
        let octets = Array(vector.hash.utf8)
        for count in octets.indices.dropLast(0) {
            guard let text = String(validating: octets[..<count], as: UTF8.self) else { continue }
            // Salted digests and Argon2 hashes of another length are still whole; slow ones are not tried at every length.
            guard let secret = try? ForeignSecret(text), count > octets.count - 3 else { continue }
            #expect(try !Self.verify(secret, Secret(vector.password)), "\(count) of \(octets.count) octets")
        }
    }

    static let refused: [(String, String)] = [
        ("", "is empty"),
        ("secret", "has no scheme"),
        ("!$6$salt$hash", "is locked"),
        ("*", "is locked"),
        ("{SSHA", "has no }"),
        ("{SSHA}", "has nothing after"),
        ("{SSHA}not base64!", "is not base64"),
        ("{SHA}AAAA", "has 3 octets"),
        ("{SSHA}" + String(repeating: "A", count: 24), "is cut off"),
        ("{SSHA.rot13}AAAA", "unknown encoding"),
        ("{WHIRLPOOL}AAAA", "not supported"),
        ("{CRAM-MD5}AAAA", "no PLAIN login"),
        ("{CRYPT}ab1234567890.", "traditional DES"),
        ("{BLF-CRYPT}$1$salt$" + String(repeating: "a", count: 22), "is MD5-CRYPT, not what"),
        ("$9$salt$hash", "kind $9$"),
        ("$1$salt$short", "is cut off"),
        ("$2b$31$" + String(repeating: "a", count: 53), "asks for a cost"),
        ("$2b$5$" + String(repeating: "a", count: 53), "asks for a cost"),
        ("$6$rounds=999999999$salt$" + String(repeating: "a", count: 86), "asks for rounds"),
        ("$5$rounds=-1$salt$" + String(repeating: "a", count: 43), "asks for rounds"),
        ("$5$rounds=99999999999999999999$salt$" + String(repeating: "a", count: 43), "asks for rounds"),
        ("$y$jLT$salt$" + String(repeating: "a", count: 43), "asks for yescrypt"),
        ("$y$j9z$salt$" + String(repeating: "a", count: 43), "asks for yescrypt"),
        ("$y$j9T5$salt$" + String(repeating: "a", count: 43), "asks for yescrypt"),
        ("$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "asks for too much"),
        ("$argon2id$v=19$m=65536,t=4294967295,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "asks for too much"),
        ("$argon2id$v=19$m=65536,t=64,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "asks for too much"),
        ("$argon2id$v=19$m=65536,t=1,p=255$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "asks for too much"),
        ("$argon2id$v=19$m=9223372036854775807,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "asks for too much"),
        ("$argon2id$v=77$m=65536,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "version 77"),
        ("{PBKDF2}$1$salt$1000000000$" + String(repeating: "a", count: 40), "asks for rounds"),
        ("{PBKDF2}$1$salt$0$" + String(repeating: "a", count: 40), "asks for rounds"),
        ("{PBKDF2}$1$salt$5000$abc", "is not of the form"),
        ("{SCRAM-SHA-256}4096,AAAA,AAAA,AAAA", "is not of the form"),
        (
            "{SCRAM-SHA-1}1,AAAA,\(String(repeating: "A", count: 27))=,\(String(repeating: "A", count: 27))=",
            "iterations"
        ),
        (
            "{SCRAM-SHA-1}2147483648,AAAA,\(String(repeating: "A", count: 27))=,\(String(repeating: "A", count: 27))=",
            "iterations"
        ),
        ("{PLAIN}" + String(repeating: "a", count: 1100), "longer than"),
    ]

    @Test("broken, unknown and absurdly costly ones are refused with the reason", arguments: refused)
    func refuses(_ text: String, _ reason: String) {
        do {
            let secret = try ForeignSecret(text)
            Issue.record("\(text) was taken for \(Self.kind(secret))")
        } catch {
            #expect(error.description.contains(reason), "\(error)")
        }
    }

    @Test("a secret is never printed")
    func printsNothing() throws {
        let hash = try ForeignHash("{SSHA}rtTpzZDA31CrbZ3bXJlRzqDvqzMGoFYa")
        #expect("\(hash)" == "SSHA")
    }
}
