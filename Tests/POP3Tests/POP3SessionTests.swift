import MailSyntax
import SASL
import SMTP
import Testing

@testable import POP3

/// A session played line by line: `C:` the client, `S:` what it must be answered, `!` what happens besides.
///
/// The service behind it knows `tim`, whose password is `tanstaaftanstaaf`, with two messages.
struct Dialog: Sendable, CustomTestStringConvertible {
    var name: String
    var security: POP3SessionConfiguration.Security
    var allowsClearText: Bool
    var text: String

    init(
        _ name: String,
        security: POP3SessionConfiguration.Security = .implicit,
        allowsClearText: Bool = false,
        _ text: String
    ) {
        self.name = name
        self.security = security
        self.allowsClearText = allowsClearText
        self.text = text
    }

    var testDescription: String { self.name }

    /// The dialog as it really went.
    func played() throws -> String {
        var session = POP3Session(
            configuration: POP3SessionConfiguration(
                hostname: "mail.example.org",
                security: self.security,
                mechanisms: [.scramSHA256, .plain, .login, .cramMD5],
                allowsClearTextWithoutTLS: self.allowsClearText,
                maximumAuthenticationFailures: 2,
                maximumBadCommands: 4
            )
        )
        var log: [String] = []
        self.perform(session.connected(), &session, &log)
        for line in self.text.split(separator: "\n").map(String.init) where line.hasPrefix("C: ") {
            log.append(line)
            var input = Array("\(line.dropFirst(3))\r\n".replacing("<CRLF>", with: "\r\n").utf8)
            while true {
                let (consumed, action) = input.withUnsafeBytes {
                    session.receive($0) {
                        POP3Session.ExchangeSeed(nonce: Array("a nonce that is long".utf8), secondsSince1970: 0)
                    }
                }
                input.removeFirst(consumed)
                if case .waitForInput = action { break }
                self.perform(action, &session, &log)
            }
        }
        return log.joined(separator: "\n")
    }

    private func perform(_ action: POP3Action, _ session: inout POP3Session, _ log: inout [String]) {
        func show(_ octets: [UInt8]) {
            let lines = String(decoding: octets, as: UTF8.self).split(
                separator: "\r\n",
                omittingEmptySubsequences: false
            )
            log += lines.dropLast().map { "S: \($0)" }
        }
        switch action {
        case .waitForInput: break
        case .send(let octets): show(octets)
        case .close(let octets):
            show(octets)
            log.append("! closed")
        case .startTLS(let octets):
            show(octets)
            session.tlsStarted()
            log.append("! tls")
        case .ask(let request):
            let next: POP3Action
            switch request {
            case .authentication(.password(let credentials)):
                let isRight =
                    credentials.authenticationIdentity == "tim" && credentials.password == Secret("tanstaaftanstaaf")
                next = session.receive(.authentication(.password(accepted: isRight)))
            case .authentication(.sharedSecret):
                next = session.receive(.authentication(.sharedSecret(Secret("tanstaaftanstaaf"))))
            case .authentication:
                next = session.receive(.refused(.error("Try later", .temporary)))
            case .authenticationEnded(_, .succeeded):
                next = session.receive(
                    .authenticated(
                        Maildrop(messages: [.init(uniqueID: "a1", size: 120), .init(uniqueID: "b2", size: 200)])
                    )
                )
            case .authenticationEnded(_, .failed):
                next = session.receive(.refused(.error("Authentication failed", .authentication)))
            case .content(let message, let lines):
                log.append("! content \(message.uniqueID) \(lines.map(String.init) ?? "all")")
                next = session.receive(.done)
            case .update(let messages):
                log.append("! removed \(messages.map(\.uniqueID).joined(separator: " "))")
                next = session.receive(.done)
            }
            self.perform(next, &session, &log)
        }
    }
}

@Suite("POP3 sessions, RFC 1939, 2449, 2595, 5034")
struct POP3SessionTests {
    private static let login =
        "C: USER tim\nS: +OK Password, please\nC: PASS tanstaaftanstaaf\nS: +OK Logged in, 2 messages\n"
    private static let plain = "AHRpbQB0YW5zdGFhZnRhbnN0YWFm"

    static let dialogs: [Dialog] = [
        Dialog("USER and PASS", login + "C: STAT\nS: +OK 2 320\nC: QUIT\n! removed \nS: +OK Bye\n! closed"),
        Dialog(
            "what RFC 1939 shows of a maildrop",
            login
                + """
                C: LIST
                S: +OK 2 messages
                S: 1 120
                S: 2 200
                S: .
                C: list 2
                S: +OK 2 200
                C: UIDL 1
                S: +OK 1 a1
                C: RETR 1
                ! content a1 all
                C: TOP 2 10
                ! content b2 10
                C: DELE 1
                S: +OK Removed at QUIT
                C: STAT
                S: +OK 1 200
                C: UIDL
                S: +OK 1 messages
                S: 2 b2
                S: .
                C: RETR 1
                S: -ERR No such message
                C: QUIT
                ! removed a1
                S: +OK Bye
                ! closed
                """
        ),
        Dialog(
            "RSET takes DELE back",
            login
                + "C: DELE 2\nS: +OK Removed at QUIT\nC: RSET\nS: +OK Nothing will be removed\nC: QUIT\n! removed \nS: +OK Bye\n! closed"
        ),
        Dialog("AUTH PLAIN with an initial response", "C: AUTH PLAIN \(plain)\nS: +OK Logged in, 2 messages"),
        Dialog("AUTH PLAIN without", "C: AUTH PLAIN\nS: + \nC: \(plain)\nS: +OK Logged in, 2 messages"),
        Dialog(
            "a wrong password",
            "C: USER tim\nS: +OK Password, please\nC: PASS wrong\nS: -ERR [AUTH] Authentication failed\nC: STAT\nS: -ERR Not now"
        ),
        Dialog(
            "an unknown user is answered alike",
            "C: USER nobody\nS: +OK Password, please\nC: PASS wrong\nS: -ERR [AUTH] Authentication failed"
        ),
        Dialog(
            "too many failures end the session",
            """
            C: AUTH PLAIN AHRpbQB3cm9uZw==
            S: -ERR [AUTH] Authentication failed
            C: AUTH PLAIN AHRpbQB3cm9uZw==
            S: -ERR [AUTH] Authentication failed
            C: AUTH PLAIN \(plain)
            S: -ERR [AUTH] Too many failed attempts
            ! closed
            """
        ),
        Dialog(
            "cancelled",
            "C: AUTH PLAIN\nS: + \nC: *\nS: -ERR Authentication cancelled\nC: AUTH PLAIN \(plain)\nS: +OK Logged in, 2 messages"
        ),
        Dialog("no base64", "C: AUTH PLAIN !\nS: -ERR That is not base64"),
        Dialog("malformed", "C: AUTH PLAIN dGlt\nS: -ERR The mechanism does not understand that"),
        Dialog(
            "trouble of the server is not the client's",
            "C: AUTH SCRAM-SHA-256 biwsbj10aW0scj1hYmNkZWZnaGlqa2w=\nS: -ERR [SYS/TEMP] Try later"
        ),
        Dialog("an unknown mechanism", "C: AUTH X-MAGIC\nS: -ERR No such mechanism"),
        Dialog("PASS without USER", "C: PASS tanstaaftanstaaf\nS: -ERR Not now"),
        Dialog(
            "capabilities before and after",
            """
            C: CAPA
            S: +OK Capability list follows
            S: TOP
            S: UIDL
            S: RESP-CODES
            S: AUTH-RESP-CODE
            S: PIPELINING
            S: IMPLEMENTATION Gatepost
            S: SASL SCRAM-SHA-256 PLAIN LOGIN CRAM-MD5
            S: USER
            S: .
            C: AUTH
            S: +OK Mechanisms follow
            S: SCRAM-SHA-256
            S: PLAIN
            S: LOGIN
            S: CRAM-MD5
            S: .

            """ + login
                + """
                C: CAPA
                S: +OK Capability list follows
                S: TOP
                S: UIDL
                S: RESP-CODES
                S: AUTH-RESP-CODE
                S: PIPELINING
                S: IMPLEMENTATION Gatepost
                S: .
                """
        ),
        Dialog(
            "STLS comes before a login",
            security: .startTLS,
            """
            C: USER tim
            S: -ERR Start TLS first (STLS)
            C: AUTH PLAIN \(plain)
            S: -ERR Start TLS first (STLS)
            C: CAPA
            S: +OK Capability list follows
            S: TOP
            S: UIDL
            S: RESP-CODES
            S: AUTH-RESP-CODE
            S: PIPELINING
            S: IMPLEMENTATION Gatepost
            S: STLS
            S: .
            C: STLS
            S: +OK Begin TLS
            ! tls
            C: STLS
            S: -ERR Not now

            """ + login
        ),
        Dialog(
            "what follows STLS in the clear ends the session",
            security: .startTLS,
            "C: STLS<CRLF>USER tim\nS: -ERR Nothing may follow STLS before TLS is up\n! closed"
        ),
        Dialog(
            "without TLS only what hides the password",
            security: .none,
            """
            C: USER tim
            S: -ERR Start TLS first (STLS)
            C: AUTH CRAM-MD5
            S: + PDYxMjA2ZTZmNmU2MzY1MjA3NDY4NjE3NDIwNjk3MzIwNmM2ZjZlNjcuMEBtYWlsLmV4YW1wbGUub3JnPg==
            C: *
            S: -ERR Authentication cancelled
            """
        ),
        Dialog("clear text without TLS where it is allowed", security: .none, allowsClearText: true, login),
        Dialog("QUIT before the login", "C: QUIT\nS: +OK Bye\n! closed"),
        Dialog("a line ends with CRLF", "C: NO\nOP\nS: -ERR Unknown command"),
        Dialog(
            "odd commands end a session in the long run",
            """
            C: XYZZY
            S: -ERR Unknown command
            C: STAT 1
            S: -ERR Wrong number of arguments
            C: RETR
            S: -ERR Wrong number of arguments
            C: LIST 1
            S: -ERR Too many refused commands
            ! closed
            """
        ),
        Dialog(
            "numbers that are none",
            login
                + "C: RETR 0\nS: -ERR A message's number is due\nC: RETR 99999999999999999999\nS: -ERR A message's number is due\nC: DELE 3\nS: -ERR No such message"
        ),
    ]

    @Test("dialogs", arguments: dialogs)
    func dialog(_ dialog: Dialog) throws {
        let wanted = dialog.text.split(separator: "\n").filter {
            $0.hasPrefix("C: ") || $0.hasPrefix("S: ") || $0.hasPrefix("! ")
        }
        let played = try dialog.played().split(separator: "\n").dropFirst()
        #expect(played.joined(separator: "\n") == wanted.joined(separator: "\n"))
    }

    @Test("an overlong line is refused, not kept")
    func overlong() {
        var session = POP3Session(configuration: POP3SessionConfiguration(hostname: "h", security: .implicit))
        let line = Array(repeating: UInt8(ascii: "a"), count: 100_000)
        let (consumed, action) = line.withUnsafeBytes {
            session.receive($0) {
                POP3Session.ExchangeSeed(nonce: Array("a nonce that is long".utf8), secondsSince1970: 0)
            }
        }
        #expect(consumed == line.count)
        guard case .waitForInput = action else { return #expect(Bool(false), "\(action)") }
        let (_, end) = Array("\r\n".utf8).withUnsafeBytes {
            session.receive($0) {
                POP3Session.ExchangeSeed(nonce: Array("a nonce that is long".utf8), secondsSince1970: 0)
            }
        }
        guard case .send(let octets) = end else { return #expect(Bool(false), "\(end)") }
        #expect(String(decoding: octets, as: UTF8.self) == "-ERR Line too long\r\n")
    }
}

@Suite("What TOP shows")
struct ContentSelectionTests {
    static let message = "A: b\r\n c\r\n\r\none\r\ntwo\r\nthree\r\n"

    @Test(
        "the header, the empty line and so many lines, however the content is cut",
        arguments: [
            (0, "A: b\r\n c\r\n\r\n"), (1, "A: b\r\n c\r\n\r\none\r\n"), (9, message),
        ],
        [1, 2, 5, 100]
    )
    func top(_ lines: (Int, String), _ pieceOctets: Int) {
        var selection = ContentSelection(bodyLines: lines.0)
        var shown: [UInt8] = []
        var rest = Array(Self.message.utf8)[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieceOctets))
            rest = rest.dropFirst(pieceOctets)
            let count = piece.withUnsafeBytes { selection.take($0) }
            shown += piece.prefix(count)
        }
        #expect(String(decoding: shown, as: UTF8.self) == lines.1)
    }

    @Test("everything without a number of lines")
    func all() {
        var selection = ContentSelection(bodyLines: nil)
        #expect(Array(Self.message.utf8).withUnsafeBytes { selection.take($0) } == Self.message.utf8.count)
    }
}

@Suite("What the service is told of a login that it was not asked about")
struct AuthenticationNoticeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var lines: [String]
        var notice: AuthenticationNotice?
        var security = POP3SessionConfiguration.Security.implicit
        var testDescription: String { self.lines.joined(separator: ", ") }
    }

    static let cases = [
        Case(lines: ["AUTH CRAM-MD5"], notice: .init(mechanism: .cramMD5, cause: .notOffered)),
        Case(lines: ["AUTH EXTERNAL ="], notice: .init(mechanism: .external, cause: .noCertificate)),
        Case(
            lines: ["AUTH PLAIN"],
            notice: .init(mechanism: .plain, cause: .encryptionRequired),
            security: .startTLS
        ),
        Case(lines: ["USER tim"], notice: .init(mechanism: .login, cause: .encryptionRequired), security: .startTLS),
        Case(lines: ["AUTH PLAIN !"], notice: .init(mechanism: .plain, cause: .malformed)),
        Case(lines: ["AUTH LOGIN", "*"], notice: .init(mechanism: .login, cause: .cancelled)),
        Case(lines: ["AUTH LOGIN", "!"], notice: .init(mechanism: .login, cause: .malformed)),
        Case(
            lines: ["AUTH LOGIN", String(repeating: "a", count: POP3Session.maximumLineOctets)],
            notice: .init(mechanism: .login, cause: .malformed)
        ),
        Case(lines: ["AUTH"], notice: nil),
        Case(lines: ["USER tim"], notice: nil),
        Case(lines: ["STAT"], notice: nil),
    ]

    @Test(arguments: cases)
    func notices(_ wanted: Case) {
        var session = POP3Session(
            configuration: POP3SessionConfiguration(
                hostname: "mail.example.org",
                security: wanted.security,
                mechanisms: [.external, .plain, .login]
            )
        )
        _ = session.connected()
        var notices: [AuthenticationNotice] = []
        for line in wanted.lines {
            var input = Array("\(line)\r\n".utf8)
            while true {
                let (consumed, action) = input.withUnsafeBytes {
                    session.receive($0) {
                        POP3Session.ExchangeSeed(nonce: Array("a nonce that is long".utf8), secondsSince1970: 0)
                    }
                }
                input.removeFirst(consumed)
                if let notice = session.takeAuthenticationNotice() { notices.append(notice) }
                if case .waitForInput = action, consumed == 0 { break }
            }
        }
        #expect(notices == [wanted.notice].compactMap { $0 })
    }

    @Test("a client that hangs up within an exchange gave it up")
    func hangsUp() {
        var session = POP3Session(configuration: POP3SessionConfiguration(hostname: "a", security: .implicit))
        #expect(session.noticeAtEnd == nil)
        Array("AUTH LOGIN\r\n".utf8).withUnsafeBytes { octets in
            _ = session.receive(octets) {
                POP3Session.ExchangeSeed(nonce: Array("a nonce that is long".utf8), secondsSince1970: 0)
            }
        }
        #expect(session.noticeAtEnd == AuthenticationNotice(mechanism: .login, cause: .cancelled))
    }
}

@Suite("SCRAM over POP3, RFC 5034 §4")
struct SCRAMExchangeTests {
    private static let password = "tanstaaftanstaaf"

    /// What the session sends for one line, with its questions answered.
    private func reply(to line: [UInt8], _ session: inout POP3Session) throws -> String {
        var (_, action) = (line + Array("\r\n".utf8)).withUnsafeBytes {
            session.receive($0) {
                POP3Session.ExchangeSeed(nonce: Array("a nonce that is long".utf8), secondsSince1970: 0)
            }
        }
        while case .ask(let request) = action {
            switch request {
            case .authentication(.scram(let question)):
                let credential = try SCRAMCredential(
                    password: Secret(Self.password),
                    salt: Array("a salt of ours".utf8),
                    iterations: 4096,
                    hash: question.hash
                )
                action = session.receive(.authentication(.scram(credential)))
            case .authenticationEnded(_, .succeeded):
                action = session.receive(.authenticated(.empty))
            default:
                action = session.receive(.refused(.error("Authentication failed", .authentication)))
            }
        }
        guard case .send(let octets) = action else { return "\(action)" }
        return String(decoding: octets.dropLast(2), as: UTF8.self)
    }

    @Test(
        "the server's proof is a challenge with an empty answer",
        arguments: [("tanstaaftanstaaf", "+OK Logged in, 0 messages"), ("wrong", "-ERR [AUTH] Authentication failed")]
    )
    func exchange(_ password: String, _ wanted: String) throws {
        var session = POP3Session(configuration: POP3SessionConfiguration(hostname: "a", security: .implicit))
        let credentials = ClientCredentials(authenticationIdentity: "tim", password: Secret(password))
        var client = try #require(
            ClientMechanisms.make(
                .scramSHA256,
                credentials: credentials,
                nonce: [UInt8](repeating: 0x41, count: 18)
            )
        )
        guard case .present(let first) = client.start() else { throw NoInitialResponse() }
        var line = Array("AUTH SCRAM-SHA-256 ".utf8) + Base64.encode(first)
        var challenges = 0
        var reply = try self.reply(to: line, &session)
        while reply.hasPrefix("+ ") {
            challenges += 1
            let challenge = try #require(Base64.decode(reply.utf8.dropFirst(2)))
            guard case .respond(let response) = client.received(challenge: challenge) else { break }
            line = Base64.encode(response)
            reply = try self.reply(to: line, &session)
        }
        #expect(reply == wanted)
        #expect(challenges == (password == Self.password ? 2 : 1))
    }

    private struct NoInitialResponse: Error {}
}
