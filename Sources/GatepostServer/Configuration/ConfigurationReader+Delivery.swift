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
