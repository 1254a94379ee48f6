import Foundation
import GatepostDelivery
import GatepostModel
import GatepostTesting
import Logging
import NIOHTTP1
import OAuthClient
import SASL
import Synchronization
import Testing

@testable import GatepostServer

/// A token endpoint over real HTTP on loopback.
@Suite("What the relay is logged in to with", .timeLimit(.minutes(1)))
struct RelayAccessTests {
    private final class Scripted: Sendable {
        let answers: Mutex<[(Int, String)]>
        let asked = Mutex<[String]>([])

        init(_ answers: [(Int, String)]) {
            self.answers = Mutex(answers)
        }

        func next(_ form: String) -> TestHTTPServer.Answer {
            self.asked.withLock { $0.append(form) }
            let (status, text) = self.answers.withLock { $0.isEmpty ? (500, "") : $0.removeFirst() }
            return .whole(status: .init(statusCode: status), text)
        }
    }

    private static func relay(_ change: (inout Configuration.Relay) -> Void) -> Configuration.Relay {
        var relay = Configuration.Relay(host: "relay.example", user: "u@example.org")
        change(&relay)
        return relay
    }

    private static func oauth(_ base: String, file: String) -> Configuration.RelayOAuth {
        var oauth = Configuration.RelayOAuth(
            provider: .other,
            clientID: "client",
            clientSecret: Secret("quiet"),
            refreshTokenFile: file
        )
        oauth.tokenEndpoint = "\(base)/token"
        return oauth
    }

    private static func text(_ token: AccessToken) -> String { String(decoding: token.secret.octets, as: UTF8.self) }

    @Test("refresh tokens are rotated in their file, durably and for nobody else's eyes")
    func refresh() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("refresh", "r1\n", mode: 0o644)
        let script = Scripted([
            (200, #"{"access_token":"a1","refresh_token":"r2","expires_in":3600}"#),
            (200, #"{"access_token":"a2","expires_in":3600}"#),
            (400, #"{"error":"invalid_grant","error_description":"revoked"}"#),
        ])
        let server = try await TestHTTPServer.start { _, body in script.next(body) }
        let capture = LogCapture()
        let clock = MockClock(Timestamp(secondsSince1970: 1_800_000_000))
        let http = AsyncHTTPFetcher()
        let file = "\(directory.path)/refresh"
        let login = RelayAccess(
            Self.relay { $0.oauth = Self.oauth(server.base, file: file) },
            data: directory.path,
            logger: capture.logger
        )
        .login(markKey: Secret("k"), http: http, clock: clock)
        let tokens = try #require(login.accessTokens)
        let first = try await tokens.accessToken(insteadOf: nil)
        #expect(Self.text(first) == "a1")
        #expect(String(decoding: try LocalFile.read(file), as: UTF8.self) == "r2\n")
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)
        #expect(Self.text(try await tokens.accessToken(insteadOf: first)) == "a2")
        #expect(script.asked.withLock { $0.last?.contains("refresh_token=r2") } == true)
        // Past its life the next is asked for, which the endpoint refuses.
        clock.advance(by: .seconds(3600))
        await #expect(throws: AccessTokenError(.refused(code: "invalid_grant", description: "revoked"))) {
            try await tokens.accessToken(insteadOf: nil)
        }
        let logged = capture.lines.joined(separator: "\n")
        for secret in ["r1", "r2", "a1", "a2", "quiet"] { #expect(!logged.contains(secret)) }
        try await http.shutdown()
        try await server.stop()
    }

    @Test(
        "a refresh token that the provider exchanges leaves a refusal as it is, over a restart; a new authorization ends it"
    )
    func refusedRotation() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("refresh", "r1\n")
        let script = Scripted([
            (200, #"{"access_token":"a1","refresh_token":"r2","expires_in":3600}"#),
            (200, #"{"access_token":"a2","refresh_token":"r3","expires_in":3600}"#),
            (200, #"{"access_token":"a9","expires_in":3600}"#),
        ])
        let server = try await TestHTTPServer.start { _, body in script.next(body) }
        let clock = MockClock(Timestamp(secondsSince1970: 1_800_000_000))
        let http = AsyncHTTPFetcher()
        let file = "\(directory.path)/refresh"
        let access = RelayAccess(
            Self.relay { $0.oauth = Self.oauth(server.base, file: file) },
            data: directory.path,
            logger: LogCapture().logger
        )
        let login = access.login(markKey: Secret("k"), http: http, clock: clock)
        let tokens = try #require(login.accessTokens)
        let first = try await tokens.accessToken(insteadOf: nil)
        let until = login.refused.refused(login.mark(), words: "535 no", at: clock.now())
        let second = try await tokens.accessToken(insteadOf: first)
        #expect(String(decoding: try LocalFile.read(file), as: UTF8.self) == "r3\n")
        #expect(!login.refused.isOutdated(by: login.mark()))
        let after = access.login(markKey: Secret("k"), http: http, clock: clock)
        #expect(after.refused.refusal(of: after.mark(), at: clock.now())?.until == until)
        // What 'relay authorize' writes.
        try LocalFile.replace(file, Array("r9\n".utf8), mode: 0o600)
        #expect(login.refused.isOutdated(by: login.mark()))
        #expect(try await tokens.accessToken(insteadOf: nil) == second)
        await login.forgetTokens()
        #expect(Self.text(try await tokens.accessToken(insteadOf: nil)) == "a9")
        #expect(script.asked.withLock { $0.last?.contains("refresh_token=r9") } == true)
        try await http.shutdown()
        try await server.stop()
    }

    @Test("client credentials, and a token endpoint that is not there")
    func clientCredentials() async throws {
        let directory = try TemporaryDirectory()
        let script = Scripted([(200, #"{"access_token":"a1","expires_in":"3599"}"#)])
        let server = try await TestHTTPServer.start { _, body in script.next(body) }
        let http = AsyncHTTPFetcher()
        var oauth = Self.oauth(server.base, file: "")
        oauth.flow = .clientCredentials
        oauth.scope = "mail/.default"
        let logger = LogCapture().logger
        let clock = MockClock(Timestamp(secondsSince1970: 1_800_000_000))
        let login = RelayAccess(Self.relay { $0.oauth = oauth }, data: directory.path, logger: logger)
            .login(markKey: Secret("k"), http: http, clock: clock)
        let tokens = try #require(login.accessTokens)
        #expect(Self.text(try await tokens.accessToken(insteadOf: nil)) == "a1")
        #expect(
            script.asked.withLock { $0 } == [
                "grant_type=client_credentials&scope=mail%2F.default&client_id=client&client_secret=quiet"
            ]
        )
        try await server.stop()
        clock.advance(by: .seconds(3600))
        let error = await #expect(throws: AccessTokenError.self) { try await tokens.accessToken(insteadOf: nil) }
        #expect(error?.isTemporary == true)
        try await http.shutdown()
    }

    @Test("nobody has authorized yet: says what to do")
    func unauthorized() async throws {
        let directory = try TemporaryDirectory()
        let file = RefreshTokenFile(path: "\(directory.path)/none", logger: LogCapture().logger)
        let error = await #expect(throws: AccessTokenError.self) { try await file.load() }
        #expect("\(try #require(error))".contains("gatepost relay authorize"))
        #expect(error?.isTemporary == false)
    }

    @Test("a password file is read anew, and its change changes the mark")
    func passwordFile() throws {
        let directory = try TemporaryDirectory()
        try directory.write("secret", "one\n")
        let file = "\(directory.path)/secret"
        let relay = Self.relay {
            $0.password = Secret("one")
            $0.passwordFile = file
        }
        let login = RelayAccess(relay, data: directory.path, logger: LogCapture().logger)
            .login(markKey: Secret("k"), http: nil, clock: MockClock(Timestamp(secondsSince1970: 0)))
        let before = login.mark()
        #expect(try login.material().credentials?.password == Secret("one"))
        try LocalFile.replace(file, Array("two\n".utf8), mode: 0o600)
        #expect(try login.material().credentials?.password == Secret("two"))
        #expect(login.mark() != before)
        #expect(!login.mark().contains("two"))
    }

    @Test("only the last line ending of a password file is no part of the password")
    func lineEndings() throws {
        let directory = try TemporaryDirectory()
        try directory.write("secret", "one\rtwo\n\r\n")
        let relay = Self.relay { $0.passwordFile = "\(directory.path)/secret" }
        let material = try RelayAccess(relay, data: directory.path, logger: LogCapture().logger).material()
        #expect(material.credentials?.password == Secret("one\rtwo\n"))
    }

    @Test("a new key table changes the mark")
    func keyTable() throws {
        let directory = try TemporaryDirectory()
        try directory.write("keytab", "old keys")
        let file = "\(directory.path)/keytab"
        let relay = Self.relay {
            $0.mechanism = .gssapi
            $0.keytab = file
        }
        let login = RelayAccess(relay, data: directory.path, logger: LogCapture().logger)
            .login(markKey: Secret("k"), http: nil, clock: MockClock(Timestamp(secondsSince1970: 0)))
        let before = login.mark()
        #expect(login.mark() == before)
        try LocalFile.replace(file, Array("new keys".utf8), mode: 0o600)
        #expect(login.mark() != before)
    }

    @Test("a refused login is remembered over a restart, and forgotten after a login")
    func remembers() throws {
        let directory = try TemporaryDirectory()
        let access = RelayAccess(
            Self.relay { $0.password = Secret("pw-in-memory") },
            data: directory.path,
            logger: LogCapture().logger
        )
        let clock = MockClock(Timestamp(secondsSince1970: 1_800_000_000))
        let before = access.login(markKey: Secret("k"), http: nil, clock: clock)
        let until = before.refused.refused(before.mark(), words: "535 no", at: clock.now())
        let kept = try LocalFile.read("\(directory.path)/relay-login.json")
        #expect(!String(decoding: kept, as: UTF8.self).contains("pw-in-memory"))
        let after = access.login(markKey: Secret("k"), http: nil, clock: clock)
        #expect(after.refused.refusal(of: after.mark(), at: clock.now())?.until == until)
        after.refused.succeeded()
        #expect(!LocalFile.exists("\(directory.path)/relay-login.json"))
        #expect(access.login(markKey: Secret("k"), http: nil, clock: clock).refused.current == nil)
    }

    @Test("a certificate without a password logs in by EXTERNAL where that is asked for")
    func certificate() throws {
        let logger = LogCapture().logger
        let relay = Self.relay {
            $0.user = nil
            $0.mechanism = .external
            $0.certificate = "/nonexistent/c.pem"
            $0.key = "/nonexistent/k.pem"
        }
        #expect(throws: (any Error).self) { try RelayAccess(relay, data: "/tmp", logger: logger).material() }
    }

    @Test("Gmail's and Microsoft's endpoints, and what replaces them")
    func presets() {
        var oauth = Configuration.RelayOAuth(
            provider: .microsoft365,
            clientID: "c",
            refreshTokenFile: "/f",
            tenant: "example.org"
        )
        #expect(oauth.server.tokenEndpoint == "https://login.microsoftonline.com/example.org/oauth2/v2.0/token")
        #expect(oauth.server.scope?.contains("offline_access") == true)
        oauth.provider = .gmail
        #expect(oauth.server == .gmail)
        #expect(oauth.server.deviceAuthorizationEndpoint == nil)
        oauth.deviceEndpoint = "https://login.test/device"
        oauth.scope = "mail"
        #expect(oauth.server.deviceAuthorizationEndpoint == "https://login.test/device")
        #expect(oauth.server.scope == "mail")
    }
}
