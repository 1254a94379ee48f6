import Foundation
import Testing

@Suite("Verbs on the stores")
struct VerbTests {
    private func json(_ result: CommandLineTool.Result) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(result.output.utf8))
    }

    @Test("init makes a configuration that can be served, shows the password once, and never overwrites")
    func initialise() async throws {
        let directory = try WorkingDirectory()
        let arguments = ["init", "--hostname", "mail.example.org", "--account", "alice"]
        let first = try await CommandLineTool.run(arguments, in: directory.url)
        #expect(first.code == 0, "\(first.messages)")
        #expect(first.output.utf8.count == 24)
        #expect(first.messages.contains("created  account alice@example.org"))
        let check = try await CommandLineTool.run(["config", "check"], in: directory.url)
        #expect(check.code == 0, "\(check.messages)")
        let before = try Data(contentsOf: directory.url.appending(path: "gatepost.yaml"))
        #expect(
            String(decoding: before, as: UTF8.self)
                .contains(
                    "#  mechanisms: [SCRAM-SHA-256-PLUS, SCRAM-SHA-256, SCRAM-SHA-1-PLUS, SCRAM-SHA-1, PLAIN, LOGIN]\n"
                )
        )
        let again = try await CommandLineTool.run(["init", "--hostname", "other.example"], in: directory.url)
        #expect(again.code == 0)
        #expect(again.output.isEmpty)
        #expect(!again.messages.contains("created"))
        #expect(try Data(contentsOf: directory.url.appending(path: "gatepost.yaml")) == before)
    }

    @Test("accounts: added, listed, granted, disabled, removed")
    func accounts() async throws {
        let directory = try WorkingDirectory()
        try directory.write("gatepost.yaml", "hostname: mail.example.org\ntls: { certificate: c.pem, key: k.pem }\n")
        func run(_ arguments: String..., input: String = "") async throws -> CommandLineTool.Result {
            try await CommandLineTool.run(arguments, in: directory.url, input: input)
        }
        #expect(try await run("domain", "add", "example.org").code == 0)
        let made = try await run("account", "add", "alice", "--json")
        #expect(made.code == 0, "\(made.messages)")
        let report = try #require(try self.json(made) as? [String: String])
        #expect(report["address"] == "alice@example.org")
        #expect(report["password"]?.utf8.count == 23)
        #expect(try await run("account", "add", "bob@example.org", "--password-stdin", input: "pw\n").output.isEmpty)
        #expect(try await run("account", "add", "alice").code == 1)
        #expect(try await run("account", "grant", "alice", "--identity", "*@example.org").code == 0)
        #expect(try await run("account", "disable", "bob").code == 0)
        let list = try #require(try self.json(try await run("account", "list", "--json")) as? [[String: Any]])
        #expect(list.map { $0["address"] as? String } == ["alice@example.org", "bob@example.org"])
        #expect(list.map { $0["enabled"] as? Bool } == [true, false])
        #expect(list.first?["identities"] as? [String] == ["*@example.org"])
        let exported = try await run("account", "export")
        #expect(exported.output.split(separator: "\n").allSatisfy { $0.contains(":$argon2id$v=19$m=19456,t=2,p=1$") })
        #expect(try await run("account", "remove", "bob").code == 0)
        #expect(try await run("account", "remove", "bob").code == 1)
    }

    @Test("import takes good lines, tells bad ones, and leaves accounts that exist")
    func importing() async throws {
        let directory = try WorkingDirectory()
        try directory.write("gatepost.yaml", "hostname: mail.example.org\ntls: { certificate: c.pem, key: k.pem }\n")
        try directory.write(
            "users",
            "# ours\na@example.org:one:two\n\nb@example.org:x\r\nbroken\na@example.org:again\n"
        )
        let result = try await CommandLineTool.run(
            ["account", "import", "users", "--cleartext", "--json"],
            in: directory.url
        )
        #expect(result.code == 65)
        let report = try #require(try self.json(result) as? [String: Any])
        #expect(report["added"] as? Int == 2)
        #expect(report["existing"] as? [String] == ["a@example.org"])
        #expect(report["faults"] as? [String] == ["users:5: not name:secret"])
    }

    @Test(
        "every list is one JSON document",
        arguments: [
            ["account", "list"], ["domain", "list"], ["dkim", "list"], ["queue", "list"], ["queue", "stats"],
            ["inbox", "list"],
            ["config", "show"], ["provider", "list"],
        ]
    )
    func lists(command: [String]) async throws {
        let directory = try WorkingDirectory()
        try directory.write("gatepost.yaml", "hostname: mail.example.org\ntls: { certificate: c.pem, key: k.pem }\n")
        let result = try await CommandLineTool.run(command + ["--json"], in: directory.url)
        #expect(result.code == 0, "\(result.messages)")
        _ = try self.json(result)
    }
}
