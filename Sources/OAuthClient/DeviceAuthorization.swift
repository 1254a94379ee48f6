public import SASL

/// Lets a person authorize this program on another device (RFC 8628): they open a URL there and type a code.
///
///     let device = DeviceAuthorization(server: .microsoft365(), client: client, transport: transport)
///     let request = try await device.start()
///     print("Open \(request.verificationURI) and enter \(request.userCode)")
///     let result = try await device.wait(for: request) { try await Task.sleep(for: .seconds($0)) }
public struct DeviceAuthorization: Sendable {
    /// What the person is to be shown (RFC 8628 §3.2).
    public struct Request: Sendable {
        public var userCode: String
        public var verificationURI: String
        /// The same with the code in it, for a link or a QR code.
        public var completeVerificationURI: String?
        public var expiresInSeconds: Int
        /// Between two polls.
        public var intervalSeconds: Int
        let deviceCode: Secret
    }

    private static let grantType = "urn:ietf:params:oauth:grant-type:device_code"
    /// §3.5: what each `slow_down` adds.
    private static let slowDownSeconds = 5
    private static let maximumSeconds = 86_400

    private let endpoint: TokenEndpoint

    public init(server: AuthorizationServer, client: OAuthClient, transport: any TokenEndpointTransport) {
        self.endpoint = TokenEndpoint(server: server, client: client, transport: transport)
    }

    /// Asks for a code (§3.1).
    public func start() async throws(AccessTokenError) -> Request {
        guard let url = self.endpoint.server.deviceAuthorizationEndpoint else {
            throw AccessTokenError(.notAuthorized("the server has no device authorization endpoint"))
        }
        var fields: [(name: String, value: [UInt8])] = []
        if let scope = self.endpoint.server.scope { fields.append(("scope", Array(scope.utf8))) }
        let answer = try await self.endpoint.post(fields, to: url)
        guard let deviceCode = answer.text("device_code"), let userCode = answer.text("user_code"),
            // Google's documents once called it a URL.
            let uri = answer.text("verification_uri") ?? answer.text("verification_url"),
            let expires = answer.integer("expires_in"), Self.isShowable(userCode), Self.isShowable(uri)
        else { throw AccessTokenError(.malformedAnswer) }
        return Request(
            userCode: userCode,
            verificationURI: uri,
            completeVerificationURI: answer.text("verification_uri_complete").flatMap {
                Self.isShowable($0) ? $0 : nil
            },
            expiresInSeconds: min(expires, Self.maximumSeconds),
            intervalSeconds: min(max(answer.integer("interval") ?? 5, 1), Self.maximumSeconds),
            deviceCode: Secret(deviceCode)
        )
    }

    /// Polls until the person has decided (§3.4, §3.5), no more often than the server wants.
    ///
    /// - Parameter sleep: Waits for so many seconds.
    /// - Throws: ``SASL/AccessTokenError``: `refused` with `access_denied`, or `expired`; whatever `sleep` throws.
    public func wait(for request: Request, sleep: (Int) async throws -> Void) async throws -> TokenGrantResult {
        var interval = request.intervalSeconds
        var waited = 0
        while true {
            guard waited + interval <= request.expiresInSeconds else { throw AccessTokenError(.expired) }
            try await sleep(interval)
            waited += interval
            do throws(AccessTokenError) {
                return try await self.endpoint.token([
                    ("grant_type", Array(Self.grantType.utf8)), ("device_code", request.deviceCode.octets),
                ])
            } catch {
                switch error.reason {
                case .refused("authorization_pending", _): continue
                case .refused("slow_down", _): interval += Self.slowDownSeconds
                case .refused("expired_token", _): throw AccessTokenError(.expired)
                // §3.5: after a time-out, less often; never more often than the server wants.
                case .unreachable, .refused("server_error", _), .refused("temporarily_unavailable", _):
                    interval = max(interval, min(interval * 2, 300))
                case .refused, .malformedAnswer, .tokenRefusedAgain, .notAuthorized, .expired: throw error
                }
            }
        }
    }

    private static func isShowable(_ text: String) -> Bool {
        (1...2048).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20...0x7e).contains($0) }
    }
}
