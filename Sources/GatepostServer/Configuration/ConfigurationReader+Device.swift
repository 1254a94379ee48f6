internal import GatepostModel
internal import MailSyntax

/// The keys of a listener for printers and scanners.
extension ConfigurationReader {
    private static let deviceKeys = ["clients", "account", "from", "otherFrom", "recipients", "messagesPerHour"]

    /// What does not fit the listener's service.
    mutating func checkService(of listener: Configuration.Listener, _ record: String) {
        if listener.service != .device {
            for key in Self.deviceKeys where self.node("\(record).\(key)") != nil {
                self.fault("\(record).\(key)", "is for devices only: service: device")
            }
        }
        guard listener.service != .submission, listener.service != .reception else { return }
        for key in ["proxyProtocol", "xclient"] where self.node("\(record).\(key)") != nil {
            self.fault(
                "\(record).\(key)",
                "is for submission and reception only: a \(listener.service.rawValue) listener goes by who connects"
            )
        }
    }

    /// Everything that a device listener needs; what is missing is told.
    mutating func device(_ record: String, _ address: IPEndpoint) -> Configuration.Device {
        if address.address.isUnspecified {
            self.fault("\(record).address", "must be one address of this host: devices belong on an inner network")
        }
        var device = Configuration.Device(clients: self.clients("\(record).clients"), recipients: nil)
        device.account = self.mailbox("\(record).account")?.description
        device.from = self.mailbox("\(record).from") ?? device.account.flatMap { IdentityPattern($0)?.mailbox }
        device.otherFrom = self.choice("\(record).otherFrom", Configuration.Device.OtherFrom.self) ?? .refuse
        if self.node("\(record).otherFrom") != nil, self.node("\(record).from") == nil, device.account == nil {
            self.fault("\(record).otherFrom", "needs from: the address that mail is to be from")
        }
        device.recipients = self.recipients("\(record).recipients")
        device.messagesPerHour =
            self.integer("\(record).messagesPerHour", in: 1...10_000) ?? device.messagesPerHour
        return device
    }

    private mutating func clients(_ path: String) -> [IPNetwork] {
        guard let node = self.node(path) else {
            self.fault(
                path,
                "is required: the addresses of the devices, such as [10.0.0.20, 10.0.0.32/28]; no others may connect"
            )
            return []
        }
        if case .list(let elements) = node.content, elements.isEmpty {
            self.fault(path, "must name at least one address, such as [10.0.0.20]")
        }
        let networks = self.networkList(path)
        if networks.contains(where: { $0.prefixLength == 0 }) {
            self.fault(path, "must not hold every address: whoever is listed may send without TLS")
        }
        return networks
    }

    private mutating func recipients(_ path: String) -> [IdentityPattern]? {
        guard self.node(path) != nil else {
            self.fault(
                path,
                "is required: the addresses and domains that devices may send to, such as [example.org]; [\"*\"] for everybody"
            )
            return []
        }
        guard let words = self.words(path) else { return [] }
        if words.isEmpty { self.fault(path, "must name at least one address or domain; [\"*\"] for everybody") }
        if words.contains(where: { $0.text == "*" }) {
            if words.count > 1 { self.fault(path, "names everybody with \"*\": remove the others") }
            return nil
        }
        var patterns: [IdentityPattern] = []
        for (path, text) in words {
            let isAddress = text.utf8.contains(UInt8(ascii: "@"))
            if let pattern = IdentityPattern(isAddress ? text : "*@\(text)") {
                patterns.append(pattern)
            } else {
                self.fault(path, "must be an address or a domain such as example.org, not '\(text)'")
            }
        }
        return patterns
    }

    private mutating func mailbox(_ path: String) -> Mailbox? {
        guard self.node(path) != nil, let text = self.text(path) else { return nil }
        do {
            let mailbox = try Mailbox(parsing: text)
            if mailbox.localPart == "*" { self.fault(path, "must be one address, not '\(text)'") }
            return mailbox
        } catch {
            self.fault(path, "must be an address such as scanner@example.org, not '\(text)'")
            return nil
        }
    }
}

extension IdentityPattern {
    fileprivate var mailbox: Mailbox? {
        if case .address(let mailbox) = self { mailbox } else { nil }
    }
}
