import Foundation
import Testing

@Suite("Verbs for credentials")
struct CredentialVerbTests {
    private func json(_ result: CommandLineTool.Result) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(result.output.utf8))
    }

    private struct Scene {
        let directory: WorkingDirectory

        /// - Parameter built: Whether the stores are made.
        init(_ more: String = "", built: Bool = true) async throws {
            self.directory = try WorkingDirectory()
            try self.directory.write(
                "gatepost.yaml",
                "hostname: mail.example.org\ntls: { certificate: c.pem, key: k.pem }\n\(more)"
            )
            guard built else { return }
            #expect(try await self.run("domain", "add", "example.org").code == 0)
            #expect(try await self.run("account", "add", "alice").code == 0)
        }

        func run(_ arguments: String..., input: String = "") async throws -> CommandLineTool.Result {
            try await CommandLineTool.run(arguments, in: self.directory.url, input: input)
        }
    }

    @Test("app passwords are made, shown once, listed without the secret, and revoked")
    func appPasswords() async throws {
        let scene = try await Scene()
        let made = try await scene.run(
            "app-password",
            "add",
            "alice",
            "--name",
            "phone",
            "--expires",
            "90d",
            "--network",
            "192.0.2.0/24",
            "--network",
            "2001:db8::/32",
            "--from",
            "*@example.org",
            "--to-domain",
            "example.net",
            "--per-hour",
            "10"
        )
        #expect(made.code == 0, "\(made.messages)")
        let secret = made.output.trimmingCharacters(in: .newlines)
        #expect(secret.split(separator: "-").map(\.count) == [5, 5, 5, 5, 5])
        #expect(!made.messages.contains(secret))
        #expect(try await scene.run("app-password", "add", "alice", "--name", "phone").code == 1, "the name is taken")
        let other = try await scene.run("app-password", "add", "alice", "--name", "laptop", "--json")
        let report = try #require(try self.json(other) as? [String: String])
        #expect(report["kind"] == "app-password")
        #expect(report["secret"]?.utf8.count == 29)

        let listed = try await scene.run("app-password", "list", "alice", "--json")
        #expect(!listed.output.contains(secret))
        let list = try #require(try self.json(listed) as? [[String: Any]])
        #expect(list.map { $0["name"] as? String } == ["laptop", "phone"])
        let phone = try #require(list.last)
        #expect(phone["networks"] as? [String] == ["192.0.2.0/24", "2001:db8::/32"])
        #expect(phone["identities"] as? [String] == ["*@example.org"])
        #expect(phone["recipientDomains"] as? [String] == ["example.net"])
        #expect((phone["limits"] as? [String: Int])?["messagesPerHour"] == 10)
        #expect(phone["state"] as? String == "active")
        #expect(phone["account"] as? String == "alice@example.org")
        #expect(phone["lastUse"] == nil)
        #expect(
            (phone["mechanisms"] as? [String])
                == ["LOGIN", "PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"]
        )
        #expect(try await scene.run("app-password", "list").output.contains("phone"))

        let shown = try await scene.run("account", "show", "alice")
        #expect(shown.output.contains("app password 'phone', active, expires 20"))
        #expect(shown.output.contains("main password, active"))
        #expect(!shown.output.contains("foreign"), "an app password waits for no other server's hash to be replaced")

        #expect(try await scene.run("app-password", "revoke", "alice", "--name", "phone").code == 0)
        #expect(try await scene.run("app-password", "revoke", "alice", "laptop").code == 0)
        #expect(try await scene.run("app-password", "revoke", "alice", "laptop").code == 1)
        #expect(try await scene.run("app-password", "revoke", "alice").code == 64)
        let empty = try await scene.run("app-password", "list", "alice", "--json")
        #expect((try self.json(empty) as? [Any])?.isEmpty == true)
    }

    @Test("an account's limits are set, shown with where they come from, and taken back")
    func accountLimits() async throws {
        let scene = try await Scene("submission: { limits: { messagesPerDay: 1000, sessions: 5 } }\n")
        let set = try await scene.run("account", "limits", "alice", "--messages-per-day", "50", "--sessions", "none")
        #expect(set.code == 0, "\(set.messages)")
        let size = try await scene.run("account", "limits", "alice", "--message-size", "2MiB")
        #expect(size.messages.contains("messagesPerDay=50 messageSize=2097152 sessions=none"), "\(size.messages)")
        let shown = try #require(
            try self.json(await scene.run("account", "limits", "alice", "--json")) as? [String: Any]
        )
        let limits = try #require(shown["limits"] as? [[String: Any]])
        func limit(_ name: String) throws -> [String: Any] {
            try #require(limits.first { $0["limit"] as? String == name })
        }
        #expect(try limit("messagesPerDay")["maximum"] as? Int == 50)
        #expect(try limit("messagesPerDay")["from"] as? String == "account")
        #expect(try limit("messagesPerDay")["used"] as? Int == 0)
        #expect(try limit("sessions")["maximum"] == nil)
        #expect(try limit("recipientsPerDay")["from"] as? String == "configuration")
        let back = try await scene.run(
            "account",
            "limits",
            "alice",
            "--messages-per-day",
            "default",
            "--sessions",
            "default",
            "--message-size",
            "default"
        )
        #expect(back.messages.contains("the configuration's limits hold"))
        #expect(try await scene.run("account", "limits", "alice").output.contains("1000"))
        #expect(try await scene.run("account", "limits", "alice", "--messages-per-day", "0").code == 65)
        #expect(try await scene.run("account", "limits", "nobody@example.org").code == 1)
    }

    @Test(
        "limits that make no sense are refused",
        arguments: [
            ["--network", "192.0.2.0/33"], ["--network", "home"], ["--from", "not an address"], ["--to-domain", "a b"],
            ["--per-hour", "0"], ["--message-size", "1"], ["--sessions", "many"],
        ]
    )
    func badLimits(_ limits: [String]) async throws {
        let scene = try await Scene()
        let result = try await CommandLineTool.run(
            ["app-password", "add", "alice", "--name", "x"] + limits,
            in: scene.directory.url
        )
        #expect(result.code == 65, "\(result.messages)")
        #expect(result.output.isEmpty)
    }

    @Test("API tokens")
    func tokens() async throws {
        let scene = try await Scene()
        let made = try await scene.run("api-token", "add", "alice", "--name", "shop")
        #expect(made.output.hasPrefix("gp_"))
        #expect(made.output.utf8.count == 36)
        #expect(try await scene.run("api-token", "list").output.contains("shop"))
        #expect(try await scene.run("app-password", "list", "--json").output.contains("[") == true)
        #expect(try await scene.run("api-token", "revoke", "alice", "--name", "shop").code == 0)
        #expect(try await scene.run("api-token", "revoke", "alice", "--name", "shop").code == 1)
    }

    @Test("a second factor is prepared, refuses a wrong code, and is taken away")
    func secondFactor() async throws {
        let scene = try await Scene()
        let enabled = try await scene.run("account", "mfa", "enable", "alice", "--json")
        let report = try #require(try self.json(enabled) as? [String: String])
        #expect(report["uri"]?.hasPrefix("otpauth://totp/mail.example.org:alice%40example.org?secret=") == true)
        #expect(report["secret"]?.utf8.count == 32)
        let status = try await scene.run("account", "mfa", "status", "alice", "--json")
        #expect((try self.json(status) as? [String: Any])?["state"] as? String == "unconfirmed")
        #expect(try await scene.run("account", "mfa", "confirm", "alice", "--code", "x").code == 65)
        #expect(try await scene.run("account", "mfa", "disable", "alice").code == 0)
        #expect(try await scene.run("account", "mfa", "disable", "alice").code == 1)
        #expect(try await scene.run("account", "mfa", "enable", "alice", "--digits", "5").code == 64)
    }

    @Test("a weak password is warned of, and refused where there is a policy")
    func policy() async throws {
        let lenient = try await Scene()
        let warned = try await lenient.run("account", "password", "alice", "--password-stdin", input: "alice1\n")
        #expect(warned.code == 0)
        #expect(warned.messages.contains("warning: this password is not good"))
        #expect(!warned.messages.contains("alice1"))

        let strict = try await Scene("authentication: { passwordPolicy: { minimumLength: 10 } }\n")
        let refused = try await strict.run("account", "password", "alice", "--password-stdin", input: "alice1\n")
        #expect(refused.code == 65)
        let good = try await strict.run(
            "account",
            "password",
            "alice",
            "--password-stdin",
            input: "k7mqp-x3vda-9wnbc\n"
        )
        #expect(good.code == 0)
        #expect(!good.messages.contains("warning"))
        try strict.directory.write("users", "bob@example.org:123456\n")
        let imported = try await strict.run("account", "import", "users", "--cleartext")
        #expect(imported.code == 0)
        #expect(imported.messages.contains("warning: the password of bob@example.org"))
    }

    @Test("breached passwords: a filter is built, used, and a file that is none is a fault of the configuration")
    func breached() async throws {
        let scene = try await Scene(
            "authentication: { passwordPolicy: { breachedPasswords: list.filter } }\n# x\n",
            built: false
        )
        #expect(try await scene.run("config", "show").code == 78, "the file is not there")
        try scene.directory.write("list", "k7mqp-x3vda-9wnbc\nletmein\n")
        let built = try await scene.run("passwords", "build-filter", "list", "--output", "list.filter", "--json")
        #expect((try self.json(built) as? [String: Any])?["passwords"] as? Int == 2)
        let bad = try await scene.run("passwords", "check", input: "k7mqp-x3vda-9wnbc\n")
        #expect(bad.code == 1)
        #expect(bad.output.contains("breached"))
        #expect(try await scene.run("passwords", "check", input: "k7mqp-x3vda-9wnbd\n").code == 0)
    }

    @Test("a new password that the account had before is refused where the policy says so")
    func reuse() async throws {
        let scene = try await Scene("authentication: { passwordPolicy: { refuseReuse: true } }\n")
        for (password, code) in [
            ("k7mqp-x3vda-9wnbc", 0), ("another-0ne-entirely", 0), ("k7mqp-x3vda-9wnbc", 65),
            ("another-0ne-entirely", 65),
        ] {
            let result = try await scene.run("account", "password", "alice", "--password-stdin", input: "\(password)\n")
            #expect(result.code == code, "\(result.messages)")
        }
    }
}
