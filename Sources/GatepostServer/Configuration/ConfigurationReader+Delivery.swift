internal import GatepostModel
internal import MailSyntax
internal import SASL

extension ConfigurationReader {
    private enum Route: String, CaseIterable {
        case mx
        case relay
        case hold
    }

    mutating func delivery() -> Configuration.Delivery {
        var delivery = Configuration.Delivery()
        let route = self.choice("delivery.route", Route.self) ?? .mx
        self.show("delivery.route", route.rawValue)
        let relay = self.relay()
        switch route {
        case .mx: delivery.route = .mx
        case .hold: delivery.route = .hold
        case .relay:
            if let relay {
                delivery.route = .relay(relay)
            } else if self.node("delivery.relay") == nil {
                self.fault("delivery.relay", "is required with route: relay, such as { host: smtp.provider.example }")
            }
        }
        if let text = self.text("delivery.local") { delivery.local = self.localStore("delivery.local", text) }
        let waits = Duration.milliseconds(1) ... .seconds(366 * 86400)
        delivery.retry.first = self.duration("delivery.retry.first", in: waits) ?? delivery.retry.first
        delivery.retry.maximum = self.duration("delivery.retry.maximum", in: waits) ?? delivery.retry.maximum
        delivery.retry.expire = self.duration("delivery.retry.expire", in: waits) ?? delivery.retry.expire
        if delivery.retry.first > delivery.retry.maximum {
            self.fault("delivery.retry.maximum", "must not be shorter than first")
        }
        if delivery.retry.maximum > delivery.retry.expire {
            self.fault("delivery.retry.expire", "must not be shorter than maximum")
        }
        delivery.port = self.integer("delivery.port", in: 1...65535) ?? delivery.port
        delivery.connections = self.integer("delivery.connections", in: 1...10_000) ?? delivery.connections
        delivery.connectionsPerDestination =
            self.integer("delivery.connectionsPerDestination", in: 1...1000) ?? delivery.connectionsPerDestination
        self.show("delivery.local", delivery.local?.description ?? "none")
        self.show("delivery.retry.first", DurationText.format(delivery.retry.first))
        self.show("delivery.retry.maximum", DurationText.format(delivery.retry.maximum))
        self.show("delivery.retry.expire", DurationText.format(delivery.retry.expire))
        self.show("delivery.port", "\(delivery.port)")
        self.show("delivery.connections", "\(delivery.connections)")
        self.show("delivery.connectionsPerDestination", "\(delivery.connectionsPerDestination)")
        return delivery
    }

    private mutating func relay() -> Configuration.Relay? {
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
        if let text = self.text("delivery.relay.mechanism"), text != "auto" {
            relay.mechanism = self.clientMechanism("delivery.relay.mechanism", text)
        }
        relay.securityContexts = self.tickets(for: relay)
        if relay.securityContexts == nil { self.checkCredentials(of: relay) }
        self.show("delivery.relay.host", relay.host)
        self.show("delivery.relay.port", "\(relay.port)")
        self.show("delivery.relay.tls", relay.tls.rawValue)
        self.show("delivery.relay.user", relay.user ?? "none")
        self.show("delivery.relay.password", relay.password == nil ? "none" : "(secret)")
        self.show("delivery.relay.mechanism", relay.mechanism?.description ?? "auto")
        return relay
    }

    private mutating func checkCredentials(of relay: Configuration.Relay) {
        let (user, password) = ("delivery.relay.user", "delivery.relay.password")
        if self.node(user) != nil, self.node(password) == nil {
            self.fault(password, "is required with user; keep it in a file of its own: file:relay.secret")
        }
        if self.node(password) != nil, self.node(user) == nil {
            self.fault(user, "is required with password")
        }
        // A password that crosses a network without verified TLS is anybody's.
        let isLoopback = IPAddress(relay.host)?.isLoopback ?? (relay.host == "localhost")
        if self.node(user) != nil, relay.tls != .required, relay.tls != .implicit, !isLoopback {
            self.fault("delivery.relay.tls", "must be required or implicit when user is set")
        }
    }

    private mutating func clientMechanism(_ path: String, _ text: String) -> MechanismName? {
        let known: [MechanismName] = [.scramSHA256, .scramSHA1, .cramMD5, .plain, .login, .gssapi]
        if let name = MechanismName(text), known.contains(name) { return name }
        let names = ["auto"] + known.map(\.description)
        self.fault(
            path,
            "must be \(ConfigurationReader.alternatives(names)), not '\(text)'",
            suggestion: NearestWord.to(text, among: names)
        )
        return nil
    }

    /// `lmtp:/path` or `lmtp:host:port`.
    private mutating func localStore(_ path: String, _ text: String) -> Configuration.LocalStore? {
        let form = "must be lmtp:/path/of/socket or lmtp:host:port"
        guard text.hasPrefix("lmtp:") else {
            self.fault(path, "\(form), not '\(text)'", suggestion: text.hasPrefix("/") ? "lmtp:\(text)" : nil)
            return nil
        }
        let rest = String(text.dropFirst(5))
        if rest.hasPrefix("/") { return .unix(path: rest) }
        if let address = IPEndpoint(rest, defaultPort: 24) {
            return .tcp(host: address.address.description, port: address.port)
        }
        let parts = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let port = parts.count == 2 ? Int(parts[1]) : 24
        guard let port, (1...65535).contains(port), let name = parts.first.map(String.init), !name.isEmpty else {
            self.fault(path, "\(form), not '\(text)'")
            return nil
        }
        return self.domainName(path, name).map { .tcp(host: $0, port: port) }
    }
}
