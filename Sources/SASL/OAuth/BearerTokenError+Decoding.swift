extension BearerTokenError {
    /// Reads the JSON with which a server refuses a token: that of OAUTHBEARER (RFC 7628 §3.2.2) or of XOAUTH2, whose status is an HTTP one.
    ///
    /// ```
    /// {"status":"invalid_token","scope":"mail","openid-configuration":"https://login.example.org/.well-known/openid-configuration"}
    /// {"status":"401","schemes":"Bearer","scope":"https://mail.google.com/"}
    /// ```
    ///
    /// Texts hold printable characters only and are cut at 500 code points: they are shown to people.
    ///
    /// - Returns: nil unless it is an object with a status.
    public init?(json: [UInt8]) {
        guard let object = JSONObject(json) else { return nil }
        let status: String
        switch object.members["status"] {
        case .text(let text), .number(let text): status = Self.printable(text)
        case .flag, .null, .nested, nil: return nil
        }
        self.init(
            status: status,
            scope: object.text("scope").map(Self.printable),
            openIDConfiguration: object.text("openid-configuration").map(Self.printable)
        )
    }

    private static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(500) {
            let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
            result.unicodeScalars.append(isControl ? "?" : scalar)
        }
        return result
    }
}

extension BearerTokenError: CustomStringConvertible {
    public var description: String {
        var text = "status \(self.status)"
        if let scope { text += ", scope \(scope)" }
        if let openIDConfiguration { text += ", see \(openIDConfiguration)" }
        return text
    }
}
