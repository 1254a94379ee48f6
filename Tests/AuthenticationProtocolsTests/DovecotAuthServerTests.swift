import AuthenticationProtocols
import MailSyntax
import SASL
import Testing

@Suite("The server's side of Dovecot's authentication protocol")
struct DovecotAuthServerTests {
    private static func server(maximumRequests: Int = 4, maximumLineOctets: Int = 200) -> DovecotAuthServer {
        DovecotAuthServer(
            mechanisms: [DovecotMechanism(.scramSHA256), DovecotMechanism(.plain), DovecotMechanism(.cramMD5)],
            serverProcess: 4711,
            connection: 3,
            cookie: Array(0..<16),
            maximumRequests: maximumRequests,
            maximumLineOctets: maximumLineOctets
        )
    }

    /// One that has heard the client's half of the handshake.
    private static func greeted(maximumRequests: Int = 4) -> DovecotAuthServer {
        var server = Self.server(maximumRequests: maximumRequests)
        #expect(server.receive("VERSION\t1\t1\nCPID\t7\n".utf8).isEmpty)
        return server
    }

    /// The events as text.
    private static func told(_ events: [DovecotAuthServer.Event]) -> [String] {
        events.map { event in
            switch event {
            case .send(let octets): "S: " + String(decoding: octets, as: UTF8.self).dropLast()
            case .begin(let request): "begin \(request.identifier) \(request.mechanism)"
            case .response(let identifier, let octets):
                "response \(identifier) \(String(decoding: octets, as: UTF8.self))"
            case .abandoned(let identifier): "abandoned \(identifier)"
            case .close(let fault): "close: \(fault)"
            }
        }
    }

    private static func text(_ octets: [UInt8]?) -> String? {
        octets.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func request(_ line: String) throws -> DovecotAuthRequest {
        var server = Self.greeted()
        guard case .begin(let request) = try #require(server.receive((line + "\n").utf8).first) else {
            throw ProtocolFault("no request")
        }
        return request
    }

    // MARK: Handshake

    @Test("the server's half of the handshake says what it can do")
    func greeting() {
        let lines = [
            "VERSION\t1\t2", "MECH\tSCRAM-SHA-256\tmutual-auth", "MECH\tPLAIN\tplaintext",
            "MECH\tCRAM-MD5\tdictionary\tactive", "SPID\t4711", "CUID\t3", "COOKIE\t000102030405060708090a0b0c0d0e0f",
            "DONE",
        ]
        #expect(Self.text(Self.server().greeting) == lines.map { $0 + "\n" }.joined())
    }

    @Test(
        "what a mechanism's users are told",
        arguments: [
            (.login, [.plaintext]), (.xoauth2, [.plaintext]), (.oauthBearer, [.plaintext]),
            (.digestMD5, [.dictionary, .active, .mutualAuthentication]), (.ntlm, [.dictionary, .active]),
            (.scramSHA1, [.mutualAuthentication]), (.external, []),
        ] as [(MechanismName, [DovecotMechanism.Property])]
    )
    func properties(name: MechanismName, properties: [DovecotMechanism.Property]) {
        #expect(DovecotMechanism(name).properties == properties)
    }

    @Test(
        "another major version, and commands before any, end the connection",
        arguments: [
            "VERSION\t2\t0", "VERSION", "VERSION\tx\t1", "AUTH\t1\tPLAIN\tservice=smtp", "GET / HTTP/1.1",
        ]
    )
    func badHandshake(line: String) {
        var server = Self.server()
        let events = Self.told(server.receive((line + "\n").utf8))
        #expect(events.count == 1 && events[0].hasPrefix("close: "))
        #expect(server.receive("VERSION\t1\t1\n".utf8).isEmpty, "nothing is heard after the end")
    }

    @Test(
        "whether the client reads codes is told by its version",
        arguments: [
            ("1\t0", false), ("1\t1", false), ("1\t2", true), ("1\t9", true), ("1", false),
        ]
    )
    func versions(version: String, readsCodes: Bool) {
        var server = Self.server()
        #expect(server.receive("VERSION\t\(version)\n".utf8).isEmpty)
        #expect(server.readsFailureCodes == readsCodes)
    }

    @Test("commands that nobody knows are ignored")
    func unknown() {
        var server = Self.greeted()
        #expect(server.receive("NEWS\tfrom\tthe future\n\n\tx\n".utf8).isEmpty)
    }

    // MARK: Requests

    @Test("Postfix's request")
    func postfix() throws {
        let request = try Self.request(
            "AUTH\t1\tPLAIN\tservice=smtp\tnologin\tlip=127.0.0.1\trip=::ffff:192.0.2.9\tsecured\tresp=AGEAYg=="
        )
        #expect(request.identifier == 1 && request.mechanism == .plain)
        #expect(request.initialResponse == .present([0, 0x61, 0, 0x62]))
        #expect(request.service == "smtp" && request.needsNoLogin && request.isSecured)
        #expect(!request.acceptsFinalData && !request.hasValidCertificate && !request.isExemptFromPenalty)
        #expect(request.localAddress == IPAddress("127.0.0.1") && request.remoteAddress == IPAddress("192.0.2.9"))
        #expect("\(request)" == "AUTH 1 PLAIN for smtp")
    }

    @Test("every parameter is read")
    func parameters() throws {
        let request = try Self.request(
            "AUTH\t4294967295\tscram-sha-256\tservice=imap\tfinal-resp-ok\tno-penalty\tvalid-client-cert\t"
                + "cert_username=al\u{1}tice\tsession=a+b\trport=70000\tlport=993\trip=2001:db8::1\tlip=nonsense\tnew=1"
        )
        #expect(request.identifier == .max && request.mechanism == .scramSHA256 && request.initialResponse == .absent)
        #expect(request.acceptsFinalData && request.isExemptFromPenalty && request.hasValidCertificate)
        #expect(!request.isSecured)
        #expect(request.certificateUser == "al\tice" && request.session == "a+b")
        #expect(request.remotePort == nil && request.localPort == 993)
        #expect(request.remoteAddress == IPAddress("2001:db8::1") && request.localAddress == nil)
    }

    @Test(
        "Exim's empty response is none; that of zero octets is =",
        arguments: [
            ("\tresp=", .absent), ("\tresp==", .present([])), ("", .absent),
        ] as [(String, InitialResponse)]
    )
    func emptyResponse(parameter: String, response: InitialResponse) throws {
        #expect(try Self.request("AUTH\t1\tPLAIN\tservice=smtp" + parameter).initialResponse == response)
    }

    @Test("what a client put behind its response with a tab is not the mail server's word")
    func injected() throws {
        let request = try Self.request(
            "AUTH\t1\tPLAIN\tservice=smtp\trip=192.0.2.1\tresp=AGEAYg==\tsecured\trip=127.0.0.1\tvalid-client-cert"
        )
        #expect(!request.isSecured && !request.hasValidCertificate)
        #expect(request.remoteAddress == IPAddress("192.0.2.1"))
    }

    @Test("requests are told apart by their identifiers")
    func interleaved() {
        var server = Self.greeted()
        let events = server.receive(
            "AUTH\t1\tCRAM-MD5\tservice=smtp\nAUTH\t2\tCRAM-MD5\tservice=smtp\nAUTH\t3\tPLAIN\tservice=smtp\n".utf8
        )
        #expect(Self.told(events) == ["begin 1 CRAM-MD5", "begin 2 CRAM-MD5", "begin 3 PLAIN"])
        #expect(Self.text(server.challenge(Array("b".utf8), for: 2)) == "CONT\t2\tYg==\n")
        #expect(Self.text(server.challenge(Array("a".utf8), for: 1)) == "CONT\t1\tYQ==\n")
        #expect(Self.text(server.challenge([], for: 3)) == "CONT\t3\t\n")
        #expect(
            Self.told(server.receive("CONT\t1\tMQ==\nCONT\t2\tMg==\nCONT\t3\n".utf8)) == [
                "response 1 1", "response 2 2", "response 3 ",
            ]
        )
        #expect(Self.text(server.succeed(2, user: "b@example.org")) == "OK\t2\tuser=b@example.org\n")
        #expect(Self.text(server.fail(1, DovecotFailure(user: "a", reason: "no"))) == "FAIL\t1\tuser=a\treason=no\n")
        #expect(server.openRequests == 1)
        #expect(
            server.challenge([], for: 2) == nil && server.succeed(1, user: "a") == nil && server.fail(9, .init()) == nil
        )
        // A finished request's identifier may be used again.
        #expect(Self.told(server.receive("AUTH\t2\tPLAIN\tservice=smtp\n".utf8)) == ["begin 2 PLAIN"])
    }

    @Test("success may carry data, and its user cannot break the line")
    func success() {
        var server = Self.greeted()
        _ = server.receive("AUTH\t1\tPLAIN\tservice=smtp\tfinal-resp-ok\n".utf8)
        #expect(
            Self.text(server.succeed(1, user: "a\tb\n", finalData: Array("v=".utf8)))
                == "OK\t1\tuser=a\u{1}tb\u{1}l\tresp=dj0=\n"
        )
    }

    @Test("a temporary failure is said in the words of both versions")
    func temporary() {
        var server = Self.greeted()
        _ = server.receive("AUTH\t1\tPLAIN\tservice=smtp\n".utf8)
        #expect(Self.text(server.fail(1, DovecotFailure(code: .temporary))) == "FAIL\t1\tcode=temp_fail\ttemp\n")
    }

    @Test(
        "one request's mistake is not another's",
        arguments: [
            ("AUTH\t2\tNEWMECH\tservice=smtp", ["S: FAIL\t2\treason=Unsupported authentication mechanism"]),
            ("AUTH\t2\t\tservice=smtp", ["S: FAIL\t2\treason=Unsupported authentication mechanism"]),
            ("AUTH\t2\tPLAIN\tservice=smtp\tresp=AGEAYg=", ["S: FAIL\t2\treason=Invalid base64 data in response"]),
            ("CONT\t1\t*", ["abandoned 1", "S: FAIL\t1\treason=Invalid base64 data in response"]),
            ("CONT\t7\tAA==", ["S: FAIL\t7\treason=Authentication request timed out"]),
            ("CONT\t3\tAA==", ["abandoned 3", "S: FAIL\t3\treason=Response without a challenge"]),
            ("CANCEL\t1", ["abandoned 1"]), ("CANCEL\t3", ["abandoned 3"]), ("CANCEL\t7", []),
            (
                "AUTH\t2\tPLAIN\tresp=" + String(repeating: "A", count: 400),
                ["S: FAIL\t2\treason=Authentication response too long"]
            ),
            (
                "CONT\t1\t" + String(repeating: "A", count: 400),
                ["abandoned 1", "S: FAIL\t1\treason=Authentication response too long"]
            ),
        ] as [(String, [String])]
    )
    func isolated(line: String, expected: [String]) {
        var server = Self.greeted()
        _ = server.receive("AUTH\t1\tCRAM-MD5\tservice=smtp\nAUTH\t3\tPLAIN\tservice=smtp\nAUTH\t4\tCRAM-MD5\n".utf8)
        _ = server.challenge([1], for: 1)
        _ = server.challenge([4], for: 4)
        #expect(Self.told(server.receive((line + "\n").utf8)) == expected)
        #expect(Self.told(server.receive("CONT\t4\tNA==\n".utf8)) == ["response 4 4"])
    }

    @Test(
        "what cannot be laid to one request ends the connection",
        arguments: [
            "AUTH", "AUTH\tx\tPLAIN", "AUTH\t1", "AUTH\t5\tPLAIN", "CONT", "CANCEL\t-1", "CONT\t99999999999\tAA==",
            String(repeating: "A", count: 400), "CANCEL\t5\t" + String(repeating: "A", count: 400),
            "AUTH\t5\t" + String(repeating: "A", count: 400), "X" + String(repeating: "\t", count: 150),
        ]
    )
    func faults(line: String) {
        var server = Self.greeted()
        _ = server.receive("AUTH\t5\tPLAIN\tservice=smtp\n".utf8)
        let events = Self.told(server.receive((line + "\nAUTH\t6\tPLAIN\n").utf8))
        #expect(events.count == 1 && events[0].hasPrefix("close: "), "\(events)")
        #expect(server.openRequests == 0)
    }

    @Test("requests whose client went away make room for others, the longest waiting first")
    func eviction() {
        var server = Self.greeted(maximumRequests: 2)
        _ = server.receive("AUTH\t1\tCRAM-MD5\nAUTH\t2\tCRAM-MD5\n".utf8)
        #expect(
            Self.told(server.receive("AUTH\t3\tPLAIN\n".utf8)) == [
                "S: FAIL\t3\treason=Too many requests at once\tcode=temp_fail\ttemp"
            ]
        )
        _ = server.challenge([], for: 2)
        _ = server.challenge([], for: 1)
        #expect(
            Self.told(server.receive("AUTH\t4\tPLAIN\n".utf8)) == [
                "abandoned 2", "S: FAIL\t2\treason=Authentication request timed out", "begin 4 PLAIN",
            ]
        )
        #expect(server.openRequests == 2)
    }

    @Test("a request times out only while its client owes a response")
    func expiry() {
        var server = Self.greeted()
        _ = server.receive("AUTH\t1\tCRAM-MD5\n".utf8)
        #expect(server.expire(1) == nil)
        _ = server.challenge([], for: 1)
        #expect(Self.text(server.expire(1)) == "FAIL\t1\treason=Authentication request timed out\n")
        #expect(server.openRequests == 0)
    }

    @Test("a dialogue is the same however it is cut", arguments: [1, 2, 5, 64])
    func cuts(size: Int) {
        var server = Self.server()
        let octets = Array("VERSION\t1\t1\nCPID\t7\nAUTH\t1\tPLAIN\tresp=AGEAYg==\nCANCEL\t1\nAUTH\tx\n".utf8)
        var events: [DovecotAuthServer.Event] = []
        for start in stride(from: 0, to: octets.count, by: size) {
            events += server.receive(octets[start..<min(start + size, octets.count)])
        }
        #expect(
            Self.told(events) == ["begin 1 PLAIN", "abandoned 1", "close: AUTH without the identifier of a request"]
        )
    }
}
