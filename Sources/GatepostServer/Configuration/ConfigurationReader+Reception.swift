internal import DNS
internal import GatepostModel
internal import MailSyntax

/// The section about mail that other servers bring.
extension ConfigurationReader {
    mutating func reception() -> Configuration.Reception {
        var reception = Configuration.Reception()
        let sizes = ByteCount(octets: 1024)...ByteCount(octets: 4 << 30)
        reception.maximumMessageSize =
            self.bytes("reception.maximumMessageSize", in: sizes) ?? reception.maximumMessageSize
        reception.maximumRecipients =
            self.integer("reception.maximumRecipients", in: 1...10_000) ?? reception.maximumRecipients
        if reception.maximumRecipients < 100 {
            self.warn("reception.maximumRecipients", "is less than the 100 that RFC 5321 section 4.5.3.1.8 asks for")
        }
        if self.node("reception.subaddressing") != nil { reception.subaddressing = self.separator() }
        reception.dmarc.reject =
            self.choice("reception.dmarc.reject", Configuration.Reception.RejectAction.self) ?? reception.dmarc.reject
        reception.dmarc.quarantine =
            self.choice("reception.dmarc.quarantine", Configuration.Reception.QuarantineAction.self)
            ?? reception.dmarc.quarantine
        reception.dmarc.invalidFrom =
            self.choice("reception.dmarc.invalidFrom", Configuration.Reception.Strictness.self)
            ?? reception.dmarc.invalidFrom
        reception.spfFail =
            self.choice("reception.spfFail", Configuration.Reception.Strictness.self) ?? reception.spfFail
        reception.reverseDNS =
            self.choice("reception.reverseDNS", Configuration.Reception.Strictness.self) ?? reception.reverseDNS
        self.dnsLists(&reception)
        reception.greylisting = self.greylisting()
        reception.timeout =
            self.duration("reception.timeout", in: .seconds(1) ... .seconds(120)) ?? reception.timeout
        self.showReception(reception)
        return reception
    }

    /// Some characters that may stand in a mailbox without quotes; empty: none.
    private mutating func separator() -> String {
        guard case .text(let text)? = self.node("reception.subaddressing")?.content else {
            self.fault("reception.subaddressing", "must be one or two characters such as \"+\", or none")
            return ""
        }
        if text == "none" { return "" }
        let allowed = Set("+-_=#~".utf8)
        guard (1...2).contains(text.utf8.count), text.utf8.allSatisfy(allowed.contains) else {
            self.fault("reception.subaddressing", "must be one or two of + - _ = # ~, or none, not '\(text)'")
            return ""
        }
        return text
    }

    private mutating func dnsLists(_ reception: inout Configuration.Reception) {
        var seen: Set<String> = []
        for record in self.records("reception.dnsLists") ?? [] {
            guard let zone = self.text("\(record).zone") else {
                if self.node("\(record).zone") == nil {
                    self.fault("\(record).zone", "is required: the domain of the list, such as zen.example.org")
                }
                continue
            }
            guard DNSList(zone) != nil else {
                self.fault("\(record).zone", "must be a domain name such as zen.example.org, not '\(zone)'")
                continue
            }
            if !seen.insert(zone.lowercased()).inserted { self.fault("\(record).zone", "\(zone) is there twice") }
            let weight = self.integer("\(record).weight", in: -100...100) ?? 1
            if weight == 0 { self.fault("\(record).weight", "must not be 0: such a list changes nothing") }
            reception.dnsLists.append(Configuration.Reception.List(zone: zone, weight: weight))
        }
        reception.dnsListReject =
            self.integer("reception.dnsListReject", in: 1...10_000) ?? reception.dnsListReject
        reception.dnsListQuarantine = self.integer("reception.dnsListQuarantine", in: 1...10_000)
        for key in ["dnsListReject", "dnsListQuarantine"]
        where self.node("reception.\(key)") != nil && reception.dnsLists.isEmpty {
            self.fault("reception.\(key)", "needs reception.dnsLists")
        }
        if let quarantine = reception.dnsListQuarantine, quarantine >= reception.dnsListReject {
            self.fault("reception.dnsListQuarantine", "must be less than dnsListReject, \(reception.dnsListReject)")
        }
    }

    private mutating func greylisting() -> Configuration.Reception.Greylisting? {
        guard self.node("reception.greylisting") != nil else { return nil }
        var rules = Configuration.Reception.Greylisting()
        let day = 86_400
        rules.delay = self.duration("reception.greylisting.delay", in: .seconds(1) ... .seconds(day)) ?? rules.delay
        rules.window =
            self.duration("reception.greylisting.window", in: .seconds(60) ... .seconds(30 * day)) ?? rules.window
        rules.remember =
            self.duration("reception.greylisting.remember", in: .seconds(60) ... .seconds(366 * day))
            ?? rules.remember
        if rules.window <= rules.delay {
            self.fault("reception.greylisting.window", "must be longer than the delay: nobody could come back in time")
        }
        return rules
    }

    private mutating func showReception(_ reception: Configuration.Reception) {
        self.show("reception.maximumMessageSize", "\(reception.maximumMessageSize)")
        self.show("reception.maximumRecipients", "\(reception.maximumRecipients)")
        self.show("reception.subaddressing", reception.subaddressing.isEmpty ? "none" : reception.subaddressing)
        self.show("reception.dmarc.reject", reception.dmarc.reject.rawValue)
        self.show("reception.dmarc.quarantine", reception.dmarc.quarantine.rawValue)
        self.show("reception.dmarc.invalidFrom", reception.dmarc.invalidFrom.rawValue)
        self.show("reception.spfFail", reception.spfFail.rawValue)
        self.show("reception.reverseDNS", reception.reverseDNS.rawValue)
        for (index, list) in reception.dnsLists.enumerated() {
            self.show("reception.dnsLists[\(index)]", "\(list.zone) weight \(list.weight)")
        }
        if !reception.dnsLists.isEmpty {
            self.show("reception.dnsListReject", "\(reception.dnsListReject)")
            self.show("reception.dnsListQuarantine", reception.dnsListQuarantine.map { "\($0)" } ?? "off")
        }
        self.show(
            "reception.greylisting",
            reception.greylisting.map {
                "delay \(DurationText.format($0.delay)), window \(DurationText.format($0.window)), "
                    + "remember \(DurationText.format($0.remember))"
            } ?? "off"
        )
        self.show("reception.timeout", DurationText.format(reception.timeout))
    }

    /// What is received and cannot go anywhere is told.
    mutating func checkReception(of configuration: Configuration) {
        let isThere = configuration.listeners.contains { $0.service == .reception }
        if isThere, configuration.delivery.local == nil {
            self.warn(
                "delivery.local",
                "is not set: mail received for accounts is held in the queue, but that for sandbox accounts"
            )
        }
        if self.node("reception") != nil, !isThere, !configuration.hasDefaultListeners {
            self.warn(
                "reception",
                "has no listener: add { service: reception, address: \"0.0.0.0:25\", tls: starttls } to listeners"
            )
        }
    }
}
