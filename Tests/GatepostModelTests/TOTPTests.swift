import GatepostModel
import SASL
import Testing

@Suite("One-time passwords, RFC 4226 and RFC 6238")
struct TOTPTests {
    private static func secret(_ algorithm: TOTP.Algorithm) -> Secret {
        let digits = Array("1234567890".utf8)
        return Secret((0..<TOTP.secretOctets(algorithm)).map { digits[$0 % 10] })
    }

    @Test(
        "RFC 4226 appendix D",
        arguments: zip(
            [UInt64](0..<10),
            [
                "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
            ]
        )
    )
    func hotp(_ counter: UInt64, _ code: String) {
        #expect(TOTP.code(secret: Self.secret(.sha1), counter: counter, parameters: .standard) == code)
    }

    struct Vector: Sendable {
        var seconds: Int64
        var codes: [TOTP.Algorithm: String]

        init(_ seconds: Int64, _ sha1: String, _ sha256: String, _ sha512: String) {
            self.seconds = seconds
            self.codes = [.sha1: sha1, .sha256: sha256, .sha512: sha512]
        }
    }

    @Test(
        "RFC 6238 appendix B",
        arguments: [
            Vector(59, "94287082", "46119246", "90693936"),
            Vector(1_111_111_109, "07081804", "68084774", "25091201"),
            Vector(1_111_111_111, "14050471", "67062674", "99943326"),
            Vector(1_234_567_890, "89005924", "91819424", "93441116"),
            Vector(2_000_000_000, "69279037", "90698825", "38618901"),
            Vector(20_000_000_000, "65353130", "77737706", "47863826"),
        ],
        TOTP.Algorithm.allCases
    )
    func totp(_ vector: Vector, _ algorithm: TOTP.Algorithm) throws {
        let parameters = try #require(TOTP.Parameters(algorithm: algorithm, digits: 8, period: 30))
        let now = Timestamp(secondsSince1970: vector.seconds)
        let code = try #require(vector.codes[algorithm])
        let step = TOTP.step(at: now, period: 30)
        #expect(TOTP.code(secret: Self.secret(algorithm), counter: UInt64(step), parameters: parameters) == code)
        let verdict = TOTP.verify(
            code,
            secret: Self.secret(algorithm),
            parameters: parameters,
            lastStep: nil,
            now: now
        )
        #expect(verdict == .accepted(step: step))
    }

    private static let now = Timestamp(secondsSince1970: 1_800_000_000)
    private static let step = TOTP.step(at: now, period: 30)

    private func verify(_ typed: String, lastStep: Int64? = nil, now: Timestamp = Self.now) -> TOTP.Verdict {
        TOTP.verify(
            typed,
            secret: Self.secret(.sha1),
            parameters: .standard,
            lastStep: lastStep,
            now: now
        )
    }

    private func code(_ step: Int64) -> String {
        TOTP.code(secret: Self.secret(.sha1), counter: UInt64(step), parameters: .standard)
    }

    @Test(
        "the step before and the one after count, the next ones are a wrong clock",
        arguments: -21...21 as ClosedRange<Int64>
    )
    func window(_ distance: Int64) {
        let verdict = self.verify(self.code(Self.step + distance))
        #expect(verdict == (abs(distance) <= 1 ? .accepted(step: Self.step + distance) : .clockSkew(steps: distance)))
    }

    @Test("a code counts once, and none before it")
    func replay() {
        #expect(self.verify(self.code(Self.step), lastStep: Self.step - 1) == .accepted(step: Self.step))
        #expect(self.verify(self.code(Self.step), lastStep: Self.step) == .replayed)
        #expect(self.verify(self.code(Self.step - 1), lastStep: Self.step) == .replayed)
        #expect(self.verify(self.code(Self.step + 1), lastStep: Self.step) == .accepted(step: Self.step + 1))
        #expect(self.verify(self.code(Self.step), lastStep: Self.step + 1) == .replayed, "the clock was set back")
    }

    @Test(
        "what is no code is wrong",
        arguments: ["", "12345", "1234567", "12345a", "१२३४५६", "-12345", "      ", "99999999999999999999"]
    )
    func wrong(_ typed: String) {
        #expect(self.verify(typed) == .wrong)
    }

    @Test("spaces that people type between digits are ignored")
    func spaces() {
        let code = self.code(Self.step)
        #expect(self.verify(" \(code.prefix(3)) \(code.suffix(3)) ") == .accepted(step: Self.step))
    }

    @Test("times before 1970 and far ahead do not trap", arguments: [Int64.min, -1, 0, 1, 29, 30, Int64.max / 1000])
    func extremes(_ seconds: Int64) {
        let verdict = self.verify("000000", now: Timestamp(secondsSince1970: seconds))
        if case .replayed = verdict { Issue.record("nothing was used before") }
        #expect(TOTP.step(at: Timestamp(secondsSince1970: -1), period: 30) == -1)
    }

    @Test("impossible parameters are none", arguments: [(5, 30), (9, 30), (6, 0), (6, -30), (6, 301)])
    func parameters(_ digits: Int, _ period: Int) {
        #expect(TOTP.Parameters(algorithm: .sha1, digits: digits, period: period) == nil)
    }

    @Test("the address for authenticator programs means what it says, whatever the names hold")
    func address() throws {
        let parameters = try #require(TOTP.Parameters(algorithm: .sha256, digits: 8, period: 60))
        let text = TOTP.address(
            secret: Secret(Array("Hello!\u{7f}ok".utf8)),
            issuer: "mail.example.org: \"A&B\"",
            account: "al+ice@exämple.org",
            parameters: parameters
        )
        #expect(
            text
                == "otpauth://totp/mail.example.org%3A%20%22A%26B%22:al%2Bice%40ex%C3%A4mple.org?secret=JBSWY3DPEF7W62Y"
                + "&issuer=mail.example.org%3A%20%22A%26B%22&algorithm=SHA256&digits=8&period=60"
        )
    }

    @Test(
        "Base32, RFC 4648 section 10",
        arguments: [
            ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ]
    )
    func base32(_ text: String, _ encoded: String) {
        #expect(Base32.encode(Array(text.utf8)) == encoded)
        #expect(Base32.decode(encoded) == Array(text.utf8))
        #expect(Base32.decode(encoded.lowercased() + "==") == Array(text.utf8))
    }

    @Test("what is not Base32 is refused", arguments: ["M", "MZ0", "MZ1", "M=Y", "MZ", "MZXW6Y", "ÄÄ"])
    func notBase32(_ text: String) {
        #expect(Base32.decode(text) == nil)
    }
}
