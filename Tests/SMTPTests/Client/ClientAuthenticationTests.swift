import MailSyntax
import SASL
import SMTP
import Testing

@Suite("AUTH by the client, RFC 4954")
struct ClientAuthenticationTests {
    private static let plainResponse = "AHRpbQB0YW5zdGFhZnRhbnN0YWFm"

    private static func opening(_ mechanisms: String) -> String {
        """
        ! startTLS
        > tls
        S: 220 mail.test
        C: EHLO client.test
        S: 250-mail.test
        S: 250 \(mechanisms)

        """
    }

    static let dialogs: [Dialog] = [
        Dialog(
            "PLAIN with an initial response",
            security: .implicit,
            credentials: .tim,
            opening("AUTH PLAIN LOGIN") + "C: AUTH PLAIN \(plainResponse)\nS: 235 2.7.0 ok\n! established TLS"
        ),
        Dialog(
            "a wrong password is one failure, whatever else is offered",
            security: .implicit,
            credentials: .tim,
            opening("AUTH LOGIN PLAIN CRAM-MD5")
                + "C: AUTH PLAIN \(plainResponse)\nS: 535 5.7.8 no\n! failed refused PLAIN at AUTH"
        ),
        Dialog(
            "a temporary failure is final here",
            security: .implicit,
            credentials: .tim,
            opening("AUTH LOGIN PLAIN")
                + "C: AUTH PLAIN \(plainResponse)\nS: 454 4.7.0 later\n! failed unavailable PLAIN at AUTH"
        ),
        Dialog(
            "the next mechanism after 504",
            security: .implicit,
            credentials: .tim,
            opening("AUTH PLAIN LOGIN")
                + """
                C: AUTH PLAIN \(plainResponse)
                S: 504 5.5.4 not today
                C: AUTH LOGIN
                S: 334 VXNlcm5hbWU6
                C: dGlt
                S: 334 UGFzc3dvcmQ6
                C: dGFuc3RhYWZ0YW5zdGFhZg==
                S: 235 2.7.0 ok
                ! established TLS
                """
        ),
        Dialog(
            "no LOGIN after 534 to PLAIN, which would carry the same password",
            security: .implicit,
            credentials: .tim,
            opening("AUTH PLAIN LOGIN")
                + "C: AUTH PLAIN \(plainResponse)\nS: 534 5.7.9 app password needed\n! failed refused PLAIN at AUTH"
        ),
        Dialog(
            "the mechanism asked for and no other",
            security: .implicit,
            credentials: .tim,
            mechanism: .login,
            opening("AUTH PLAIN LOGIN") + "C: AUTH LOGIN\nS: 504 5.5.4 no\n! failed refused LOGIN at AUTH"
        ),
        Dialog(
            "the mechanism asked for is not offered",
            security: .implicit,
            credentials: .tim,
            mechanism: .scramSHA256,
            opening("AUTH PLAIN LOGIN") + "! failed noUsableMechanism at AUTH"
        ),
        Dialog(
            "AUTH not offered",
            security: .implicit,
            credentials: .tim,
            opening("PIPELINING") + "! failed authenticationNotOffered at EHLO"
        ),
        Dialog(
            "only unknown mechanisms",
            security: .implicit,
            credentials: .tim,
            opening("AUTH GSSAPI X-ODD") + "! failed noUsableMechanism at AUTH"
        ),
        Dialog(
            "no password in clear without TLS",
            credentials: .tim,
            "S: 220 mail.test\nC: EHLO client.test\nS: 250-mail.test\nS: 250 AUTH PLAIN LOGIN\n! failed noUsableMechanism at AUTH"
        ),
        Dialog(
            "a password in clear where that is allowed",
            credentials: .tim,
            allowClearTextWithoutTLS: true,
            "S: 220 mail.test\nC: EHLO client.test\nS: 250-mail.test\nS: 250 AUTH PLAIN\nC: AUTH PLAIN \(plainResponse)"
        ),
        Dialog(
            "CRAM-MD5, RFC 2195 §2",
            credentials: .tim,
            """
            S: 220 mail.test
            C: EHLO client.test
            S: 250-mail.test
            S: 250 AUTH CRAM-MD5
            C: AUTH CRAM-MD5
            S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
            C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
            S: 235 ok
            ! established
            """
        ),
        Dialog(
            "a challenge that is no base64 is cancelled",
            credentials: .tim,
            """
            S: 220 mail.test
            C: EHLO client.test
            S: 250-mail.test
            S: 250 AUTH CRAM-MD5
            C: AUTH CRAM-MD5
            S: 334 please enter your code
            C: *
            S: 501 5.7.0 cancelled
            ! failed aborted CRAM-MD5 (malformed challenge) at AUTH
            """
        ),
        Dialog(
            "success without proof is not believed",
            credentials: .tim,
            """
            S: 220 mail.test
            C: EHLO client.test
            S: 250-mail.test
            S: 250 AUTH SCRAM-SHA-256
            C: AUTH SCRAM-SHA-256 biwsbj10aW0scj1Cd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjSA==
            S: 235 2.7.0 trust me
            ! failed aborted SCRAM-SHA-256 (the server did not authenticate itself) at AUTH
            """
        ),
        Dialog(
            "250 to AUTH",
            security: .implicit,
            credentials: .tim,
            opening("AUTH PLAIN") + "C: AUTH PLAIN \(plainResponse)\nS: 250 ok\n! failed unexpectedReply at AUTH"
        ),
        Dialog(
            "drop",
            security: .implicit,
            credentials: .tim,
            opening("AUTH PLAIN") + "C: AUTH PLAIN \(plainResponse)\n> drop\n! failed connectionClosed at AUTH"
        ),
        Dialog(
            "an initial response that does not fit into 512 octets comes after an empty challenge, RFC 4954 §4",
            security: .implicit,
            credentials: ClientCredentials(
                authenticationIdentity: "tim",
                password: Secret(String(repeating: "x", count: 380))
            ),
            opening("AUTH PLAIN")
                + """
                C: AUTH PLAIN
                S: 334
                C: \(Base64.encodeToString(Array("\0tim\0\(String(repeating: "x", count: 380))".utf8)))
                S: 235 ok
                ! established TLS
                """
        ),
    ]

    @Test("goes as written", arguments: dialogs, [false, true])
    func dialog(_ dialog: Dialog, octetByOctet: Bool) {
        let trace = Dialog.withoutServer(dialog.played(octetByOctet: octetByOctet))
        #expect(trace == Dialog.withoutServer(dialog.lines))
    }

    /// How the server hands over its final data.
    enum FinalData: CaseIterable, Sendable {
        case challenge
        case successText
        case flipped
    }

    @Test("SCRAM proves the server, wherever its signature stands", arguments: FinalData.allCases)
    func scram(_ finalData: FinalData) throws {
        var session = Self.session(recordsTranscript: true)
        var server = try #require(
            ServerMechanisms.make(
                .scramSHA256,
                nonce: Array(repeating: 9, count: 24),
                hostname: "mail.test",
                secondsSince1970: 0
            )
        )
        let first = try Self.response(in: session.nextLine(), after: "AUTH SCRAM-SHA-256 ")
        guard case .question(.scram) = server.received(.present(first)) else {
            Issue.record("no question")
            return
        }
        let credential = try SCRAMCredential(
            password: ClientCredentials.tim.password,
            salt: Array(0..<16),
            iterations: 4096,
            hash: .sha256
        )
        guard case .challenge(let challenge) = server.received(.scram(credential)) else {
            Issue.record("no challenge")
            return
        }
        session.received(Array("334 \(Base64.encodeToString(challenge))\r\n".utf8))
        let final = try Self.response(in: session.nextLine(), after: "")
        guard case .succeeded(_, let signature?) = server.received(response: final) else {
            Issue.record("the server does not believe the client")
            return
        }
        switch finalData {
        case .challenge:
            session.received(Array("334 \(Base64.encodeToString(signature))\r\n".utf8))
            #expect(session.nextLine() == "")
            session.received(Array("235 2.7.0 Good\r\n".utf8))
            #expect(session.isReady)
        case .successText:
            session.received(Array("235 2.7.0 \(Base64.encodeToString(signature))\r\n".utf8))
            #expect(session.isReady)
        case .flipped:
            var signature = signature
            signature[10] ^= 1
            session.received(Array("334 \(Base64.encodeToString(signature))\r\n".utf8))
            #expect(session.nextLine() == "*")
            session.received(Array("235 2.7.0 never mind\r\n".utf8))
            #expect(!session.isReady)
        }
        let transcript = session.takeTranscript().map(\.description).joined(separator: "\n")
        #expect(transcript.contains("C: AUTH SCRAM-SHA-256 ****"))
        #expect(transcript.contains("S: 334 ****"))
        for secret in [challenge, final, signature] {
            #expect(!transcript.contains(Base64.encodeToString(secret)))
        }
    }

    @Test("a server that never stops asking is left")
    func endless() {
        var session = Self.session(mechanism: .login)
        var cancelled = false
        _ = session.nextLine()
        for _ in 0..<40 where !cancelled {
            session.received(Array("334 VXNlcm5hbWU6\r\n".utf8))
            cancelled = session.nextLine() == "*"
        }
        #expect(cancelled)
    }

    private static func session(mechanism: MechanismName? = nil, recordsTranscript: Bool = false) -> ClientSession {
        var session = ClientSession(
            configuration: ClientSession.Configuration(
                heloName: "client.test",
                security: .implicit,
                credentials: .tim,
                mechanism: mechanism,
                recordsTranscript: recordsTranscript,
                nonce: { Array(repeating: 7, count: 24) }
            )
        )
        session.connected()
        session.tlsEstablished()
        session.received(Array("220 mail.test\r\n".utf8))
        session.received(Array("250-mail.test\r\n250 AUTH SCRAM-SHA-256 LOGIN\r\n".utf8))
        // STARTTLS of implicit TLS, and EHLO.
        _ = session.nextAction()
        _ = session.nextLine()
        return session
    }

    private static func response(in line: String?, after prefix: String) throws -> [UInt8] {
        let line = try #require(line)
        #expect(line.hasPrefix(prefix))
        return try #require(Base64.decode(line.dropFirst(prefix.count)))
    }
}

extension ClientSession {
    /// The line that is sent next, without its ending.
    fileprivate mutating func nextLine() -> String? {
        guard case .send(let octets) = self.nextAction() else { return nil }
        return String(decoding: octets.dropLast(2), as: UTF8.self)
    }
}
