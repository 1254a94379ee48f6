internal import MailSyntax
public import SASL

/// Lets a person authorize this program in a browser (RFC 6749 §4.1 with RFC 7636), without anything to listen for the browser's return: the
/// person copies the address at which the browser ends, be there a page or not, since the code stands in it.
///
/// For providers that give their mail scope to no device. The redirection goes to loopback, as RFC 8252 §7.3 has it for native programs.
public struct CodeAuthorization: Sendable {
    public static let redirectURI = "http://127.0.0.1"

    private let endpoint: TokenEndpoint
    private let verifier: String
    private let state: String
    private let challenge: String

    /// - Parameters:
    ///   - random: At least 48 octets from a cryptographic random source.
    ///   - sha256: The hash function, for the code challenge (RFC 7636 §4.2).
    public init(
        server: AuthorizationServer,
        client: OAuthClient,
        transport: any TokenEndpointTransport,
        random: [UInt8],
        sha256: ([UInt8]) -> [UInt8]
    ) {
        precondition(random.count >= 48, "a verifier and a state of fewer octets can be guessed")
        self.endpoint = TokenEndpoint(server: server, client: client, transport: transport)
        self.verifier = Self.base64URL(Array(random[..<32]))
        self.state = Self.base64URL(Array(random[32..<48]))
        self.challenge = Self.base64URL(sha256(Array(self.verifier.utf8)))
    }

    /// What the person opens; nil where the server has no authorization endpoint.
    public var url: String? {
        guard let base = self.endpoint.server.authorizationEndpoint else { return nil }
        var fields: [(name: String, value: [UInt8])] = [
            ("response_type", Array("code".utf8)), ("client_id", Array(self.endpoint.client.identifier.utf8)),
            ("redirect_uri", Array(Self.redirectURI.utf8)), ("state", Array(self.state.utf8)),
            ("code_challenge", Array(self.challenge.utf8)), ("code_challenge_method", Array("S256".utf8)),
        ]
        if let scope = self.endpoint.server.scope { fields.append(("scope", Array(scope.utf8))) }
        for (name, value) in self.endpoint.server.authorizationParameters.sorted(by: { $0.key < $1.key }) {
            fields.append((name, Array(value.utf8)))
        }
        return base + "?" + String(decoding: FormEncoding.form(fields), as: UTF8.self)
    }

    /// Exchanges the code in the address where the browser ended.
    ///
    /// - Throws: ``SASL/AccessTokenError``: `refused` where the person or the server said no, `malformedAnswer` for an address that is not
    ///   the answer to this very request.
    public func redeem(_ address: String) async throws(AccessTokenError) -> TokenGrantResult {
        guard let mark = address.utf8.firstIndex(of: UInt8(ascii: "?")), address.utf8.count <= 16_384 else {
            throw AccessTokenError(.malformedAnswer)
        }
        let query = address[address.utf8.index(after: mark)...].prefix { $0 != "#" }
        guard let values = FormEncoding.values(query), let state = values["state"],
            ConstantTime.equals(Array(state.utf8), Array(self.state.utf8))
        else { throw AccessTokenError(.malformedAnswer) }
        if let code = values["error"] {
            throw AccessTokenError(
                .refused(code: ShownText.of(code), description: values["error_description"].map(ShownText.of))
            )
        }
        guard let code = values["code"], !code.isEmpty else { throw AccessTokenError(.malformedAnswer) }
        return try await self.endpoint.token([
            ("grant_type", Array("authorization_code".utf8)), ("code", Array(code.utf8)),
            ("redirect_uri", Array(Self.redirectURI.utf8)), ("code_verifier", Array(self.verifier.utf8)),
        ])
    }

    /// RFC 4648 §5, without padding.
    private static func base64URL(_ octets: [UInt8]) -> String {
        let text = Base64.encode(octets).compactMap { octet -> UInt8? in
            switch octet {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            case UInt8(ascii: "="): nil
            default: octet
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
