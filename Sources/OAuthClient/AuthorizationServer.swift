public import SASL

/// Where tokens are had from, and what they are to be good for.
public struct AuthorizationServer: Hashable, Sendable {
    /// The token endpoint (RFC 6749 §3.2).
    public var tokenEndpoint: String
    /// The device authorization endpoint (RFC 8628 §3.1).
    public var deviceAuthorizationEndpoint: String?
    /// The authorization endpoint (RFC 6749 §3.1), which a person's browser visits.
    public var authorizationEndpoint: String?
    /// The scope that lets a person's mail be sent (RFC 6749 §3.3).
    public var scope: String?
    /// The scope that an application asks for on its own account (client credentials).
    public var applicationScope: String?
    /// What the authorization endpoint needs beside the standard's parameters before it gives a refresh token.
    public var authorizationParameters: [String: String]

    public init(
        tokenEndpoint: String,
        deviceAuthorizationEndpoint: String? = nil,
        authorizationEndpoint: String? = nil,
        scope: String? = nil,
        applicationScope: String? = nil,
        authorizationParameters: [String: String] = [:]
    ) {
        self.tokenEndpoint = tokenEndpoint
        self.deviceAuthorizationEndpoint = deviceAuthorizationEndpoint
        self.authorizationEndpoint = authorizationEndpoint
        self.scope = scope
        self.applicationScope = applicationScope
        self.authorizationParameters = authorizationParameters
    }

    /// Gmail and Google Workspace. Google gives the mail scope to the authorization code flow only, not to devices.
    public static let gmail = AuthorizationServer(
        tokenEndpoint: "https://oauth2.googleapis.com/token",
        authorizationEndpoint: "https://accounts.google.com/o/oauth2/v2/auth",
        scope: "https://mail.google.com/",
        authorizationParameters: ["access_type": "offline", "prompt": "consent"]
    )

    /// Microsoft 365 and Outlook.com.
    ///
    /// - Parameter tenant: The directory's identifier or a domain of it; `common` for accounts of any directory, `consumers` for Outlook.com.
    ///   Client credentials need the directory's own.
    public static func microsoft365(tenant: String = "common") -> AuthorizationServer {
        let base = "https://login.microsoftonline.com/\(tenant)/oauth2/v2.0"
        return AuthorizationServer(
            tokenEndpoint: "\(base)/token",
            deviceAuthorizationEndpoint: "\(base)/devicecode",
            authorizationEndpoint: "\(base)/authorize",
            scope: "https://outlook.office.com/SMTP.Send offline_access",
            applicationScope: "https://outlook.office365.com/.default"
        )
    }
}

/// Who asks for tokens (RFC 6749 §2.2, §2.3.1). Prints its identifier only.
public struct OAuthClient: Sendable, CustomStringConvertible {
    public var identifier: String
    /// nil for a public client.
    public var secret: Secret?

    public init(identifier: String, secret: Secret? = nil) {
        self.identifier = identifier
        self.secret = secret
    }

    public var description: String { self.identifier }
}
