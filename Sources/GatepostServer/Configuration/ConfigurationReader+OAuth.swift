internal import GatepostModel
internal import SASL

extension ConfigurationReader {
    /// `authentication.oauth`: each record names an issuer and how its tokens are checked.
    mutating func issuers() -> [Configuration.OAuthIssuer] {
        guard let records = self.records("authentication.oauth") else { return [] }
        var issuers: [Configuration.OAuthIssuer] = []
        for record in records {
            guard let name = self.required("\(record).issuer", "the issuer's URL or name, as in the token's iss"),
                let audience = self.required("\(record).audience", "what the token's aud must hold")
            else { continue }
            var issuer = Configuration.OAuthIssuer(issuer: name, audience: audience)
            if let claim = self.text("\(record).accountClaim") { issuer.accountClaim = claim }
            issuer.scope = self.text("\(record).scope")
            issuer.verification = self.verification(record, issuer: name)
            issuers.append(issuer)
            self.show("\(record).issuer", "\(name) for \(audience), account from \(issuer.accountClaim)")
        }
        return issuers
    }

    private mutating func verification(
        _ record: String,
        issuer: String
    ) -> Configuration.OAuthIssuer.Verification {
        let ways = ["sharedKey", "keySet", "introspection"].filter { self.node("\(record).\($0)") != nil }
        if ways.count > 1 {
            self.fault(
                "\(record).\(ways[1])",
                "cannot stand beside \(ways[0]): one way to check a token for each issuer"
            )
        }
        switch ways.first {
        case "sharedKey":
            let key = self.text("\(record).sharedKey") ?? ""
            if key.utf8.count < 32 {
                self.fault("\(record).sharedKey", "must have at least 32 octets (RFC 7518 section 3.2)")
            }
            return .sharedKey(Secret(key))
        case "keySet":
            return .keySet(url: self.endpoint("\(record).keySet") ?? "")
        case "introspection":
            let path = "\(record).introspection"
            return .introspection(
                Configuration.OAuthIssuer.Introspection(
                    url: self.endpoint("\(path).url") ?? "",
                    clientID: self.required("\(path).clientID", "the name of this server at the issuer") ?? "",
                    clientSecret: Secret(
                        self.required("\(path).clientSecret", "its secret; keep it in a file: file:client.secret") ?? ""
                    )
                )
            )
        default:
            if OAuthEndpoint.discovery(issuer: issuer) == nil {
                self.fault(
                    "\(record).issuer",
                    "must be an https URL for its keys to be found; else give sharedKey, keySet or introspection"
                )
            }
            return .discovery
        }
    }

    mutating func endpoint(_ path: String) -> String? {
        guard let text = self.required(path, "an https URL") else { return nil }
        guard OAuthEndpoint(text) != nil else {
            self.fault(path, "must be an https URL (http only on loopback), not '\(text)'")
            return nil
        }
        return text
    }

    mutating func required(_ path: String, _ meaning: String) -> String? {
        guard self.node(path) != nil else {
            self.fault(path, "is required: \(meaning)")
            return nil
        }
        return self.text(path)
    }
}
