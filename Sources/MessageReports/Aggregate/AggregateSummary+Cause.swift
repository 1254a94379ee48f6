internal import MailSyntax
internal import MessageAuthentication

extension AggregateSummary {
    /// Why messages of a source failed DMARC, as far as a report shows it.
    public enum Cause: Hashable, Sendable {
        /// They came from the domain's own server.
        case ownServer
        /// The receiver knows the source for a forwarder or a mailing list.
        case forwarder
        /// A signature of the domain is there but no longer fits: something on the way changed the message.
        case changedOnTheWay
        /// They are proved for another domain, which is named: a service that sends in the domain's name, or a list.
        case service(String)
        /// They have the domain in MAIL FROM, and its SPF record does not list the source.
        case notListed
        /// SPF or DKIM could not be checked.
        case temporaryTrouble
        /// Nothing is proved for any domain.
        case unproved

        /// Of causes that are as frequent, the first is told.
        var order: Int {
            switch self {
            case .ownServer: 0
            case .service: 1
            case .changedOnTheWay: 2
            case .forwarder: 3
            case .notListed: 4
            case .temporaryTrouble: 5
            case .unproved: 6
            }
        }

        init(of record: AggregateReport.Record, domain: String, isOwn: Bool) {
            func belongs(_ name: String) -> Bool {
                name == domain || name.hasSuffix(".\(domain)") || name == record.headerFrom
            }
            let forwarding: Set = ["forwarded", "mailing_list", "trusted_forwarder"]
            let proved =
                record.dkim.first { $0.result == "pass" && !belongs($0.domain) }?.domain
                ?? record.spf.first { $0.result == "pass" && $0.scope != "helo" && !belongs($0.domain) }?.domain
            let results = record.dkim.map(\.result) + record.spf.map(\.result)
            if isOwn {
                self = .ownServer
            } else if record.reasons.contains(where: { forwarding.contains($0.type) }) {
                self = .forwarder
            } else if record.dkim.contains(where: { belongs($0.domain) && $0.result == "fail" }) {
                self = .changedOnTheWay
            } else if let proved {
                self = .service(proved)
            } else if results.contains("temperror") {
                self = .temporaryTrouble
            } else if record.spf.contains(where: {
                belongs($0.domain) && ["fail", "softfail", "neutral", "permerror"].contains($0.result)
            }) {
                self = .notListed
            } else {
                self = .unproved
            }
        }
    }
}

extension AggregateSummary.Cause: CustomStringConvertible {
    /// The cause in a few words.
    public var description: String {
        switch self {
        case .ownServer: "this server"
        case .forwarder: "a forwarder or a mailing list"
        case .changedOnTheWay: "signed, then changed on the way"
        case .service(let domain): "a service (\(domain))"
        case .notListed: "not in the SPF record"
        case .temporaryTrouble: "DNS did not answer"
        case .unproved: "nothing proved"
        }
    }

    /// What to do about it.
    public func advice(domain: String) -> String {
        switch self {
        case .ownServer:
            "This is our own server: see that it signs for \(domain) and that the SPF record lists its address "
                + "('gatepost domain check \(domain)')."
        case .forwarder:
            "Nothing to mend: SPF does not survive forwarding. Signed mail passes if the forwarder leaves it as it is."
        case .changedOnTheWay:
            "The signature is broken on the way, mostly by a mailing list or a gateway that adds text. If it is your "
                + "gateway, let it sign, or sign behind it."
        case .service(let other):
            "If you use a service of \(other), let it sign as \(domain) (its DKIM set-up) or use a MAIL FROM below "
                + "\(domain); if you do not, it is a mailing list or somebody who uses your name."
        case .notListed:
            "If it is yours, add its address to the SPF record of \(domain) and let it sign; if it is not, it forges you, "
                + "and the policy is what stops it."
        case .temporaryTrouble:
            "The receiver could not look the records up. If it happens often, see that all name servers of \(domain) "
                + "answer."
        case .unproved:
            "If it is yours, give it SPF or DKIM for \(domain); if it is not, it forges you, and the policy is what "
                + "stops it."
        }
    }
}

extension AggregateSummary {
    /// What to do next about the domain's policy; nil when there is nothing to say.
    public var policyAdvice: String? {
        guard let share = self.passingShare else {
            return "No mail was reported. Reports come a day after the mail, and only to an address in 'rua'."
        }
        let percentage = Int(share * 100)
        let known = self.sources.values.filter { source in
            source.causes.keys.contains { cause in
                switch cause {
                case .ownServer, .service, .notListed: true
                case .forwarder, .changedOnTheWay, .temporaryTrouble, .unproved: false
                }
            }
        }
        switch self.policy?.policy ?? DMARC.Policy.none {
        case .none where known.isEmpty:
            return
                "\(percentage) % passes and no source looks like one of yours that fails: p=quarantine is the next step."
        case .none:
            return
                "\(percentage) % passes. Look at the sources below before p=quarantine: what fails there would be put aside."
        case .quarantine where share >= 0.98:
            return "\(percentage) % passes: p=reject is the next step."
        case .quarantine:
            return "\(percentage) % passes: what fails is put aside. Look at the sources below before p=reject."
        case .reject where known.isEmpty || share >= 0.98: return nil
        case .reject:
            return "\(percentage) % passes, and what fails is refused: look at the sources below soon."
        }
    }

    /// Messages by day, from the first to the last, days without any included; at most 366.
    public var series: [(day: String, Day)] {
        guard let first = self.days.keys.min(), let last = self.days.keys.max() else { return [] }
        return (max(first, last - 365)...last).map { (InternetDate.day($0), self.days[$0] ?? Day()) }
    }
}
