import Testing

/// Real clients log in with the credentials that verbs made.
@Suite(
    .serialized,
    .enabled(if: Program.areInstalled("curl", "swaks", "gsasl", "python3", "openssl"), Program.howToInstall)
)
struct CredentialTests {
    private static let alice = "alice@gatepost.test"
    private static let password = "correct horse 9 battery"

    private func withServer(_ body: (Gatepost) async throws -> Void) async throws {
        let gatepost = try Gatepost(
            "delivery: { route: hold }\nsubmission: { limits: { action: refuse } }",
            certificates: try await Certificates.make()
        )
        try await gatepost.verb("domain", "add", "gatepost.test")
        try await gatepost.addAccount(Self.alice, password: Self.password)
        try await gatepost.start()
        try await body(gatepost)
        #expect(try await gatepost.stop() == .code(0))
    }

    private func send(
        _ gatepost: Gatepost,
        _ client: any MailClient = Curl(),
        _ mechanism: String = "PLAIN",
        password: String,
        user: String = Self.alice,
        sender: String = Self.alice,
        recipient: String = "bob@elsewhere.test"
    ) async throws -> Completed {
        try await client.send(
            Submission(
                port: gatepost.startTLSPort,
                transport: .startTLS,
                mechanism: mechanism,
                user: user,
                password: password,
                authority: gatepost.certificates.authority,
                sender: sender,
                recipient: recipient,
                message: TestMessage(mark: "m", from: sender, to: recipient, body: "hello\n"),
                folder: try TemporaryFolder("client")
            )
        )
    }

    private func add(_ gatepost: Gatepost, _ name: String, _ more: String...) async throws -> String {
        let made = try await gatepost.verb(["app-password", "add", Self.alice, "--name", name] + more)
        return String(decoding: made.output, as: UTF8.self).trimmingSuffix(while: \.isNewline)
    }

    @Test func `an app password logs in by every mechanism, is limited as said, and ends when revoked`() async throws {
        try await withServer { gatepost in
            let phone = try await add(gatepost, "phone")
            #expect(phone.split(separator: "-").map(\.count) == [5, 5, 5, 5, 5])
            for mechanism in ["PLAIN", "LOGIN"] {
                let sent = try await send(gatepost, Curl(), mechanism, password: phone)
                #expect(sent.succeeded, "\(mechanism): \(sent.said)")
            }
            for spelling in [phone, phone.replacing("-", with: ""), phone.replacing("-", with: " ")] {
                for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-1"] {
                    let sent = try await send(gatepost, GSASL(), mechanism, password: spelling)
                    #expect(sent.succeeded, "\(mechanism) '\(spelling)': \(sent.said)")
                }
            }
            #expect(try await send(gatepost, password: Self.password).succeeded, "the main password works beside it")

            let listed = try await gatepost.verb("app-password", "list", Self.alice, "--json")
            let text = String(decoding: listed.output, as: UTF8.self)
            #expect(text.contains("\"127.0.0.1\""), "last use: \(text)")
            #expect(!text.contains(phone))

            try await gatepost.verb("app-password", "revoke", Self.alice, "--name", "phone")
            for client in [(Curl() as any MailClient, "PLAIN"), (GSASL(), "SCRAM-SHA-256"), (Swaks(), "LOGIN")] {
                let refused = try await send(gatepost, client.0, client.1, password: phone)
                #expect(!refused.succeeded)
                #expect(refused.said.contains("535"), "\(refused.said)")
            }
            #expect(gatepost.log.contains("old-password"))
            #expect(!gatepost.log.contains(phone))
        }
    }

    @Test func `expiry, networks, senders, recipients and rate hold`() async throws {
        try await withServer { gatepost in
            let away = try await add(gatepost, "away", "--network", "10.0.0.0/8", "--network", "2001:db8::/32")
            let refused = try await send(gatepost, password: away)
            #expect(!refused.succeeded)
            #expect(refused.said.contains("535 5.7.8"), "\(refused.said)")
            #expect(gatepost.log.contains("ip-refused"))

            try await gatepost.verb("account", "grant", Self.alice, "--identity", "*@shop.test")
            let shop = try await add(
                gatepost,
                "shop",
                "--network",
                "127.0.0.0/8",
                "--from",
                "*@shop.test",
                "--to-domain",
                "customer.test",
                "--per-hour",
                "2"
            )
            let own = try await send(gatepost, password: shop, recipient: "c@customer.test")
            #expect(own.said.contains("550") && own.said.contains("'shop' may not send as"), "\(own.said)")
            let abroad = try await send(gatepost, password: shop, sender: "orders@shop.test")
            #expect(abroad.said.contains("550") && abroad.said.contains("'shop' may not send to"), "\(abroad.said)")
            for _ in 0..<2 {
                let sent = try await send(
                    gatepost,
                    password: shop,
                    sender: "orders@shop.test",
                    recipient: "c@customer.test"
                )
                #expect(sent.succeeded, "\(sent.said)")
            }
            let third = try await send(
                gatepost,
                password: shop,
                sender: "orders@shop.test",
                recipient: "c@customer.test"
            )
            #expect(third.said.contains("450") && third.said.contains("2 messages an hour"), "\(third.said)")

            let short = try await add(gatepost, "short", "--expires", "1s")
            try await eventually("the end of an app password") {
                try await send(gatepost, password: short).said.contains("535 5.7.8") ? () : nil
            }
            #expect(gatepost.log.contains("reason=expired"))
        }
    }

    @Test func `with a second factor the main password is told 534 once it proved right`() async throws {
        try await withServer { gatepost in
            let enabled = try await gatepost.verb("account", "mfa", "enable", Self.alice)
            let address = String(decoding: enabled.output, as: UTF8.self)
            #expect(address.hasPrefix("otpauth://totp/mail.gatepost.test:alice%40gatepost.test?secret="))
            let secret = try #require(address.split(separator: "secret=").last?.prefix { $0 != "&" })
            #expect(try await send(gatepost, password: Self.password).succeeded, "not confirmed yet")
            let code = try await succeed([try #require(Program.find("python3")), "-c", Self.totp, String(secret)])
            let confirmed = try await gatepost.verb(
                "account",
                "mfa",
                "confirm",
                Self.alice,
                "--code",
                String(decoding: code.output, as: UTF8.self)
            )
            #expect(String(decoding: confirmed.output, as: UTF8.self).split(separator: "\n").count == 10)

            for client in [(Curl() as any MailClient, "PLAIN"), (Swaks(), "LOGIN"), (GSASL(), "SCRAM-SHA-256")] {
                let refused = try await send(gatepost, client.0, client.1, password: Self.password)
                #expect(!refused.succeeded)
                #expect(refused.said.contains("534") && refused.said.contains("5.7.9"), "\(client.1): \(refused.said)")
                let wrong = try await send(gatepost, client.0, client.1, password: "wrong one")
                #expect(wrong.said.contains("535") && !wrong.said.contains("534"), "\(client.1): \(wrong.said)")
            }
            let phone = try await add(gatepost, "phone")
            #expect(try await send(gatepost, password: phone).succeeded)
            try await gatepost.verb("account", "mfa", "disable", Self.alice)
            #expect(try await send(gatepost, password: Self.password).succeeded)
        }
    }

    @Test func `a password that must be changed is told 432 once it proved right`() async throws {
        try await withServer { gatepost in
            try await gatepost.verb("account", "password", Self.alice, "--must-change")
            for client in [(Curl() as any MailClient, "PLAIN"), (GSASL(), "SCRAM-SHA-256")] {
                let refused = try await send(gatepost, client.0, client.1, password: Self.password)
                #expect(refused.said.contains("432") && refused.said.contains("4.7.12"), "\(refused.said)")
                let wrong = try await send(gatepost, client.0, client.1, password: "wrong one")
                #expect(wrong.said.contains("535") && !wrong.said.contains("432"), "\(wrong.said)")
            }
            try await gatepost.verb(
                "account",
                "password",
                Self.alice,
                "--password-stdin",
                input: "another 1 good horse\n"
            )
            #expect(try await send(gatepost, password: "another 1 good horse").succeeded)
            let old = try await send(gatepost, password: Self.password)
            #expect(old.said.contains("535 5.7.8"))
            #expect(gatepost.log.contains("reason=old-password"))
        }
    }

    @Test func `bare names and granted addresses log in`() async throws {
        try await withServer { gatepost in
            try await gatepost.verb("account", "grant", Self.alice, "--identity", "sales@gatepost.test")
            for name in ["alice", "ALICE@Gatepost.TEST", "sales@gatepost.test", "sales"] {
                let sent = try await send(gatepost, password: Self.password, user: name)
                #expect(sent.succeeded, "\(name): \(sent.said)")
            }
            #expect(gatepost.log.contains("name=granted-address"))
        }
    }

    /// RFC 6238 with the standard parameters, by somebody else's code.
    private static let totp = """
        import base64, hmac, struct, sys, time
        secret = sys.argv[1]
        key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        mac = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), "sha1").digest()
        offset = mac[-1] & 15
        print("%06d" % ((struct.unpack(">I", mac[offset:offset + 4])[0] & 0x7fffffff) % 10**6), end="")
        """
}

extension StringProtocol {
    fileprivate func trimmingSuffix(while condition: (Character) -> Bool) -> String {
        var text = String(self)
        while let last = text.last, condition(last) { text.removeLast() }
        return text
    }
}
