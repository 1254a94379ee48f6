import AuthenticationProtocols
import Dispatch
import GatepostSQLite
import GatepostServer
import Glibc
import MailSyntax
import NIOCore
import NIOPosix
import SASL
import Testing

@Suite("The socket that speaks Dovecot's authentication protocol")
struct DovecotSocketTests {
    private static let plain = Base64.encodeToString(
        Array("\0alice\0\(AuthenticationSocketFixture.password)".utf8)
    )

    /// Plays the mail server for one of its clients.
    ///
    /// - Returns: The line that ended it.
    private static func logIn(
        _ connection: LocalConnection,
        _ name: MechanismName,
        user: String = "alice",
        password: String = AuthenticationSocketFixture.password,
        identifier: Int = 1,
        parameters: String = "service=smtp\tsecured\trip=192.0.2.7"
    ) throws -> String {
        let made = ClientMechanisms.make(
            name,
            credentials: ClientCredentials(authenticationIdentity: user, password: Secret(password)),
            nonce: RandomOctets.make(24),
            hostname: "mail.example.org"
        )
        var client = try #require(made)
        var request = "AUTH\t\(identifier)\t\(name)\t\(parameters)"
        if case .present(let response) = client.start() { request += "\tresp=\(Base64.encodeToString(response))" }
        try connection.send("\(request)\n".utf8)
        while let line = try connection.line() {
            let parsed = try DovecotLine(parsing: Array(line.utf8))
            guard parsed.command == .continue else { return line }
            let challenge = try #require(parsed.parameters.dropFirst().first.flatMap { Base64.decode($0) })
            guard case .respond(let response) = client.received(challenge: challenge) else {
                return "the client gave up"
            }
            try connection.send("CONT\t\(identifier)\t\(Base64.encodeToString(response))\n".utf8)
        }
        return "the connection ended"
    }

    @Test("it greets at once, and offers what works across another server")
    func greeting() async throws {
        try await AuthenticationSocketFixture.with { fixture throws in
            let connection = try LocalConnection(fixture.dovecot.path)
            var lines: [String] = []
            while let line = try connection.line(), line != "DONE" { lines.append(line) }
            #expect(lines.first == "VERSION\t1\t2")
            let offered = lines.filter { $0.hasPrefix("MECH\t") }.map { $0.split(separator: "\t")[1] }
            #expect(offered == ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "DIGEST-MD5", "CRAM-MD5", "NTLM"])
            #expect(lines.contains("SPID\t\(getpid())"))
            var status = stat()
            #expect(stat(fixture.dovecot.path, &status) == 0 && status.st_mode & 0o777 == 0o640)
        }
    }

    @Test(
        "every mechanism logs in with the right password, under the account's own name",
        arguments: [.scramSHA256, .scramSHA1, .plain, .login, .digestMD5, .cramMD5, .ntlm] as [MechanismName]
    )
    func succeeds(name: MechanismName) async throws {
        try await AuthenticationSocketFixture.with { fixture throws in
            let connection = try fixture.mailServer()
            #expect(try Self.logIn(connection, name) == "OK\t1\tuser=alice@example.org")
            #expect(
                try Self.logIn(connection, name, user: "ALICE@Example.org", identifier: 2)
                    == "OK\t2\tuser=alice@example.org"
            )
            let line = fixture.log.lines.first { $0.hasPrefix("auth [") } ?? ""
            #expect(line.contains("alice@example.org") && line.contains("192.0.2.7") && line.contains("dovecot-auth"))
        }
    }

    @Test(
        "no mechanism logs in with a wrong one, or as somebody disabled or unknown, and all read alike",
        arguments: [.scramSHA256, .scramSHA1, .plain, .login, .digestMD5, .cramMD5, .ntlm] as [MechanismName]
    )
    func refuses(name: MechanismName) async throws {
        try await AuthenticationSocketFixture.with { fixture throws in
            let connection = try fixture.mailServer()
            for (identifier, user) in ["alice", "bob", "nobody"].enumerated() {
                let password = user == "alice" ? "wrong" : AuthenticationSocketFixture.password
                let line = try Self.logIn(connection, name, user: user, password: password, identifier: identifier)
                let expected = "FAIL\t\(identifier)\tuser=\(user)\treason=Authentication failed (ref "
                #expect(line.hasPrefix(expected) && line.hasSuffix(")"), "\(line)")
                let reference = line.dropFirst(expected.count).dropLast()
                let cause = ["wrong-password", "disabled", "unknown-account"][identifier]
                #expect(
                    fixture.log.lines.contains {
                        $0.hasPrefix("auth ") && $0.contains(reference) && $0.contains(cause)
                    }
                )
            }
        }
    }

    @Test("data that comes with success is a challenge, or rides along for those who say so")
    func finalData() async throws {
        try await AuthenticationSocketFixture.with { fixture throws in
            let connection = try fixture.mailServer(version: "1\t2")
            let line = try Self.logIn(
                connection,
                .scramSHA256,
                parameters: "service=imap\tsecured\tfinal-resp-ok"
            )
            let parsed = try DovecotLine(parsing: Array(line.utf8))
            #expect(parsed.command == .succeeded && parsed.value(of: "user") == Array("alice@example.org".utf8))
            let data = try #require(parsed.value(of: "resp").flatMap { Base64.decode($0) })
            #expect(data.starts(with: "v=".utf8))
        }
    }

    @Test("a client may not act as another account")
    func authorization() async throws {
        try await AuthenticationSocketFixture.with { fixture throws in
            let connection = try fixture.mailServer()
            let message = Array("bob@example.org\0alice\0\(AuthenticationSocketFixture.password)".utf8)
            try connection.send("AUTH\t1\tPLAIN\tservice=smtp\tsecured\tresp=\(Base64.encodeToString(message))\n".utf8)
            let line = try connection.line() ?? ""
            #expect(line.hasPrefix("FAIL\t1\tuser=alice\treason=Authentication failed (ref "))
            #expect(fixture.log.lines.contains { $0.contains("not-authorized") })
        }
    }

    @Test("a sandbox account, whose mail must not leave, logs in only at Gatepost itself")
    func sandbox() async throws {
        try await AuthenticationSocketFixture.with { fixture throws in
            let connection = try fixture.mailServer()
            #expect(
                try Self.logIn(connection, .plain, user: "sam").hasPrefix(
                    "FAIL\t1\tuser=sam\treason=Authentication failed"
                )
            )
            #expect(fixture.log.lines.contains { $0.contains("sandbox-account") })
        }
    }

    @Test(
        "a password without TLS is refused before it is looked at; SCRAM needs none",
        arguments: [
            ("service=smtp\trip=192.0.2.7\tlip=192.0.2.25", false, false),
            ("service=smtp\trip=127.0.0.1\tlip=127.0.0.1", false, false),
            ("service=smtp\trip=127.0.0.1\tlip=127.0.0.1", true, true),
            ("service=smtp\trip=127.0.0.1", true, true),
            ("service=smtp\trip=127.0.0.1\tlip=192.0.2.25", true, false),
            ("service=smtp", true, false),
        ]
    )
    func clearText(parameters: String, isAllowed: Bool, succeeds: Bool) async throws {
        try await AuthenticationSocketFixture.with(cleartextWithoutTLS: isAllowed) { fixture throws in
            let connection = try fixture.mailServer()
            let line = try Self.logIn(connection, .plain, parameters: parameters)
            #expect(
                line == (succeeds ? "OK\t1\tuser=alice@example.org" : "FAIL\t1\treason=Encryption required for PLAIN")
            )
            #expect(fixture.log.lines.contains { $0.contains("tls-required") } != succeeds)
            #expect(
                try Self.logIn(connection, .scramSHA256, identifier: 2, parameters: parameters).hasPrefix("OK\t2\t")
            )
        }
    }

    @Test("clients of denied networks are refused, whoever they are")
    func denied() async throws {
        let network = try #require(IPNetwork("192.0.2.0/24"))
        try await AuthenticationSocketFixture.with(deny: [network]) { fixture throws in
            let connection = try fixture.mailServer()
            #expect(try Self.logIn(connection, .plain).hasPrefix("FAIL\t1\treason=Authentication failed (ref "))
            #expect(fixture.log.lines.contains { $0.contains("ip-refused") && $0.contains("192.0.2.7") })
            let other = "service=smtp\tsecured\trip=198.51.100.1"
            #expect(
                try Self.logIn(connection, .plain, identifier: 2, parameters: other) == "OK\t2\tuser=alice@example.org"
            )
        }
    }

    @Test("requests go on beside one another")
    func interleaved() async throws {
        try await AuthenticationSocketFixture.with { fixture throws in
            let connection = try fixture.mailServer()
            try connection.send("AUTH\t1\tLOGIN\tservice=smtp\tsecured\nAUTH\t2\tLOGIN\tservice=smtp\tsecured\n".utf8)
            let prompts = try [connection.line(), connection.line()].compactMap { $0 }.sorted()
            #expect(prompts == ["CONT\t1\tVXNlcm5hbWU6", "CONT\t2\tVXNlcm5hbWU6"])
            #expect(try Self.logIn(connection, .plain, identifier: 3) == "OK\t3\tuser=alice@example.org")
            let password = Base64.encodeToString(Array(AuthenticationSocketFixture.password.utf8))
            try connection.send("CONT\t2\t\(Base64.encodeToString(Array("alice".utf8)))\n".utf8)
            #expect(try connection.line() == "CONT\t2\tUGFzc3dvcmQ6")
            try connection.send("CANCEL\t1\nCONT\t2\t\(password)\n".utf8)
            #expect(try connection.line() == "OK\t2\tuser=alice@example.org")
            try connection.send("CONT\t1\t\(password)\n".utf8)
            #expect(try connection.line() == "FAIL\t1\treason=Authentication request timed out")
        }
    }

    @Test("a mail server that goes away takes its open requests with it")
    func disconnect() async throws {
        try await AuthenticationSocketFixture.with { fixture throws in
            // The one thread that checks passwords is busy until all have gone.
            let (isBusy, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            let work = Task {
                try await fixture.pool.run {
                    isBusy.signal()
                    mayEnd.wait()
                }
            }
            isBusy.wait()
            for _ in 0..<3 {
                let connection = try fixture.mailServer()
                try connection.send(
                    "AUTH\t1\tLOGIN\tservice=smtp\tsecured\nAUTH\t2\tPLAIN\tsecured\tresp=\(Self.plain)\n".utf8
                )
                #expect(try connection.line() == "CONT\t1\tVXNlcm5hbWU6")
                // The password waits to be checked.
                try connection.hangUp()
            }
            mayEnd.signal()
            try Self.wait { try await work.value }
            #expect(try Self.logIn(try fixture.mailServer(), .plain) == "OK\t1\tuser=alice@example.org")
            // Theirs were checked before this one; nobody was left to be logged in.
            #expect(fixture.log.lines.count { $0.hasPrefix("auth [") } == 1, "\(fixture.log.lines)")
        }
    }

    @Test("what breaks the protocol loses the connection and nothing else")
    func garbage() async throws {
        try await AuthenticationSocketFixture.with { fixture throws in
            let healthy = try fixture.mailServer()
            for octets in [
                "GET / HTTP/1.1\r\n\r\n", "VERSION\t1\t1\nAUTH\tx\n", String(repeating: "A", count: 40_000) + "\n",
            ] {
                let connection = try LocalConnection(fixture.dovecot.path)
                try connection.send(octets.utf8)
                let greeting = try String(decoding: connection.rest(), as: UTF8.self)
                #expect(!greeting.contains("\nOK") && !greeting.contains("\nFAIL"))
            }
            #expect(try Self.logIn(healthy, .plain) == "OK\t1\tuser=alice@example.org")
        }
    }

    @Test("our own trouble is said in codes to those who read them, and by a lost connection to the others")
    func trouble() async throws {
        try await AuthenticationSocketFixture.with { fixture throws in
            let postfix = try fixture.mailServer(version: "1\t1")
            let dovecot = try fixture.mailServer(version: "1\t2")
            // The store is gone: nothing can be looked up.
            try Self.wait { try await fixture.store.close() }
            #expect(try Self.logIn(postfix, .plain) == "the connection ended")
            #expect(
                try Self.logIn(dovecot, .plain)
                    == "FAIL\t1\tuser=alice\treason=Temporary authentication failure\tcode=temp_fail\ttemp"
            )
        }
    }

    @Test("a client that takes too long over its response is told so")
    func timeout() async throws {
        try await AuthenticationSocketFixture.with(responseTime: .milliseconds(20)) { fixture throws in
            let connection = try fixture.mailServer()
            try connection.send("AUTH\t1\tLOGIN\tservice=smtp\tsecured\n".utf8)
            #expect(try connection.line() == "CONT\t1\tVXNlcm5hbWU6")
            #expect(try connection.line() == "FAIL\t1\treason=Authentication request timed out")
            // Silence between two clients is no reason to end.
            #expect(try Self.logIn(connection, .plain, identifier: 2) == "OK\t2\tuser=alice@example.org")
        }
    }

    /// Waits on a thread that may wait.
    private static func wait(_ work: @escaping @Sendable () async throws -> Void) throws {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = eventLoop.makePromise(of: Void.self)
        promise.completeWithTask(work)
        try promise.futureResult.wait()
    }
}
