import GatepostModel
import MailSyntax
import SMTP
import Testing

@Suite("The one author of a device's mail")
struct FixedAuthorTests {
    private static let scanner = Mailbox(localPart: "scanner", domain: try! Domain(parsing: "example.org"))

    private func fixed(_ header: String, replacing: Bool) -> Result<String, HeaderFixups.Refusal> {
        HeaderFixups.fixed(Array(header.utf8), to: FixedAuthor(mailbox: Self.scanner, replacesOthers: replacing))
            .map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        "refusing leaves a header as it is, or refuses it",
        arguments: [
            ("From: scanner@example.org\r\nSubject: s\r\n\r\nbody", nil),
            ("From: The Scanner <SCANNER@Example.ORG>\r\n\r\n", nil),
            ("From: bob@example.org\r\n\r\n", "bob@example.org"),
            ("From: scanner@example.org, bob@example.org\r\n\r\n", "bob@example.org"),
            ("From: scanner+x@example.org\r\n\r\n", "scanner+x@example.org"),
            // What is no address is for the rules of submission to refuse.
            ("From: Copier\r\n\r\n", nil),
            ("Subject: s\r\n\r\n", nil),
        ] as [(String, String?)]
    )
    func refuses(_ header: String, _ stranger: String?) throws {
        let result = self.fixed(header, replacing: false)
        if let stranger {
            #expect(result == .failure(.fromNotFixed(try Mailbox(parsing: stranger), fixed: Self.scanner)))
        } else {
            #expect(result == .success(header))
        }
    }

    struct Vector: Sendable, CustomTestStringConvertible {
        var name: String
        var input: String
        var output: String
        var testDescription: String { self.name }
    }

    static let vectors = [
        Vector(
            name: "its own stays, name and all",
            input: "From: The Scanner <scanner@example.org>\r\nSender: x@example.org\r\n\r\nbody",
            output: "From: The Scanner <scanner@example.org>\r\nSender: x@example.org\r\n\r\nbody"
        ),
        Vector(
            name: "another becomes Reply-To",
            input: "From: Bob\r\n <bob@example.org>\r\nSender: x@example.org\r\nSubject: s\r\n\r\nbody",
            output: "Subject: s\r\nFrom: scanner@example.org\r\nReply-To: Bob\r\n <bob@example.org>\r\n\r\nbody"
        ),
        Vector(
            name: "not where there is one",
            input: "From: bob@example.org\r\nReply-To: eve@example.org\r\n\r\n",
            output: "Reply-To: eve@example.org\r\nFrom: scanner@example.org\r\n\r\n"
        ),
        Vector(
            name: "what is no address is dropped",
            input: "From: Copier on floor 2\r\nSubject: s\r\n\r\n",
            output: "Subject: s\r\nFrom: scanner@example.org\r\n\r\n"
        ),
        Vector(
            name: "two fields become one",
            input: "From: bob@example.org\r\nFrom: eve@example.org\r\n\r\n",
            output: "From: scanner@example.org\r\n\r\n"
        ),
        Vector(name: "none is filled in", input: "\r\nbody", output: "From: scanner@example.org\r\n\r\nbody"),
        Vector(
            name: "a header without an end",
            input: "Subject: s",
            output: "Subject: s\r\nFrom: scanner@example.org\r\n"
        ),
    ]

    @Test("rewriting", arguments: vectors)
    func rewrites(_ vector: Vector) {
        #expect(self.fixed(vector.input, replacing: true) == .success(vector.output))
    }

    @Test("the reverse-path")
    func reversePath() throws {
        let bob = ReversePath.mailbox(try Mailbox(parsing: "bob@example.org"))
        let own = ReversePath.mailbox(try Mailbox(parsing: "Scanner@EXAMPLE.org"))
        let refusing = FixedAuthor(mailbox: Self.scanner, replacesOthers: false)
        #expect(refusing.reversePath(for: own) == own)
        #expect(refusing.reversePath(for: bob) == nil)
        #expect(refusing.reversePath(for: .null) == nil)
        let rewriting = FixedAuthor(mailbox: Self.scanner, replacesOthers: true)
        for path in [own, bob, .null] { #expect(rewriting.reversePath(for: path) == .mailbox(Self.scanner)) }
    }

    @Test(
        "recipients are addresses, their subaddresses, and domains without their subdomains",
        arguments: [
            ("boss@example.net", true), ("BOSS+scans@example.net", true), ("other@example.net", false),
            ("anybody@example.org", true), ("anybody@sub.example.org", false),
        ]
    )
    func recipients(_ address: String, _ isAllowed: Bool) throws {
        let device = Configuration.Device(
            clients: [],
            recipients: [IdentityPattern("boss@example.net"), IdentityPattern("*@example.org")].compactMap { $0 }
        )
        let path = ForwardPath.mailbox(try Mailbox(parsing: address))
        #expect(device.maySend(to: path) == isAllowed)
        #expect(Configuration.Device(clients: [], recipients: nil).maySend(to: path))
    }
}
