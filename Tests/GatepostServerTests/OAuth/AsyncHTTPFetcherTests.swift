import GatepostModel
import GatepostTesting
import Logging
import NIOHTTP1
import SASL
import Testing

@testable import GatepostServer

@Suite("tokens checked over real HTTP on loopback")
struct AsyncHTTPFetcherTests {
    private func withServer(
        _ answer: @escaping @Sendable (HTTPRequestHead, String) -> TestHTTPServer.Answer,
        _ body: (TestHTTPServer, AsyncHTTPFetcher) async throws -> Void
    ) async throws {
        let server = try await TestHTTPServer.start(answer)
        let fetcher = AsyncHTTPFetcher()
        do {
            try await body(server, fetcher)
        } catch {
            try await fetcher.shutdown()
            throw error
        }
        try await fetcher.shutdown()
        try await server.stop()
    }

    private func verifier(_ issuer: Configuration.OAuthIssuer, _ fetcher: AsyncHTTPFetcher) -> BearerTokenVerifier {
        BearerTokenVerifier(
            issuers: [issuer],
            http: fetcher,
            clock: MockClock(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    @Test("discovery, keys, verdict")
    func discovery() async throws {
        let keys = try MintKey.keySet(MintKey.published)
        try await self.withServer { head, _ in
            let base = "http://\(head.headers["Host"].first ?? "")"
            return switch head.uri {
            case "/.well-known/openid-configuration":
                .whole(status: .ok, #"{"issuer":"\#(base)","jwks_uri":"\#(base)/keys"}"#)
            case "/keys": .whole(status: .ok, keys)
            default: .whole(status: .notFound, "")
            }
        } _: { server, fetcher in
            let verifier = self.verifier(.init(issuer: server.base, audience: "smtp"), fetcher)
            for key in MintKey.published {
                let token = try await key.token(.good(issuer: server.base))
                let question = BearerTokenQuestion(mechanism: .xoauth2, claimedIdentity: nil, token: Secret(token))
                #expect(try await verifier.verify(question) == .accepted(accountName: "alice@example.org"))
            }
        }
    }

    @Test("introspection")
    func introspection() async throws {
        try await self.withServer { head, body in
            guard head.method == .POST, head.headers["Authorization"] == ["Basic YTpi"],
                head.headers["Content-Type"] == ["application/x-www-form-urlencoded"]
            else { return .whole(status: .unauthorized, "") }
            let isGood = body == "token=good&token_type_hint=access_token"
            return .whole(status: .ok, #"{"active":\#(isGood),"aud":"smtp","email":"a@example.org"}"#)
        } _: { server, fetcher in
            let settings = Configuration.OAuthIssuer.Introspection(
                url: server.base + "/introspect",
                clientID: "a",
                clientSecret: Secret("b")
            )
            let issuer = Configuration.OAuthIssuer(
                issuer: "example.test",
                audience: "smtp",
                verification: .introspection(settings)
            )
            let verifier = self.verifier(issuer, fetcher)
            let good = BearerTokenQuestion(mechanism: .xoauth2, claimedIdentity: nil, token: Secret("good"))
            let bad = BearerTokenQuestion(mechanism: .xoauth2, claimedIdentity: nil, token: Secret("bad"))
            let findings = [try await verifier.verify(good), try await verifier.verify(bad)]
            #expect(
                findings == [
                    .accepted(accountName: "a@example.org"), .refused(BearerTokenError(), reason: .tokenInactive),
                ]
            )
        }
    }

    @Test("limits hold: size, time of the head, time of the body; redirections are not followed")
    func limits() async throws {
        try await self.withServer { head, _ in
            switch head.uri {
            case "/large": .whole(status: .ok, String(repeating: "x", count: 1001))
            case "/exact": .whole(status: .ok, String(repeating: "x", count: 1000))
            case "/moved": .whole(status: .found, "", location: "/exact")
            case "/dripping": .dripping
            default: .silent
            }
        } _: { server, fetcher in
            func fetch(_ path: String, _ timeout: Duration = .seconds(5)) async throws -> HTTPFetchResponse {
                let endpoint = try #require(OAuthEndpoint(server.base + path))
                return try await fetcher.fetch(HTTPFetchRequest(endpoint, maximumOctets: 1000, timeout: timeout))
            }
            let exact = try await fetch("/exact")
            #expect(exact.body.count == 1000)
            let moved = try await fetch("/moved")
            #expect(moved.status == 302)
            await #expect(throws: HTTPFetchError.tooLarge(limit: 1000)) { try await fetch("/large") }
            await #expect(throws: HTTPFetchError.tookTooLong) { try await fetch("/dripping", .milliseconds(200)) }
            await #expect(throws: (any Error).self) { try await fetch("/silent", .milliseconds(200)) }
        }
    }

    @Test("nobody there is trouble, not a refusal")
    func unreachable() async throws {
        let server = try await TestHTTPServer.start { _, _ in .silent }
        let base = server.base
        try await server.stop()
        let fetcher = AsyncHTTPFetcher()
        let verifier = self.verifier(.init(issuer: base, audience: "smtp"), fetcher)
        let token = try await MintKey.es256.token(.good(issuer: base))
        let question = BearerTokenQuestion(mechanism: .oauthBearer, claimedIdentity: nil, token: Secret(token))
        await #expect(throws: IssuerUnreachable.self) { try await verifier.verify(question) }
        try await fetcher.shutdown()
    }
}
