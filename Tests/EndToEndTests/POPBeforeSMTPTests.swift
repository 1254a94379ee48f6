import Foundation
import Testing

/// Old devices log in at POP3 to be let send; Python's poplib and curl play them.
@Suite(
    .serialized,
    .enabled(if: Program.areInstalled("python3", "openssl", "curl"), Program.howToInstall)
)
struct POPBeforeSMTPTests {
    private static let device = "device@gatepost.test"

    /// A server with a POP3 listener and one sandbox account.
    private func start(_ settings: String) async throws -> (gatepost: Gatepost, port: Int, certificates: Certificates) {
        let certificates = try await Certificates.make()
        let port = try Loopback.freePorts(1)[0]
        let gatepost = try Gatepost(
            settings,
            listeners: ["{ service: pop3, address: \"127.0.0.1:\(port)\", tls: starttls }"],
            certificates: certificates
        )
        try await gatepost.verb("domain", "add", "gatepost.test")
        try await gatepost.verb(
            "account",
            "add",
            Self.device,
            "--password-stdin",
            "--sandbox",
            input: Site.password + "\n"
        )
        try await gatepost.start()
        return (gatepost, port, certificates)
    }

    private func play(_ gatepost: Gatepost, _ port: Int, _ certificates: Certificates) async throws -> [String] {
        guard let python = Program.find("python3") else { throw MissingProgram(name: "python3") }
        let completed = try await succeed(
            [
                python, Program.script("read_then_send.py"), "\(port)", "\(gatepost.startTLSPort)",
                certificates.authority, Self.device,
            ],
            environment: ["POP_PASSWORD": Site.password]
        )
        return String(decoding: completed.output, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func `a login at POP3 opens the way for mail of that address, and shows the sandbox inbox`() async throws {
        let (gatepost, port, certificates) = try await self.start("popBeforeSMTP: { duration: 15m }")
        let lines = try await self.play(gatepost, port, certificates)
        #expect(
            lines == [
                "before: 530 5.7.0 Authentication required",
                "wrong password: -ERR [AUTH]",
                "after a wrong password: 530 5.7.0 Authentication required",
                "messages at first: 0",
                "while reading: 250",
                "after QUIT: 250",
                "messages: 2",
                "subject: Subject: first",
                "body: .dot",
                "top: True",
                "messages left: 1",
            ],
            "\(gatepost.log)"
        )
        #expect(gatepost.log.contains("may send as the account without AUTH"))
        #expect(gatepost.log.contains("reason=wrong-password"))
        _ = try await gatepost.stop()
    }

    @Test func `QUIT ends it where that is set`() async throws {
        let (gatepost, port, certificates) = try await self.start("popBeforeSMTP: { endsOnLogout: true }")
        let lines = try await self.play(gatepost, port, certificates)
        #expect(lines.contains("while reading: 250"), "\(lines)")
        #expect(lines.contains("after QUIT: 530 5.7.0 Authentication required"), "\(lines)")
        _ = try await gatepost.stop()
    }

    @Test func `the rules of the app password hold for what is sent, and its end or the account's ends it`()
        async throws
    {
        let certificates = try await Certificates.make()
        let ports = try Loopback.freePorts(2)
        let gatepost = try Gatepost(
            "popBeforeSMTP: { duration: 15m }",
            listeners: [
                "{ service: pop3, address: \"127.0.0.1:\(ports[0])\", tls: starttls }",
                "{ service: submission, address: \"127.0.0.1:\(ports[1])\", tls: none }",
            ],
            certificates: certificates
        )
        try await gatepost.verb("domain", "add", "gatepost.test")
        try await gatepost.verb(
            ["account", "add", Self.device, "--password-stdin", "--sandbox"],
            input: Site.password + "\n"
        )
        func appPassword(_ name: String, _ more: String...) async throws -> String {
            let made = try await gatepost.verb(["app-password", "add", Self.device, "--name", name] + more)
            return String(decoding: made.output, as: UTF8.self).replacing("\n", with: "")
        }
        let fax = try await appPassword("fax", "--to-domain", "gatepost.test")
        let far = try await appPassword("far", "--network", "192.0.2.0/24")
        try await gatepost.start()

        func read(_ password: String) async throws -> Bool {
            guard let curl = Program.find("curl") else { throw MissingProgram(name: "curl") }
            return try await run([
                curl, "--silent", "--ssl-reqd", "--cacert", certificates.authority, "--user",
                "\(Self.device):\(password)", "--login-options", "AUTH=PLAIN", "pop3://localhost:\(ports[0])/",
            ]).succeeded
        }
        func send(to recipient: String = "reader@gatepost.test") async throws -> String {
            guard let python = Program.find("python3") else { throw MissingProgram(name: "python3") }
            let completed = try await succeed([
                python, Program.script("device.py"), "\(ports[1])", "127.0.0.1", Self.device, Self.device, recipient,
            ])
            let lines = String(decoding: completed.output, as: UTF8.self).split(separator: "\n")
            return lines.last.map(String.init) ?? ""
        }

        #expect(try await !read(far), "an app password of another network")
        #expect(try await send().hasPrefix("530 5.7.0"))
        #expect(try await read(fax), "\(gatepost.log)")
        #expect(try await send(to: "x@elsewhere.test").hasPrefix("550 5.7.1 The app password 'fax'"))
        #expect(try await send().hasPrefix("250 2.0.0"))
        try await gatepost.verb(["app-password", "revoke", Self.device, "--name", "fax"])
        #expect(try await send().hasPrefix("530 5.7.0"))
        #expect(try await read(Site.password))
        #expect(try await send().hasPrefix("250 2.0.0"))
        try await gatepost.verb("account", "disable", Self.device)
        #expect(try await send().hasPrefix("530 5.7.0"))
        try await gatepost.verb("account", "enable", Self.device)
        #expect(try await send().hasPrefix("530 5.7.0"), "what ended does not come back")

        let trail = String(decoding: try await gatepost.verb(["audit", "list", "--json"]).output, as: UTF8.self)
        #expect(trail.contains("pop-before-smtp"), "\(trail)")
        #expect(trail.contains("pop3:\(ports[0])"), "\(trail)")
        #expect(trail.contains("ip-refused"), "\(trail)")
        #expect(try await gatepost.stop() == .code(0))
    }

    @Test(arguments: ["PLAIN", "LOGIN", "CRAM-MD5", "wrong"])
    func `curl logs in over STLS`(mechanism: String) async throws {
        let (gatepost, port, certificates) = try await self.start("")
        try await gatepost.verb(
            "account",
            "password",
            Self.device,
            "--password-stdin",
            "--legacy",
            "cram-md5",
            input: Site.password + "\n"
        )
        guard let curl = Program.find("curl") else { throw MissingProgram(name: "curl") }
        let password = mechanism == "wrong" ? "wrong" : Site.password
        let options = mechanism == "wrong" ? [] : ["--login-options", "AUTH=\(mechanism)"]
        let completed = try await run(
            [
                curl, "--silent", "--show-error", "--ssl-reqd", "--cacert", certificates.authority, "--user",
                "\(Self.device):\(password)", "pop3://localhost:\(port)/",
            ] + options
        )
        // 67: login denied.
        #expect(completed.exit == .code(mechanism == "wrong" ? 67 : 0), "\(completed.said)\n\(gatepost.log)")
        _ = try await gatepost.stop()
    }
}
