internal import GatepostModel
internal import MailSyntax
internal import SASL

extension ConfigurationReader {
    /// `delivery.relay`: the smarthost, and how to log in to it.
    mutating func relay() -> Configuration.Relay? {
        guard self.node("delivery.relay") != nil else { return nil }
        guard self.node("delivery.relay.host") != nil else {
            self.fault("delivery.relay.host", "is required: the name or address of the smarthost")
            return nil
        }
        guard let host = self.text("delivery.relay.host") else { return nil }
        guard IPAddress(host) != nil || self.domainName("delivery.relay.host", host) != nil else { return nil }
        var relay = Configuration.Relay(host: host)
        relay.port = self.integer("delivery.relay.port", in: 1...65535) ?? relay.port
        let usual: Configuration.Relay.Security = relay.port == 465 ? .implicit : .required
        relay.tls = self.choice("delivery.relay.tls", Configuration.Relay.Security.self) ?? usual
        relay.user = self.text("delivery.relay.user")
        relay.password = self.text("delivery.relay.password").map { Secret($0) }
        relay.passwordFile = self.file("delivery.relay.password")
        relay.certificate = self.path("delivery.relay.certificate")
        relay.key = self.path("delivery.relay.key")
        if let text = self.text("delivery.relay.mechanism"), text != "auto" {
            relay.mechanism = self.clientMechanism("delivery.relay.mechanism", text)
        }
        relay.oauth = self.relayOAuth()
        self.useTickets(&relay)
        self.checkCredentials(of: relay)
        self.show("delivery.relay.host", relay.host)
        self.show("delivery.relay.port", "\(relay.port)")
        self.show("delivery.relay.tls", relay.tls.rawValue)
        self.show("delivery.relay.user", relay.user ?? "none")
        self.show("delivery.relay.password", relay.password == nil ? "none" : "(secret)")
        self.show("delivery.relay.mechanism", relay.mechanism?.description ?? "auto")
        self.show("delivery.relay.certificate", relay.certificate ?? "none")
        return relay
    }

    private mutating func relayOAuth() -> Configuration.RelayOAuth? {
        let section = "delivery.relay.oauth"
        guard self.node(section) != nil else { return nil }
        let provider = self.choice("\(section).provider", Configuration.RelayOAuth.Provider.self) ?? .other
        guard let clientID = self.required("\(section).clientID", "what the provider calls this server") else {
            return nil
        }
        var oauth = Configuration.RelayOAuth(
            provider: provider,
            clientID: clientID,
            refreshTokenFile: self.file("\(section).refreshToken") ?? ""
        )
        oauth.flow = self.choice("\(section).flow", Configuration.RelayOAuth.Flow.self) ?? .refreshToken
        oauth.clientSecret = self.text("\(section).clientSecret").map { Secret($0) }
        oauth.tenant = self.tenant("\(section).tenant") ?? oauth.tenant
        oauth.tokenEndpoint = self.endpointIfGiven("\(section).tokenEndpoint")
        oauth.deviceEndpoint = self.endpointIfGiven("\(section).deviceEndpoint")
        oauth.authorizationEndpoint = self.endpointIfGiven("\(section).authorizationEndpoint")
        oauth.scope = self.text("\(section).scope")
        switch oauth.flow {
        case .refreshToken:
            if oauth.refreshTokenFile.isEmpty {
                self.fault(
                    "\(section).refreshToken",
                    "must name the file that keeps the token, which 'gatepost relay authorize' writes",
                    suggestion: "file:relay.refresh-token"
                )
            }
        case .clientCredentials:
            if oauth.clientSecret == nil {
                self.fault("\(section).clientSecret", "is required with flow: clientCredentials; keep it in a file")
            }
            if provider == .gmail {
                self.fault(
                    "\(section).flow",
                    "must be refreshToken: Google gives its mail scope to no client credentials"
                )
            }
            if provider == .microsoft365, ["common", "organizations", "consumers"].contains(oauth.tenant) {
                self.fault(
                    "\(section).tenant",
                    "is required with flow: clientCredentials: the directory's name or identifier"
                )
            }
        }
        if provider == .other, oauth.tokenEndpoint == nil, self.node("\(section).tokenEndpoint") == nil {
            self.fault(
                "\(section).tokenEndpoint",
                "is required without provider: \(ConfigurationReader.alternatives(["gmail", "microsoft365"]))"
            )
        }
        self.show("\(section).provider", provider.rawValue)
        self.show("\(section).flow", oauth.flow.rawValue)
        self.show("\(section).clientID", clientID)
        self.show("\(section).clientSecret", oauth.clientSecret == nil ? "none" : "(secret)")
        return oauth
    }

    /// The file behind `file:PATH`, whatever is in it; nil for any other value.
    private func file(_ path: String) -> String? {
        guard case .text(let text)? = self.node(path)?.content, text.hasPrefix("file:") else { return nil }
        return LocalFile.absolute(String(text.dropFirst(5)), relativeTo: self.directory)
    }

    private mutating func path(_ path: String) -> String? {
        self.text(path).map { LocalFile.absolute($0, relativeTo: self.directory) }
    }

    private mutating func endpointIfGiven(_ path: String) -> String? {
        self.node(path) == nil ? nil : self.endpoint(path)
    }

    /// It becomes part of a URL.
    private mutating func tenant(_ path: String) -> String? {
        guard let text = self.text(path) else { return nil }
        let isName = text.utf8.allSatisfy { octet in
            (0x30...0x39).contains(octet) || (0x41...0x5a).contains(octet) || (0x61...0x7a).contains(octet)
                || octet == UInt8(ascii: "-") || octet == UInt8(ascii: ".")
        }
        guard isName, !text.isEmpty else {
            self.fault(path, "must be a domain or an identifier of a directory, not '\(text)'")
            return nil
        }
        return text
    }

    private mutating func checkCredentials(of relay: Configuration.Relay) {
        let section = "delivery.relay"
        let given = Set(
            ["user", "password", "oauth", "certificate", "key"].filter { self.node("\(section).\($0)") != nil }
        )
        let kind = relay.mechanism?.credentialKind
        if given.contains("certificate") != given.contains("key") {
            self.fault(
                "\(section).\(given.contains("key") ? "certificate" : "key")",
                "is required: certificate and key go together"
            )
        }
        if given.contains("oauth"), given.contains("password") {
            self.fault("\(section).password", "cannot stand beside oauth, which brings access tokens")
        }
        if given.contains("oauth"), let kind, kind != .bearerToken {
            self.fault("\(section).mechanism", "must be auto, OAUTHBEARER or XOAUTH2 with oauth")
        }
        if kind == .certificate, !given.contains("certificate") {
            self.fault("\(section).certificate", "is required with mechanism: EXTERNAL")
        }
        // A ticket is no password: it has a user or none, and crosses the network as it is.
        if kind == .ticket { return }
        if given.contains("user"), !given.contains("password"), !given.contains("oauth"), !given.contains("certificate")
        {
            self.fault("\(section).password", "is required with user; keep it in a file of its own: file:relay.secret")
        }
        if given.contains("password") || given.contains("oauth"), !given.contains("user") {
            self.fault("\(section).user", "is required with \(given.contains("password") ? "password" : "oauth")")
        }
        if kind == .certificate, relay.tls == .none {
            self.fault("\(section).tls", "must be required or implicit with mechanism: EXTERNAL")
        }
        // A password that crosses a network without verified TLS is anybody's.
        let isLoopback = IPAddress(relay.host)?.isLoopback ?? (relay.host == "localhost")
        if given.contains("user"), relay.tls != .required, relay.tls != .implicit, !isLoopback {
            self.fault("\(section).tls", "must be required or implicit when user is set")
        }
    }

    private mutating func clientMechanism(_ path: String, _ text: String) -> MechanismName? {
        if let name = MechanismName(text), ClientMechanisms.all.contains(name) { return name }
        let names = ["auto"] + ClientMechanisms.all.map(\.description)
        self.fault(
            path,
            "must be \(ConfigurationReader.alternatives(names)), not '\(text)'",
            suggestion: NearestWord.to(text, among: names)
        )
        return nil
    }
}
