import Foundation
import Testing

@Suite("Keys and records of domains")
struct SigningVerbTests {
    private let directory: WorkingDirectory

    init() throws {
        self.directory = try WorkingDirectory()
        try self.directory.write(
            "gatepost.yaml",
            "hostname: mail.example.org\ntls: { certificate: c.pem, key: k.pem }\n"
        )
    }

    private func run(_ arguments: String...) async throws -> CommandLineTool.Result {
        try await CommandLineTool.run(arguments, in: self.directory.url)
    }

    private struct Key: Decodable {
        var selector: String
        var algorithm: String
        var state: String
        var name: String
        var record: String
        var note: String?
    }

    private func keys(_ arguments: String...) async throws -> [Key] {
        let result = try await CommandLineTool.run(arguments + ["--json"], in: self.directory.url)
        #expect(result.code == 0, "\(result.messages)")
        return try JSONDecoder().decode([Key].self, from: Data(result.output.utf8))
    }

    @Test("one key of each algorithm is made, waits for DNS, and is told with its record")
    func add() async throws {
        #expect(try await self.run("dkim", "add", "example.org").code == 1, "not a local domain")
        _ = try await self.run("domain", "add", "example.org")
        let made = try await self.run("dkim", "add", "example.org")
        #expect(made.code == 0, "\(made.messages)")
        let lines = made.output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.contains("._domainkey.example.org. TXT \"v=DKIM1; k=rsa; p=MII") == true)
        #expect(lines.last?.contains("k=ed25519; p=") == true)
        let keys = try await self.keys("dkim", "list", "example.org")
        #expect(keys.map(\.algorithm) == ["rsa2048", "ed25519"])
        #expect(keys.map(\.state) == ["pending", "pending"])
        #expect(keys.allSatisfy { $0.note?.hasPrefix("waiting: not seen in DNS yet, add this record: ") == true })
        #expect(keys.allSatisfy { $0.note?.hasSuffix("\($0.name) TXT \"\($0.record)\"") == true })
        let shown = try await self.run("domain", "show", "example.org")
        #expect(shown.output.contains("DKIM key  \(keys[0].selector), rsa2048, pending"))
        let audit = try await self.run("audit", "list")
        #expect(audit.output.contains("dkim add, example.org"), "\(audit.output)")
    }

    @Test("selectors: chosen, taken, impossible, and of one key only")
    func selectors() async throws {
        _ = try await self.run("domain", "add", "example.org")
        let chosen = try await self.keys("dkim", "add", "example.org", "--selector", "S1", "--algorithm", "ed25519")
        #expect(chosen.map(\.selector) == ["s1"])
        #expect(
            try await self.run("dkim", "add", "example.org", "--selector", "s1", "--algorithm", "ed25519").code == 1
        )
        #expect(
            try await self.run("dkim", "add", "example.org", "--selector", "a b", "--algorithm", "ed25519").code == 65
        )
        #expect(try await self.run("dkim", "add", "example.org", "--selector", "s2").code == 65)
        #expect(try await self.run("dkim", "add", "example.org", "--algorithm", "dsa").code == 64)
    }

    @Test("rotation: the successor waits, takes over by hand, and the former key is kept")
    func rotation() async throws {
        _ = try await self.run("domain", "add", "example.org")
        #expect(try await self.run("dkim", "rotate", "example.org").code == 1, "there is none to follow")
        let first = try await self.keys("dkim", "add", "example.org", "--algorithm", "ed25519", "--now")
        #expect(first.map(\.state) == ["active"])
        let second = try await self.keys("dkim", "rotate", "example.org")
        #expect(second.map(\.state) == ["pending"])
        #expect(try await self.run("dkim", "rotate", "example.org").code == 1, "one waits already")
        #expect(try await self.keys("dkim", "activate", "example.org", second[0].selector).map(\.state) == ["active"])
        let kept = try await self.keys("dkim", "list")
        #expect(kept.map(\.state) == ["retiring", "active"])
        #expect(kept[0].note?.contains("keep its record") == true)
        let early = try await self.run("dkim", "retire", "example.org", first[0].selector)
        #expect(early.code == 1)
        #expect(early.messages.contains("may still be under way"))
        #expect(try await self.run("dkim", "retire", "example.org", second[0].selector).code == 1, "it signs")
        let gone = try await self.keys("dkim", "retire", "example.org", first[0].selector, "--force")
        #expect(gone.map(\.note) == ["its record may be removed from DNS"])
        #expect(try await self.keys("dkim", "list").count == 1)
        #expect(try await self.keys("dkim", "list", "--all").count == 2)
        #expect(try await self.run("dkim", "retire", "example.org", "nosuch").code == 1)
    }

    @Test("another master key opens them")
    func masterKey() async throws {
        _ = try await self.run("domain", "add", "example.org")
        _ = try await self.keys("dkim", "add", "example.org", "--now")
        let rotated = try await self.run("rotate-key")
        #expect(rotated.code == 0, "\(rotated.messages)")
        #expect(rotated.messages.contains("2 stored secrets"))
        _ = try await self.run("account", "add", "alice@example.org")
        let simulated = try await self.run("simulate", "--account", "alice", "--to", "bob@example.net")
        #expect(simulated.output.contains("+ DKIM-Signature"), "\(simulated.output)\(simulated.messages)")
    }

    @Test("init makes keys for its domain")
    func initialise() async throws {
        let other = try WorkingDirectory()
        let arguments = ["init", "--hostname", "mail.example.net", "--account", "alice"]
        let made = try await CommandLineTool.run(arguments, in: other.url)
        #expect(made.messages.contains("(rsa2048)") && made.messages.contains("(ed25519)"), "\(made.messages)")
        #expect(made.messages.contains("gatepost domain records example.net"))
        let again = try await CommandLineTool.run(arguments, in: other.url)
        #expect(again.messages.contains("2 DKIM keys"), "\(again.messages)")
        let zone = try await CommandLineTool.run(["domain", "records", "example.net"], in: other.url)
        #expect(zone.output.split(separator: "\n").count { $0.contains("._domainkey IN TXT \"v=DKIM1;") } == 2)
    }

    @Test("records as a zone file, as single strings, split, and as JSON")
    func records() async throws {
        _ = try await self.run("domain", "add", "example.org")
        _ = try await self.run("dkim", "add", "example.org", "--selector", "s1", "--algorithm", "rsa2048")
        let strings = try await self.run("domain", "records", "example.org", "--format", "strings").output
        let split = try await self.run("domain", "records", "example.org", "--format", "split").output
        #expect(strings.contains("\nexample.org.\tTXT\tv=spf1 mx ~all\n"))
        #expect(split.contains("\nexample.org.\tTXT\t\"v=spf1 mx ~all\"\n"))
        let whole = try #require(strings.split(separator: "\n").first { $0.hasPrefix("s1._domainkey") })
        let parts = try #require(split.split(separator: "\n").first { $0.hasPrefix("s1._domainkey") })
        #expect(parts.replacing("\" \"", with: "").replacing("\"", with: "") == whole)
        for arguments in [["--format", "json"], ["--json"]] {
            let result = try await CommandLineTool.run(
                ["domain", "records", "example.org"] + arguments,
                in: self.directory.url
            )
            let document = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
            #expect((document?["records"] as? [[String: Any]])?.count == 12)
            let policy = document?["policy"] as? [String: String]
            #expect(policy?["url"] == "https://mta-sts.example.org/.well-known/mta-sts.txt")
        }
        #expect(try await self.run("domain", "records", "example.com").code == 1)
        #expect(try await self.run("domain", "records", "example.org", "--format", "xml").code == 64)
    }

    /// BIND's checker of zone files.
    private static let checker: String? = ["/usr/bin/named-checkzone", "/usr/sbin/named-checkzone"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test(
        "the zone file is one to BIND",
        .enabled(if: checker != nil, "SKIPPED: no named-checkzone: Scripts/packages clients")
    )
    func zone() async throws {
        _ = try await self.run("domain", "add", "example.org")
        _ = try await self.run("dkim", "add", "example.org")
        let zone = try await self.run("domain", "records", "example.org").output
        let rest = "@ IN SOA ns hostmaster 1 3600 600 86400 60\n@ IN NS ns\nns A 192.0.2.1\nmail A 192.0.2.25\n"
        try self.directory.write("zone", zone + rest)
        let checked = try await CommandLineTool.run(
            ["example.org", "zone"],
            in: self.directory.url,
            executable: URL(filePath: Self.checker ?? "")
        )
        #expect(checked.code == 0, "\(checked.output)")
        #expect(checked.output.contains("OK"))
        #expect(!checked.output.contains("warning"), "\(checked.output)")
    }
}
