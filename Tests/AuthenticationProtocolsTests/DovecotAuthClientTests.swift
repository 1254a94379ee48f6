import AuthenticationProtocols
import SASL
import Testing

@Suite("Client of Dovecot's authentication protocol")
struct DovecotAuthClientTests {
    private static let handshake =
        "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tlogin\tplaintext\nSPID\t1\nCUID\t2\nCOOKIE\t0a\nDONE\n"

    private func ready() throws -> DovecotAuthClient {
        var client = DovecotAuthClient(processIdentifier: 4711)
        #expect(try client.receive(Array(Self.handshake.utf8)) == [.ready(mechanisms: ["PLAIN", "LOGIN"])])
        return client
    }

    private func request(_ user: String = "alice", _ password: String = "secret") -> DovecotAuthClient.Request {
        DovecotAuthClient.Request(
            user: user,
            password: Secret(password),
            isSecured: true,
            remoteAddress: "192.0.2.7"
        )
    }

    @Test("begins with its version and process, before the server says anything")
    func start() {
        #expect(DovecotAuthClient(processIdentifier: 4711).start() == Array("VERSION\t1\t2\nCPID\t4711\n".utf8))
    }

    @Test("the handshake is the same however it is cut", arguments: [1, 2, 7, 1000])
    func cuts(size: Int) throws {
        var client = DovecotAuthClient(processIdentifier: 1)
        var events: [DovecotAuthClient.Event] = []
        var rest = Array(Self.handshake.utf8)[...]
        while !rest.isEmpty {
            events += try client.receive(rest.prefix(size))
            rest = rest.dropFirst(size)
        }
        #expect(events == [.ready(mechanisms: ["PLAIN", "LOGIN"])])
    }

    @Test("asks with PLAIN, the response last")
    func question() throws {
        var client = try self.ready()
        let (identifier, octets) = client.authenticate(self.request())
        #expect(identifier == 1)
        #expect(
            String(decoding: octets, as: UTF8.self)
                == "AUTH\t1\tPLAIN\tservice=smtp\tsecured\trip=192.0.2.7\tnologin\tresp=AGFsaWNlAHNlY3JldA==\n"
        )
    }

    @Test("what came without TLS is not called secured")
    func unsecured() throws {
        var client = try self.ready()
        var request = self.request()
        request.isSecured = false
        let text = String(decoding: client.authenticate(request).octets, as: UTF8.self)
        #expect(!text.contains("secured"))
    }

    @Test(
        "reads what the server says",
        arguments: [
            ("OK\t1\tuser=alice\n", DovecotAuthClient.Verdict.accepted(user: "alice")),
            ("OK\t1\tuser=alice\textra=1\n", .accepted(user: "alice")),
            ("FAIL\t1\tuser=alice\n", .refused(.credentials)),
            ("FAIL\t1\n", .refused(.credentials)),
            ("FAIL\t1\tuser=alice\treason=no\n", .refused(.credentials)),
            ("FAIL\t1\tuser=alice\ttemp\n", .temporaryFailure),
            ("FAIL\t1\tuser=alice\tcode=temp_fail\n", .temporaryFailure),
            ("FAIL\t1\tuser=alice\tuser_disabled\n", .refused(.disabled)),
            ("FAIL\t1\tuser=alice\tcode=user_disabled\n", .refused(.disabled)),
            ("FAIL\t1\tuser=alice\tcode=authz_fail\n", .refused(.disabled)),
            ("FAIL\t1\tuser=alice\tpass_expired\n", .refused(.passwordExpired)),
            ("FAIL\t1\tuser=alice\tcode=pass_expired\n", .refused(.passwordExpired)),
            // A user called so is no word of the protocol.
            ("FAIL\t1\tuser=temp\n", .refused(.credentials)),
            ("CONT\t1\tAGFi\n", .refused(.credentials)),
        ]
    )
    func answer(line: String, verdict: DovecotAuthClient.Verdict) throws {
        var client = try self.ready()
        _ = client.authenticate(self.request())
        #expect(try client.receive(Array(line.utf8)) == [.answer(identifier: 1, verdict)])
        #expect(client.openCount == 0)
    }

    @Test("answers come in any order and name their question")
    func pipelining() throws {
        var client = try self.ready()
        for _ in 1...3 { _ = client.authenticate(self.request()) }
        #expect(client.openCount == 3)
        let events = try client.receive(Array("OK\t3\tuser=c\nFAIL\t1\nOK\t2\tuser=b\n".utf8))
        #expect(
            events == [
                .answer(identifier: 3, .accepted(user: "c")), .answer(identifier: 1, .refused(.credentials)),
                .answer(identifier: 2, .accepted(user: "b")),
            ]
        )
    }

    @Test("an answer to a question that nobody has asked, or that was taken back, is nobody's")
    func stray() throws {
        var client = try self.ready()
        #expect(try client.receive(Array("OK\t1\tuser=alice\n".utf8)).isEmpty)
        let (identifier, _) = client.authenticate(self.request())
        #expect(client.cancel(identifier) == Array("CANCEL\t1\n".utf8))
        #expect(client.cancel(identifier) == nil)
        #expect(try client.receive(Array("OK\t1\tuser=alice\n".utf8)).isEmpty)
        #expect(client.authenticate(self.request()).identifier == 2)
        // Twice counts once.
        #expect(
            try client.receive(Array("FAIL\t2\nOK\t2\tuser=alice\n".utf8)) == [
                .answer(identifier: 2, .refused(.credentials))
            ]
        )
    }

    @Test(
        "a server that speaks something else is left",
        arguments: [
            "VERSION\t2\t0\n", "VERSION\n", "VERSION\tx\n", "MECH\tPLAIN\n", "220 mail.example.org ESMTP\n", "\n",
            "VERSION\t1\t2\nMECH\tCRAM-MD5\nDONE\n", "VERSION\t1\t2\nMECH\n",
            "VERSION\t1\t2\n" + String(repeating: "MECH\tX\n", count: 65),
            String(repeating: "x", count: 16385) + "\n",
        ]
    )
    func faults(text: String) {
        var client = DovecotAuthClient(processIdentifier: 1)
        #expect(throws: ProtocolFault.self) { try client.receive(Array(text.utf8)) }
        // And stays so.
        #expect(throws: ProtocolFault.self) { try client.receive(Array(Self.handshake.utf8)) }
    }

    @Test(
        "an answer that is none ends the connection",
        arguments: ["OK\n", "OK\tx\tuser=a\n", "OK\t99999999999\tuser=a\n", "OK\t1\n", "OK\t1\tuser=\n", "FAIL\t-1\n"]
    )
    func brokenAnswers(line: String) throws {
        var client = try self.ready()
        _ = client.authenticate(self.request())
        #expect(throws: ProtocolFault.self) { try client.receive(Array(line.utf8)) }
    }
}
