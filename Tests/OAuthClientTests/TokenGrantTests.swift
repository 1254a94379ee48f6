import OAuthClient
import SASL
import Testing

@Suite("Token endpoint, RFC 6749")
struct TokenGrantTests {
    @Test("client credentials, §4.4: what is asked and what comes")
    func clientCredentials() async throws {
        let endpoint = ScriptedEndpoint(#"{"access_token":"a1","token_type":"Bearer","expires_in":3599,"x":{"y":[1]}}"#)
        let grant = ClientCredentialsGrant(server: .test, client: .test, transport: endpoint)
        let result = try await grant.request()
        #expect(result.accessToken.text == "a1")
        #expect(result.expiresInSeconds == 3599)
        #expect(result.refreshToken == nil)
        #expect(endpoint.asked.map(\.url) == ["https://login.test/token"])
        #expect(
            endpoint.asked.map(\.form) == [
                "grant_type=client_credentials&scope=mail%2F.default&client_id=gatepost%20%26%20co&client_secret=s%2Bcret"
            ]
        )
    }

    @Test("refresh, §6: a new refresh token replaces the old one")
    func rotates() async throws {
        let endpoint = ScriptedEndpoint(
            #"{"access_token":"a1","refresh_token":"r2"}"#,
            #"{"access_token":"a2"}"#
        )
        let store = MemoryTokenStore("r1")
        let grant = RefreshTokenGrant(server: .test, client: .test, transport: endpoint, store: store)
        _ = try await grant.request()
        #expect(store.token == "r2")
        _ = try await grant.request()
        #expect(store.token == "r2")
        #expect(endpoint.asked.first?.form.contains("refresh_token=r1&scope=mail%20offline_access") == true)
        #expect(endpoint.asked.last?.form.contains("refresh_token=r2") == true)
    }

    @Test("a refresh token that cannot be stored is used, and stored later")
    func unsaved() async throws {
        let endpoint = ScriptedEndpoint(
            #"{"access_token":"a1","refresh_token":"r2"}"#,
            #"{"access_token":"a2"}"#
        )
        let store = MemoryTokenStore("r1")
        store.isFull = true
        let grant = RefreshTokenGrant(server: .test, client: .test, transport: endpoint, store: store)
        #expect(try await grant.request().accessToken.text == "a1")
        #expect(store.token == "r1")
        store.isFull = false
        _ = try await grant.request()
        #expect(endpoint.asked.last?.form.contains("refresh_token=r2") == true)
        #expect(store.token == "r2")
    }

    @Test("an unsaved token that the endpoint takes no more makes room for the stored one")
    func unsavedRevoked() async throws {
        let endpoint = ScriptedEndpoint([
            .json(200, #"{"access_token":"a1","refresh_token":"r2"}"#), .json(400, #"{"error":"invalid_grant"}"#),
            .json(200, #"{"access_token":"a3"}"#),
        ])
        let store = MemoryTokenStore("r1")
        store.isFull = true
        let grant = RefreshTokenGrant(server: .test, client: .test, transport: endpoint, store: store)
        _ = try await grant.request()
        await #expect(throws: AccessTokenError(.refused(code: "invalid_grant", description: nil))) {
            try await grant.request()
        }
        _ = try await grant.request()
        #expect(endpoint.asked[1].form.contains("refresh_token=r2"))
        #expect(endpoint.asked[2].form.contains("refresh_token=r1"))
    }

    @Test("what somebody stores after a token could not be stored wins, and is not written over")
    func unsavedReplaced() async throws {
        let endpoint = ScriptedEndpoint(
            #"{"access_token":"a1","refresh_token":"r2"}"#,
            #"{"access_token":"a2","refresh_token":"r3"}"#,
            #"{"access_token":"a9"}"#
        )
        let store = MemoryTokenStore("r1")
        store.isFull = true
        let grant = RefreshTokenGrant(server: .test, client: .test, transport: endpoint, store: store)
        _ = try await grant.request()
        _ = try await grant.request()
        store.isFull = false
        try await store.save(Secret("r9"))
        _ = try await grant.request()
        #expect(endpoint.asked[1].form.contains("refresh_token=r2"))
        #expect(endpoint.asked[2].form.contains("refresh_token=r9"))
        #expect(store.token == "r9")
    }

    @Test("forgets what it could not store")
    func forgets() async throws {
        let endpoint = ScriptedEndpoint(
            #"{"access_token":"a1","refresh_token":"r2"}"#,
            #"{"access_token":"a2"}"#
        )
        let store = MemoryTokenStore("r1")
        store.isFull = true
        let grant = RefreshTokenGrant(server: .test, client: .test, transport: endpoint, store: store)
        _ = try await grant.request()
        await grant.forget()
        _ = try await grant.request()
        #expect(endpoint.asked[1].form.contains("refresh_token=r1"))
    }

    @Test("nobody has authorized yet")
    func notAuthorized() async {
        let grant = RefreshTokenGrant(
            server: .test,
            client: .test,
            transport: ScriptedEndpoint(),
            store: MemoryTokenStore(nil)
        )
        await #expect(throws: AccessTokenError(.notAuthorized("there is no refresh token"))) {
            try await grant.request()
        }
    }

    static let failures: [(ScriptedEndpoint.Answer, AccessTokenError.Reason, isTemporary: Bool)] = [
        (
            .json(400, #"{"error":"invalid_grant","error_description":"Token has been\nrevoked."}"#),
            .refused(code: "invalid_grant", description: "Token has been revoked."), false
        ),
        (.json(401, #"{"error":"invalid_client"}"#), .refused(code: "invalid_client", description: nil), false),
        (
            .json(400, #"{"error":"temporarily_unavailable"}"#),
            .refused(code: "temporarily_unavailable", description: nil), true
        ),
        (.json(503, "<html>down</html>"), .unreachable("HTTP status 503"), true),
        (.json(500, #"{"error":"invalid_grant"}"#), .unreachable("HTTP status 500"), true),
        (.json(429, #"{"error":"invalid_request"}"#), .unreachable("HTTP status 429"), true),
        (.json(408, #"{"error":"invalid_client"}"#), .unreachable("HTTP status 408"), true),
        (.json(302, "{}"), .unreachable("HTTP status 302"), true),
        (.json(200, "<html>"), .malformedAnswer, true),
        (.json(200, #"{"access_token":"a","token_type":"mac"}"#), .malformedAnswer, true),
        (.json(200, #"{"access_token":""}"#), .malformedAnswer, true),
        (.json(200, #"{"access_token":"a b"}"#), .malformedAnswer, true),
        (.json(200, #"{"access_token":"a","access_token":"b"}"#), .malformedAnswer, true),
        (.failure("refused"), .unreachable("refused"), true),
    ]

    @Test("errors of §5.2 and answers that are none", arguments: failures)
    func fails(_ answer: ScriptedEndpoint.Answer, _ reason: AccessTokenError.Reason, isTemporary: Bool) async {
        let grant = ClientCredentialsGrant(server: .test, client: .test, transport: ScriptedEndpoint([answer]))
        await #expect(throws: AccessTokenError(reason)) { try await grant.request() }
        #expect(AccessTokenError(reason).isTemporary == isTemporary)
    }

    @Test("what is printed holds no secret")
    func prints() {
        #expect("\(OAuthClient.test)" == "gatepost & co")
        #expect(!"\(AccessToken(Secret("tell-tale")))".contains("tell-tale"))
    }
}

@Suite("Access tokens are kept until they expire")
struct CachedAccessTokensTests {
    private func tokens(_ count: Int, life: Int = 3600) -> ScriptedEndpoint {
        ScriptedEndpoint((1...count).map { .json(200, #"{"access_token":"a\#($0)","expires_in":\#(life)}"#) })
    }

    private func provider(_ endpoint: ScriptedEndpoint, _ time: Seconds) -> CachedAccessTokens {
        CachedAccessTokens(
            ClientCredentialsGrant(server: .test, client: .test, transport: endpoint),
            now: { time.now }
        )
    }

    @Test("one request serves until shortly before the end")
    func caches() async throws {
        let (endpoint, time) = (self.tokens(2), Seconds())
        let provider = self.provider(endpoint, time)
        #expect(try await provider.accessToken(insteadOf: nil).text == "a1")
        time.now += 3299
        #expect(try await provider.accessToken(insteadOf: nil).text == "a1")
        time.now += 1
        #expect(try await provider.accessToken(insteadOf: nil).text == "a2")
        #expect(endpoint.asked.count == 2)
    }

    @Test("many who ask at once make one request")
    func singleFlight() async throws {
        let endpoint = self.tokens(1)
        let provider = self.provider(endpoint, Seconds())
        let texts = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 { group.addTask { try await provider.accessToken(insteadOf: nil).text } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(texts == ["a1"])
        #expect(endpoint.asked.count == 1)
    }

    @Test("a refused token is replaced once, and its replacement not before its time")
    func refused() async throws {
        let (endpoint, time) = (self.tokens(3), Seconds())
        let provider = self.provider(endpoint, time)
        let first = try await provider.accessToken(insteadOf: nil)
        let second = try await provider.accessToken(insteadOf: first)
        #expect(second.text == "a2")
        // Somebody else was refused the first one meanwhile: the second is there for him.
        #expect(try await provider.accessToken(insteadOf: first).text == "a2")
        await #expect(throws: AccessTokenError(.tokenRefusedAgain)) {
            try await provider.accessToken(insteadOf: second)
        }
        #expect(endpoint.asked.count == 2)
        time.now += 3600
        #expect(try await provider.accessToken(insteadOf: second).text == "a3")
    }

    @Test("once somebody changed something, a token that was refused twice is handed out no more")
    func forgets() async throws {
        let endpoint = self.tokens(3)
        let provider = self.provider(endpoint, Seconds())
        let first = try await provider.accessToken(insteadOf: nil)
        let second = try await provider.accessToken(insteadOf: first)
        #expect(try await provider.accessToken(insteadOf: nil) == second)
        await provider.forget()
        let third = try await provider.accessToken(insteadOf: nil)
        #expect(third.text == "a3")
        #expect(try await provider.accessToken(insteadOf: nil) == third)
        #expect(endpoint.asked.count == 3)
    }

    @Test("a request that was under way when something changed is nobody's any more")
    func forgetsRequest() async throws {
        let grant = HeldGrant()
        let provider = CachedAccessTokens(grant, now: { 0 })
        let early = Task { try await provider.accessToken(insteadOf: nil).text }
        await grant.isAsked()
        await provider.forget()
        let late = Task { try await provider.accessToken(insteadOf: nil).text }
        await grant.answer("old")
        #expect(try await early.value == "old")
        await grant.isAsked()
        await grant.answer("new")
        #expect(try await late.value == "new")
        #expect(try await provider.accessToken(insteadOf: nil).text == "new")
    }

    @Test("a failure is not kept")
    func failure() async throws {
        let endpoint = ScriptedEndpoint([.failure("down"), .json(200, #"{"access_token":"a1"}"#)])
        let provider = self.provider(endpoint, Seconds())
        await #expect(throws: AccessTokenError(.unreachable("down"))) {
            try await provider.accessToken(insteadOf: nil)
        }
        #expect(try await provider.accessToken(insteadOf: nil).text == "a1")
    }
}
