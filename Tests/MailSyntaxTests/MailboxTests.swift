import Foundation
import MailSyntax
import Testing

struct MailboxVectors: Decodable {
    struct Valid: Decodable, CustomTestStringConvertible {
        let text: String
        let localPart: String
        let domain: String
        let printed: String
        var testDescription: String { self.text }
    }
    struct Invalid: Decodable, CustomTestStringConvertible {
        let text: String
        let error: String
        var testDescription: String { self.text.debugDescription }
    }
    let valid: [Valid]
    let invalid: [Invalid]

    static let all: MailboxVectors = {
        do {
            return try Vectors.json(Vectors.own.appendingPathComponent("mail/mailboxes.json"), as: Self.self)
        } catch {
            preconditionFailure("Tests/Vectors/mail/mailboxes.json: \(error)")
        }
    }()

    static let codes: [String: MailSyntaxError.Code] = [
        "empty": .empty, "missingDomain": .missingDomain, "invalidLocalPart": .invalidLocalPart,
        "invalidDomain": .invalidDomain, "invalidAddressLiteral": .invalidAddressLiteral,
        "localPartTooLong": .localPartTooLong, "domainTooLong": .domainTooLong, "pathTooLong": .pathTooLong,
        "sourceRoute": .sourceRoute, "invalidUTF8": .invalidUTF8,
    ]
}

@Suite("Mailbox, RFC 5321 §4.1.2 and RFC 6531 §3.3")
struct MailboxTests {
    @Test("reads and prints", arguments: MailboxVectors.all.valid)
    func valid(_ vector: MailboxVectors.Valid) throws {
        let mailbox = try Mailbox(parsing: vector.text.utf8)
        #expect(mailbox.localPart == vector.localPart)
        #expect(mailbox.domain.description == vector.domain)
        #expect(mailbox.description == vector.printed)
        #expect(try Mailbox(parsing: mailbox.description) == mailbox)
        #expect(mailbox.isASCII == vector.text.utf8.allSatisfy { $0 < 0x80 })
        if mailbox.isASCII {
            #expect(try Mailbox(parsing: vector.text.utf8, allowUTF8: false) == mailbox)
        } else {
            #expect(throws: MailSyntaxError(.nonASCII)) { try Mailbox(parsing: vector.text.utf8, allowUTF8: false) }
        }
    }

    @Test("refuses with the rule that was broken", arguments: MailboxVectors.all.invalid)
    func invalid(_ vector: MailboxVectors.Invalid) throws {
        let code = try #require(MailboxVectors.codes[vector.error])
        #expect(throws: MailSyntaxError(code)) { try Mailbox(parsing: vector.text.utf8) }
    }

    @Test(
        "octets that are no UTF-8 are refused in either part",
        arguments: [[0xC3], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]] as [[UInt8]]
    )
    func invalidUTF8(_ octets: [UInt8]) {
        #expect(throws: MailSyntaxError(.invalidUTF8)) { try Mailbox(parsing: octets + Array("@example.org".utf8)) }
        #expect(throws: MailSyntaxError(.invalidUTF8)) { try Mailbox(parsing: Array("user@".utf8) + octets) }
    }

    @Test("domains compare without case, local parts with it; the canonical form without")
    func comparison() throws {
        let first = try Mailbox(parsing: "User@Example.org")
        #expect(try first == Mailbox(parsing: "User@EXAMPLE.ORG"))
        #expect(try first.hashValue == Mailbox(parsing: "User@EXAMPLE.ORG").hashValue)
        #expect(try first != Mailbox(parsing: "user@example.org"))
        #expect(first.canonical == "user@example.org")
    }

    @Test("a control put in by hand does not get out")
    func control() {
        let mailbox = Mailbox(localPart: "a\r\nDATA", domain: .name("example.org"))
        #expect(mailbox.description == "\"a??DATA\"@example.org")
    }

    @Test("any number of octets is judged in bounded time")
    func huge() {
        let huge = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
        #expect(throws: MailSyntaxError(.localPartTooLong)) { try Mailbox(parsing: huge) }
        #expect(throws: MailSyntaxError(.domainTooLong)) { try Domain(parsing: huge) }
    }

    @Test("what is read prints as what reads the same", arguments: 0..<400)
    func roundTrip(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let localPart = generator.text(0...30, of: "abcXYZ019.@\"\\ <>(),:;[]!#é漢\u{1F4E7}")
        let domain = generator.text(1...3, of: "ab0") + [UInt8(ascii: ".")] + generator.text(1...3, of: "xyzé")
        let mailbox = Mailbox(
            localPart: String(decoding: localPart, as: UTF8.self),
            domain: .name(String(decoding: domain, as: UTF8.self))
        )
        guard mailbox.quotedLocalPart.utf8.count <= Mailbox.maximumLocalPartOctets else { return }
        #expect(try Mailbox(parsing: mailbox.description) == mailbox)
    }

    @Test("random octets never trap, and what passes prints as what reads the same", arguments: 0..<2000)
    func random(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let octets = generator.text(0...40, of: "ab.@@\"\\[]:IPv6 -\0\r\n\u{80}é1")
        guard let mailbox = try? Mailbox(parsing: octets) else { return }
        #expect(try Mailbox(parsing: mailbox.description) == mailbox)
        #expect(!mailbox.description.utf8.contains { ASCII.isControl($0) })
    }
}

@Suite("Paths, RFC 5321 §4.1.1.2 and §4.1.1.3")
struct PathTests {
    @Test("the null reverse-path")
    func null() throws {
        let path = try ReversePath(parsing: "")
        #expect(path == .null)
        #expect(path.description.isEmpty)
        #expect(path.wire == "<>")
        #expect(path.isASCII)
    }

    @Test("the postmaster without a domain, in any letters", arguments: ["postmaster", "Postmaster", "POSTMASTER"])
    func postmaster(_ text: String) throws {
        #expect(try ForwardPath(parsing: text) == .postmaster)
        #expect(ForwardPath.postmaster.wire == "<postmaster>")
        #expect(throws: MailSyntaxError(.missingDomain)) { try ReversePath(parsing: text) }
    }

    @Test("a mailbox")
    func mailbox() throws {
        #expect(try ReversePath(parsing: "a@b.example").wire == "<a@b.example>")
        #expect(try ForwardPath(parsing: "a@b.example").mailbox == Mailbox(parsing: "a@b.example"))
        #expect(throws: MailSyntaxError(.empty)) { try ForwardPath(parsing: "") }
        #expect(throws: MailSyntaxError(.sourceRoute)) { try ForwardPath(parsing: "@a.example:b@c.example") }
        #expect(throws: MailSyntaxError(.missingDomain)) { try ForwardPath(parsing: "postmasters") }
    }
}
