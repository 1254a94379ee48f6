import OAuthClient
import SASL
import Synchronization
import Testing

@Suite("Device authorization, RFC 8628")
struct DeviceAuthorizationTests {
    private static let started =
        #"{"device_code":"d1","user_code":"WDJB-MJHT","verification_uri":"https://login.test/device","expires_in":60,"interval":5}"#

    private func run(
        _ answers: [ScriptedEndpoint.Answer],
        started: String = Self.started
    ) async throws -> (
        Result<TokenGrantResult, any Error>, waits: [Int], ScriptedEndpoint
    ) {
        let endpoint = ScriptedEndpoint([.json(200, started)] + answers)
        let device = DeviceAuthorization(server: .test, client: .test, transport: endpoint)
        let request = try await device.start()
        #expect(request.userCode == "WDJB-MJHT")
        #expect(request.verificationURI == "https://login.test/device")
        let waits = Mutex<[Int]>([])
        do {
            let result = try await device.wait(for: request) { seconds in waits.withLock { $0.append(seconds) } }
            return (.success(result), waits.withLock { $0 }, endpoint)
        } catch {
            return (.failure(error), waits.withLock { $0 }, endpoint)
        }
    }

    @Test("polls at the interval, slower after slow_down")
    func polls() async throws {
        let (result, waits, endpoint) = try await self.run([
            .json(400, #"{"error":"authorization_pending"}"#), .json(400, #"{"error":"slow_down"}"#),
            .json(400, #"{"error":"authorization_pending"}"#),
            .json(200, #"{"access_token":"a1","refresh_token":"r1","expires_in":3600}"#),
        ])
        #expect(try result.get().refreshToken == Secret("r1"))
        #expect(waits == [5, 5, 10, 10])
        #expect(endpoint.asked[0].url == "https://login.test/device")
        #expect(endpoint.asked[1].form.contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"))
        #expect(endpoint.asked[1].form.contains("device_code=d1"))
    }

    @Test("less often after a time-out")
    func backsOff() async throws {
        let (result, waits, _) = try await self.run([
            .failure("timed out"), .json(200, #"{"access_token":"a1"}"#),
        ])
        #expect(try result.get().accessToken.text == "a1")
        #expect(waits == [5, 10])
    }

    @Test(
        "trouble of the endpoint passes: the person may have decided meanwhile",
        arguments: [
            ScriptedEndpoint.Answer.json(400, #"{"error":"server_error"}"#),
            .json(400, #"{"error":"temporarily_unavailable"}"#), .json(503, #"{"error":"access_denied"}"#),
        ]
    )
    func trouble(_ answer: ScriptedEndpoint.Answer) async throws {
        let (result, waits, _) = try await self.run([answer, .json(200, #"{"access_token":"a1"}"#)])
        #expect(try result.get().accessToken.text == "a1")
        #expect(waits == [5, 10])
    }

    @Test("a server that wants to be asked seldom is asked no more often after a time-out")
    func slowServer() async throws {
        let started = Self.started.replacing(
            #""expires_in":60,"interval":5"#,
            with: #""expires_in":3600,"interval":400"#
        )
        let (result, waits, _) = try await self.run(
            [.failure("timed out"), .json(200, #"{"access_token":"a1"}"#)],
            started: started
        )
        #expect(try result.get().accessToken.text == "a1")
        #expect(waits == [400, 400])
    }

    @Test("the person says no")
    func denied() async throws {
        let (result, waits, _) = try await self.run([.json(400, #"{"error":"access_denied"}"#)])
        #expect(throws: AccessTokenError(.refused(code: "access_denied", description: nil))) { try result.get() }
        #expect(waits == [5])
    }

    @Test("the code expires, be it said or not")
    func expires() async throws {
        let (said, _, _) = try await self.run([.json(400, #"{"error":"expired_token"}"#)])
        #expect(throws: AccessTokenError(.expired)) { try said.get() }
        let pending = ScriptedEndpoint.Answer.json(400, #"{"error":"authorization_pending"}"#)
        let (unsaid, waits, _) = try await self.run(Array(repeating: pending, count: 20))
        #expect(throws: AccessTokenError(.expired)) { try unsaid.get() }
        #expect(waits.reduce(0, +) == 60)
    }
}

@Suite("Authorization code with proof key, RFC 6749 §4.1 and RFC 7636")
struct CodeAuthorizationTests {
    private func authorization(_ endpoint: ScriptedEndpoint) -> CodeAuthorization {
        CodeAuthorization(
            server: .test,
            client: .test,
            transport: endpoint,
            random: Array(0..<48),
            sha256: { Array($0.reversed()) }
        )
    }

    private static let state = "ICEiIyQlJicoKSorLC0uLw"

    @Test("the URL says what is wanted")
    func url() throws {
        let url = try #require(self.authorization(ScriptedEndpoint()).url)
        #expect(url.hasPrefix("https://login.test/authorize?response_type=code&client_id=gatepost%20%26%20co&"))
        #expect(url.contains("redirect_uri=http%3A%2F%2F127.0.0.1&state=\(Self.state)&code_challenge="))
        #expect(url.contains("code_challenge_method=S256&scope=mail%20offline_access"))
        #expect(!url.contains("s%2Bcret"))
    }

    @Test("the code in the address where the browser ended is exchanged")
    func redeems() async throws {
        let endpoint = ScriptedEndpoint(#"{"access_token":"a1","refresh_token":"r1"}"#)
        let result = try await self.authorization(endpoint)
            .redeem("http://127.0.0.1/?state=\(Self.state)&code=4%2F0A#frag")
        #expect(result.refreshToken == Secret("r1"))
        let form = try #require(endpoint.asked.first?.form)
        #expect(form.hasPrefix("grant_type=authorization_code&code=4%2F0A&redirect_uri=http%3A%2F%2F127.0.0.1"))
        #expect(form.contains("&code_verifier=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8&"))
    }

    @Test(
        "an answer to another request, or none, is not redeemed",
        arguments: [
            "http://127.0.0.1/?state=other&code=x", "http://127.0.0.1/?code=x", "no address", "?", "%",
            "http://127.0.0.1/?state=\(state)", "http://127.0.0.1/?state=\(state)&code=%zz",
            "http://127.0.0.1/?state=\(state)&code=%+1", "http://127.0.0.1/?state=\(state)&code=%4",
        ]
    )
    func strangers(_ address: String) async {
        let endpoint = ScriptedEndpoint()
        await #expect(throws: AccessTokenError(.malformedAnswer)) {
            try await self.authorization(endpoint).redeem(address)
        }
        #expect(endpoint.asked.isEmpty)
    }

    @Test("the person says no")
    func denied() async {
        await #expect(throws: AccessTokenError(.refused(code: "access_denied", description: nil))) {
            try await self.authorization(ScriptedEndpoint())
                .redeem("http://127.0.0.1/?error=access_denied&state=\(Self.state)")
        }
        // People read it: no line of their terminal is to be forged.
        await #expect(throws: AccessTokenError(.refused(code: "no [2J", description: "a b"))) {
            try await self.authorization(ScriptedEndpoint())
                .redeem("http://127.0.0.1/?error=no%1B[2J&error_description=a%0Ab&state=\(Self.state)")
        }
    }
}
