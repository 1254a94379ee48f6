/// What the back end says about a bearer token.
public enum BearerTokenVerdict: Hashable, Sendable {
    /// The token is good, and belongs to this identity.
    case accepted(identity: String)
    case refused(BearerTokenError)
}

/// Why a bearer token is refused, as the client is told (RFC 7628 §3.2.2).
public struct BearerTokenError: Hashable, Sendable {
    /// An error code of RFC 6750 §3.1: `invalid_token`, `insufficient_scope`, `invalid_request`.
    public var status: String
    /// The scope that a token must have.
    public var scope: String?
    /// Where the client finds the authorization server's metadata (RFC 8414).
    public var openIDConfiguration: String?

    public init(status: String = "invalid_token", scope: String? = nil, openIDConfiguration: String? = nil) {
        self.status = status
        self.scope = scope
        self.openIDConfiguration = openIDConfiguration
    }

    /// The challenge of OAUTHBEARER.
    var json: [UInt8] {
        Self.object([
            ("status", self.status), ("scope", self.scope), ("openid-configuration", self.openIDConfiguration),
        ])
    }

    /// The challenge of XOAUTH2, which has an HTTP status in place of the code.
    var xoauth2JSON: [UInt8] {
        let status =
            switch self.status {
            case "insufficient_scope": "403"
            case "invalid_request": "400"
            default: "401"
            }
        return Self.object([("status", status), ("schemes", "bearer"), ("scope", self.scope)])
    }

    private static func object(_ members: [(String, String?)]) -> [UInt8] {
        let text = members.compactMap { key, value in value.map { "\"\(key)\":\"\(Self.escape($0))\"" } }
        return Array("{\(text.joined(separator: ","))}".utf8)
    }

    private static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20: continue
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
