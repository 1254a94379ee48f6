import MailSyntax
import NIOCore
import NIOPosix
import NIOSSL
import SASL
import SMTP
import SMTPClient
import Synchronization
import Testing

@Suite("Making and losing a connection")
struct ConnectionTests {
    private static let offers = ["PIPELINING", "STARTTLS", "AUTH PLAIN LOGIN"]

    @Test("STARTTLS with the certificate checked", .needsCertificate)
    func startTLS() async throws {
        let certificate = try #require(TestCertificate.shared)
        try await TestServer.run(TestServer.Behaviour(offers: Self.offers, tls: certificate.context)) { server in
            let connection = try await SMTPConnection.test(
                server,
                .test(tls: .required) { $0.trustRoots = .certificates([certificate.certificate]) }
            )
            #expect(await connection.isTLS)
            #expect(await connection.isCertificateVerified)
            #expect(await connection.tlsVersion == .tlsv13)
            #expect(try await connection.send(.test()).summary == ["ok 250"])
            await connection.quit()
            #expect(server.record.commands.filter { $0 == "EHLO client.test" }.count == 2)
        }
    }

    @Test("a certificate for another name, or of an unknown authority, ends a required session", .needsCertificate)
    func wrongCertificate() async throws {
        let certificate = try #require(TestCertificate.shared)
        let wrong: [ConnectionOptions] = [
            .test(tls: .required) {
                $0.trustRoots = .certificates([certificate.certificate])
                $0.tlsServerName = "other.test"
            },
            .test(tls: .required) { $0.trustRoots = .certificates([]) },
            // Without a name the certificate would have to be for the address.
            .test(tls: .required) {
                $0.trustRoots = .certificates([certificate.certificate])
                $0.tlsServerName = nil
            },
        ]
        try await TestServer.run(TestServer.Behaviour(offers: Self.offers, tls: certificate.context)) { server in
            for options in wrong {
                let error = await #expect(throws: SMTPClientError.self) {
                    try await SMTPConnection.test(server, options)
                }
                #expect(error?.stage == .tlsHandshake)
            }
            #expect(server.record.connections == wrong.count)
            #expect(!server.record.commands.contains { $0.hasPrefix("MAIL") })
        }
    }

    @Test("opportunistic TLS takes any certificate", .needsCertificate)
    func opportunistic() async throws {
        let certificate = try #require(TestCertificate.shared)
        try await TestServer.run(TestServer.Behaviour(offers: Self.offers, tls: certificate.context)) { server in
            let connection = try await SMTPConnection.test(server, .test(tls: .opportunistic))
            #expect(await connection.isTLS)
            #expect(await !connection.isCertificateVerified)
            await connection.quit()
        }
    }

    @Test("opportunistic TLS that fails goes on in clear, but not with credentials")
    func opportunisticFallback() async throws {
        try await TestServer.run(TestServer.Behaviour(offers: Self.offers, breaksTLS: true)) { server in
            let connection = try await SMTPConnection.test(server, .test(tls: .opportunistic))
            #expect(await !connection.isTLS)
            #expect(try await connection.send(.test()).summary == ["ok 250"])
            await connection.quit()
            await #expect(throws: SMTPClientError.self) {
                try await SMTPConnection.test(server, .test(tls: .opportunistic) { $0.credentials = .tim })
            }
            await #expect(throws: SMTPClientError.self) { try await SMTPConnection.test(server, .test(tls: .required)) }
        }
    }

    @Test("implicit TLS", .needsCertificate)
    func implicit() async throws {
        let certificate = try #require(TestCertificate.shared)
        let behaviour = TestServer.Behaviour(offers: ["PIPELINING"], tls: certificate.context, isImplicitTLS: true)
        try await TestServer.run(behaviour) { server in
            let connection = try await SMTPConnection.test(
                server,
                .test(tls: .implicit) { $0.trustRoots = .certificates([certificate.certificate]) }
            )
            #expect(await connection.isTLS)
            let big = Array(repeating: Array("0123456789\r\n".utf8), count: 40_000).flatMap { $0 }
            #expect(try await connection.send(.test(.bytes(ByteBuffer(bytes: big)))).summary == ["ok 250"])
            await connection.quit()
            #expect(server.record.contents == [big + Array(".\r\n".utf8)])
        }
    }

    @Test("a reply injected after the 220 to STARTTLS ends the session, RFC 3207 §6", .needsCertificate)
    func injection() async throws {
        let certificate = try #require(TestCertificate.shared)
        let behaviour = TestServer.Behaviour(
            offers: Self.offers,
            tls: certificate.context,
            injection: "250-evil.test\r\n250 AUTH PLAIN\r\n235 2.7.0 ok\r\n"
        )
        try await TestServer.run(behaviour) { server in
            let error = await #expect(throws: SMTPClientError.self) {
                try await SMTPConnection.test(
                    server,
                    .test(tls: .required) {
                        $0.trustRoots = .certificates([certificate.certificate])
                        $0.credentials = .tim
                    }
                )
            }
            #expect(error?.reason == .session(.responseInjection))
            #expect(server.record.commands == ["EHLO client.test", "STARTTLS"])
        }
    }

    @Test("logs in over TLS, and the transcript shows no secret", .needsCertificate)
    func login() async throws {
        let certificate = try #require(TestCertificate.shared)
        let transcript = Transcript()
        try await TestServer.run(TestServer.Behaviour(offers: Self.offers, tls: certificate.context)) { server in
            let connection = try await SMTPConnection.test(
                server,
                .test(tls: .required) {
                    $0.trustRoots = .certificates([certificate.certificate])
                    $0.credentials = .tim
                    $0.transcript = { transcript.add($0) }
                }
            )
            _ = try await connection.send(.test())
            await connection.quit()
            #expect(server.record.commands.contains("AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm"))
            #expect(
                transcript.lines
                    == [
                        "S: 220 server.test ready", "C: EHLO client.test", "S: 250-server.test", "S: 250-PIPELINING",
                        "S: 250-STARTTLS", "S: 250 AUTH PLAIN LOGIN", "C: STARTTLS", "S: 220 2.0.0 go ahead",
                        "* TLS established",
                        "C: EHLO client.test", "S: 250-server.test", "S: 250-PIPELINING", "S: 250-STARTTLS",
                        "S: 250 AUTH PLAIN LOGIN", "C: AUTH PLAIN ****", "S: 235 2.7.0 welcome",
                        "C: MAIL FROM:<a@client.test>",
                        "C: RCPT TO:<b@server.test>", "C: DATA", "S: 250 2.0.0 ok", "S: 250 2.1.5 ok", "S: 354 go",
                        "* content sent",
                        "S: 250 2.0.0 queued", "C: QUIT", "S: 221 2.0.0 bye",
                    ].map { $0.hasPrefix("*") ? "*:" + $0.dropFirst() : $0 }
            )
        }
    }

    @Test("a refused login says with which words")
    func refusedLogin() async throws {
        let behaviour = TestServer.Behaviour(
            offers: ["AUTH PLAIN LOGIN"],
            replies: ["AUTH": ["535 5.7.8 no (ref ABCD-EFGH)"]]
        )
        try await TestServer.run(behaviour) { server in
            let error = await #expect(throws: SMTPClientError.self) {
                try await SMTPConnection.test(
                    server,
                    .test {
                        $0.credentials = .tim
                        $0.allowClearTextWithoutTLS = true
                    }
                )
            }
            #expect(error?.reason == .session(.authenticationRefused(.plain)))
            #expect(error?.reply == Reply(535, EnhancedStatusCode(5, 7, 8), "no (ref ABCD-EFGH)"))
            #expect(error?.stage == .authentication)
            #expect(error?.isTLS == false)
            #expect(server.record.commands.count == 2)
        }
    }

    @Test("nobody listens")
    func refusedConnection() async throws {
        let port = try await TestServer.run { $0.port }
        let error = await #expect(throws: SMTPClientError.self) {
            try await SMTPConnection.connect(
                to: .tcp(host: "127.0.0.1", port: port),
                options: .test(),
                group: MultiThreadedEventLoopGroup.singleton
            )
        }
        #expect(error?.stage == .connect)
    }

    @Test("a server that closes while the session is made", arguments: ["GREETING", "EHLO"])
    func dropWhileConnecting(_ place: String) async throws {
        try await TestServer.run(TestServer.Behaviour(dropsAt: place)) { server in
            let error = await #expect(throws: SMTPClientError.self) { try await SMTPConnection.test(server) }
            #expect(error?.reason == .session(.connectionClosed))
            #expect(error?.stage == (place == "GREETING" ? .greeting : .hello))
        }
    }

    @Test("a server that closes in a transaction", arguments: ["MAIL", "RCPT", "DATA", "CONTENT"], [true, false])
    func drop(_ place: String, isPipelining: Bool) async throws {
        let stages: [String: ClientStage] = ["MAIL": .mail, "RCPT": .recipient, "DATA": .data, "CONTENT": .content]
        let behaviour = TestServer.Behaviour(offers: isPipelining ? ["PIPELINING"] : [], dropsAt: place)
        try await TestServer.run(behaviour) { server in
            let connection = try await SMTPConnection.test(server)
            let error = await #expect(throws: SMTPClientError.self) { try await connection.send(.test()) }
            #expect(error?.stage == stages[place])
            #expect(await !connection.isUsable)
            await #expect(throws: SMTPClientError.self) { try await connection.send(.test()) }
            await connection.quit()
        }
    }

    @Test(
        "a server that falls silent is left in time",
        arguments: ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT"]
    )
    func silence(_ place: String) async throws {
        try await TestServer.run(TestServer.Behaviour(silentAt: place)) { server in
            let error = await #expect(throws: SMTPClientError.self) {
                let connection = try await SMTPConnection.test(
                    server,
                    .test { $0.timeouts = Timeouts(all: .milliseconds(100)) }
                )
                return try await connection.send(.test())
            }
            #expect(error?.reason == .timedOut)
        }
    }

    @Test("a server that does not read the content is left in time")
    func unreadContent() async throws {
        let behaviour = TestServer.Behaviour(pausesContent: { $0.makePromise(of: Void.self).succeedLater() })
        try await TestServer.run(behaviour) { server in
            let connection = try await SMTPConnection.test(server, .test { $0.timeouts.dataBlock = .milliseconds(100) })
            let big = ByteBuffer(bytes: Array(repeating: Array("x\r\n".utf8), count: 8_000_000).flatMap { $0 })
            let error = await #expect(throws: SMTPClientError.self) { try await connection.send(.test(.bytes(big))) }
            #expect(error?.reason == .timedOut)
            #expect(error?.stage == .content)
        }
    }

    @Test("a cancelled task ends its transaction")
    func cancellation() async throws {
        try await TestServer.run(TestServer.Behaviour(silentAt: "CONTENT")) { server in
            let connection = try await SMTPConnection.test(server)
            let task = Task { try await connection.send(.test()) }
            task.cancel()
            let error = await #expect(throws: SMTPClientError.self) { try await task.value }
            #expect(error?.reason == .cancelled)
        }
    }

    @Test("421 between transactions is told by the next one")
    func closedWhileIdle() async throws {
        try await TestServer.run(TestServer.Behaviour(replies: ["CONTENT": ["250 ok\r\n421 4.3.2 bye"]])) { server in
            let connection = try await SMTPConnection.test(server)
            #expect(try await connection.send(.test()).summary == ["ok 250"])
            let error = await #expect(throws: SMTPClientError.self) { try await connection.send(.test()) }
            #expect(error?.reason == .session(.connectionClosed))
            #expect(error?.reply?.code == 421)
        }
    }

    @Test("providers are found by name and by mail domain")
    func providers() throws {
        #expect(Provider.named("gmail")?.host == "smtp.gmail.com")
        #expect(Provider.named("Hotmail.com")?.name == "outlook.com")
        #expect(Provider.named("nowhere.test") == nil)
        #expect(Set(Provider.all.map(\.name)).count == Provider.all.count)
        for provider in Provider.all {
            #expect(!provider.mechanisms.isEmpty)
            #expect(provider.port == (provider.tls == .implicit ? 465 : 587), "\(provider.name)")
            #expect(try Domain(parsing: provider.host) == .name(provider.host))
        }
    }
}

final class Transcript: Sendable {
    private let recorded = Mutex<[String]>([])

    var lines: [String] { self.recorded.withLock { $0 } }

    func add(_ line: TranscriptLine) {
        self.recorded.withLock { $0.append(line.description) }
    }
}

extension ClientCredentials {
    static let tim = ClientCredentials(authenticationIdentity: "tim", password: Secret("tanstaaftanstaaf"))
}

extension EventLoopPromise<Void> {
    /// Done after the client's patience, so that nothing is left over.
    fileprivate func succeedLater() -> EventLoopFuture<Void> {
        self.futureResult.eventLoop.scheduleTask(in: .seconds(1)) { self.succeed() }
        return self.futureResult
    }
}
