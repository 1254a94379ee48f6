import MailSyntax
import NIOSSL
import SASL
import SMTP
import SMTPClient
import Synchronization
import Testing

/// Hands out `t1`, `t2` … and keeps what it was told.
private final class CountingTokens: AccessTokenProvider {
    private let state = Mutex<(handedOut: Int, refused: [String])>((0, []))
    private let failure: AccessTokenError?
    private let limit: Int
    /// There is only one token, whatever is asked for.
    private let isAlwaysTheSame: Bool

    init(limit: Int = .max, isAlwaysTheSame: Bool = false, failure: AccessTokenError? = nil) {
        self.limit = limit
        self.isAlwaysTheSame = isAlwaysTheSame
        self.failure = failure
    }

    var refused: [String] { self.state.withLock { $0.refused } }

    func accessToken(insteadOf refused: AccessToken?) async throws -> AccessToken {
        if let failure { throw failure }
        return try self.state.withLock { state in
            if let refused { state.refused.append(String(decoding: refused.secret.octets, as: UTF8.self)) }
            guard state.handedOut < self.limit else { throw AccessTokenError(.tokenRefusedAgain) }
            state.handedOut += 1
            return AccessToken(Secret("t\(self.isAlwaysTheSame ? 1 : state.handedOut)"))
        }
    }
}

@Suite("Access tokens of a connection", .needsCertificate, .timeLimit(.minutes(1)))
struct AccessTokenTests {
    private static let user = ClientCredentials(authenticationIdentity: "u@client.test", password: Secret(""))

    private func behaviour(_ replies: [String]) throws -> TestServer.Behaviour {
        TestServer.Behaviour(
            offers: ["AUTH XOAUTH2 PLAIN"],
            replies: ["AUTH": replies],
            countsAllConnections: true,
            tls: try #require(TestCertificate.shared).context,
            isImplicitTLS: true
        )
    }

    private func options(_ tokens: CountingTokens) throws -> ConnectionOptions {
        let certificate = try #require(TestCertificate.shared).certificate
        return .test(tls: .implicit) {
            $0.trustRoots = .certificates([certificate])
            $0.credentials = Self.user
            $0.accessTokens = tokens
        }
    }

    private func tokensTried(_ server: TestServer) -> [String] {
        server.record.commands.filter { $0.hasPrefix("AUTH XOAUTH2 ") }.compactMap { command in
            // user=u@client.test ^A auth=Bearer t1 ^A ^A
            ["t1", "t2", "t3"].first { token in
                let message = Array("user=u@client.test\u{1}auth=Bearer \(token)\u{1}\u{1}".utf8)
                return command == "AUTH XOAUTH2 " + Base64.encodeToString(message)
            }
        }
    }

    @Test("a refused token is replaced once, on a new connection")
    func replaces() async throws {
        let tokens = CountingTokens()
        try await TestServer.run(try self.behaviour(["535 5.7.8 expired", "235 2.7.0 ok"])) { server in
            let connection = try await SMTPConnection.test(server, try self.options(tokens))
            await connection.quit()
            #expect(self.tokensTried(server) == ["t1", "t2"])
            #expect(server.record.connections == 2)
            #expect(tokens.refused == ["t1"])
        }
    }

    @Test("a second refusal stands")
    func gives() async throws {
        let tokens = CountingTokens()
        try await TestServer.run(try self.behaviour(["535 5.7.8 no"])) { server in
            let error = await #expect(throws: SMTPClientError.self) {
                try await SMTPConnection.test(server, try self.options(tokens))
            }
            #expect(error?.reason == .session(.authenticationRefused(.xoauth2)))
            #expect(self.tokensTried(server) == ["t1", "t2"])
        }
    }

    @Test("without another token the refusal is what is told")
    func refusedAgain() async throws {
        let tokens = CountingTokens(limit: 1)
        try await TestServer.run(try self.behaviour(["535 5.7.8 no"])) { server in
            let error = await #expect(throws: SMTPClientError.self) {
                try await SMTPConnection.test(server, try self.options(tokens))
            }
            #expect(error?.reply?.code == 535)
            #expect(server.record.connections == 1)
        }
    }

    @Test("a token that was refused is not sent again")
    func sameAgain() async throws {
        let tokens = CountingTokens(isAlwaysTheSame: true)
        try await TestServer.run(try self.behaviour(["535 5.7.8 no"])) { server in
            let error = await #expect(throws: SMTPClientError.self) {
                try await SMTPConnection.test(server, try self.options(tokens))
            }
            #expect(error?.reply?.code == 535)
            #expect(self.tokensTried(server) == ["t1"])
        }
    }

    @Test(
        "a mechanism that is refused is not the token's fault",
        arguments: ["504 5.5.4 no", "534 5.7.9 no", "538 5.7.11 encrypt", "500 5.5.1 what"]
    )
    func mechanismRefused(_ reply: String) async throws {
        let tokens = CountingTokens()
        try await TestServer.run(try self.behaviour([reply])) { server in
            await #expect(throws: SMTPClientError.self) {
                try await SMTPConnection.test(server, try self.options(tokens))
            }
            #expect(tokens.refused.isEmpty)
            #expect(server.record.connections == 1)
        }
    }

    @Test("a token is nobody's password, even where PLAIN is asked for")
    func pinned() async throws {
        let tokens = CountingTokens()
        try await TestServer.run(try self.behaviour(["235 2.7.0 ok"])) { server in
            var options = try self.options(tokens)
            options.mechanism = .plain
            await #expect(throws: SMTPClientError.self) { try await SMTPConnection.test(server, options) }
            #expect(!server.record.commands.contains { $0.hasPrefix("AUTH") })
        }
    }

    @Test("over TLS 1.2 there is nothing to bind to: SCRAM without", .timeLimit(.minutes(1)))
    func earlierTLS() async throws {
        let behaviour = TestServer.Behaviour(
            offers: ["AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256"],
            replies: ["AUTH": ["535 5.7.8 no"]],
            tls: try #require(TestCertificate.shared).earlierContext,
            isImplicitTLS: true
        )
        try await TestServer.run(behaviour) { server in
            var options = try self.options(CountingTokens())
            options.accessTokens = nil
            options.credentials = ClientCredentials(authenticationIdentity: "u", password: Secret("p"))
            await #expect(throws: SMTPClientError.self) { try await SMTPConnection.test(server, options) }
            let words = server.record.commands.last { $0.hasPrefix("AUTH") }?.split(separator: " ")
            #expect(words?.dropFirst().first == "SCRAM-SHA-256")
            let message = try #require(words?.last.flatMap { Base64.decode($0.utf8) })
            #expect(String(decoding: message, as: UTF8.self).hasPrefix("n,,"))
        }
    }

    @Test("a server that is busy is not shown another token", arguments: ["454 4.7.0 later", "421 4.7.0 later"])
    func busy(_ reply: String) async throws {
        let tokens = CountingTokens()
        try await TestServer.run(try self.behaviour([reply])) { server in
            let error = await #expect(throws: SMTPClientError.self) {
                try await SMTPConnection.test(server, try self.options(tokens))
            }
            #expect(error?.reason == .session(.authenticationUnavailable(.xoauth2)))
            #expect(tokens.refused.isEmpty)
        }
    }

    @Test("no connection without a token")
    func unavailable() async throws {
        let failure = AccessTokenError(.refused(code: "invalid_grant", description: "revoked"))
        try await TestServer.run(try self.behaviour([])) { server in
            let error = await #expect(throws: SMTPClientError.self) {
                try await SMTPConnection.test(server, try self.options(CountingTokens(failure: failure)))
            }
            #expect(error?.reason == .accessTokenUnavailable(failure))
            #expect(error?.stage == .beforeSending)
            #expect(server.record.connections == 0)
        }
    }
}
