/// Why a request of Dovecot's authentication protocol fails: the parameters of `FAIL`.
///
///     FAIL⇥1⇥user=alice@example.org⇥reason=Authentication failed (ref 7K3Q-9FDM)
public struct DovecotFailure: Hashable, Sendable {
    /// What kind of failure it is, where a mail server should know; an open set.
    public struct Code: Hashable, Sendable {
        /// What protocol 1.2 of Dovecot 2.3 and later says behind `code=`.
        public let name: String
        /// The word without a value that earlier ones say.
        public let earlierName: String

        public init(_ name: String, earlierName: String) {
            self.name = name
            self.earlierName = earlierName
        }

        /// The server's own trouble: the client should try again later.
        public static let temporary = Code("temp_fail", earlierName: "temp")
        /// The credentials are right, but not for the identity that was asked for.
        public static let authorization = Code("authz_fail", earlierName: "authz")
        public static let userDisabled = Code("user_disabled", earlierName: "user_disabled")
        public static let passwordExpired = Code("pass_expired", earlierName: "pass_expired")
    }

    /// Whom the client claimed to be, for the mail server's log.
    public var user: String?
    /// Shown to the client; never tells a wrong password from an unknown user.
    public var reason: String?
    public var code: Code?

    public init(user: String? = nil, reason: String? = nil, code: Code? = nil) {
        self.user = user
        self.reason = reason
        self.code = code
    }

    static let unknownMechanism = DovecotFailure(reason: "Unsupported authentication mechanism")
    static let invalidBase64 = DovecotFailure(reason: "Invalid base64 data in response")
    static let lineTooLong = DovecotFailure(reason: "Authentication response too long")
    static let timedOut = DovecotFailure(reason: "Authentication request timed out")
    static let outOfOrder = DovecotFailure(reason: "Response without a challenge")
    static let tooManyRequests = DovecotFailure(reason: "Too many requests at once", code: .temporary)

    func line(_ identifier: UInt32) -> DovecotLine {
        var parameters = [Array("\(identifier)".utf8)]
        if let user, !user.isEmpty { parameters.append(Array("user=\(user)".utf8)) }
        if let reason { parameters.append(Array("reason=\(reason)".utf8)) }
        if let code {
            // Both words: each reader ignores the one that it does not know.
            parameters.append(Array("code=\(code.name)".utf8))
            parameters.append(Array(code.earlierName.utf8))
        }
        return DovecotLine(.failed, parameters)
    }
}
