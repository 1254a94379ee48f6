internal import GatepostModel
internal import MessageAuthentication
internal import SMTP

/// What becomes of a message for what was found out about it; a pure rule over the findings and the configuration.
enum Disposition: Hashable, Sendable {
    /// Reasons, in the words of rules.
    case accept
    /// Delivered, with a field by which filters know that it is suspicious.
    case mark(rule: String)
    /// Kept until somebody releases it.
    case hold(rule: String)
    case refuse(Reply, rule: String)

    static func decide(_ findings: MessageFindings, _ rules: Configuration.Reception) -> Disposition {
        if case .fault(let fault) = findings.dmarc.author, rules.dmarc.invalidFrom == .reject {
            return .refuse(.authorRefused(fault), rule: "invalid-from")
        }
        switch findings.dmarc.requestedDisposition {
        case .reject:
            switch rules.dmarc.reject {
            case .reject:
                return .refuse(
                    .policyRefused(findings.dmarc, spf: findings.spf, dkim: findings.dkim),
                    rule: "dmarc-reject"
                )
            case .quarantine: return self.quarantine(rules, rule: "dmarc-reject")
            case .accept: break
            }
        case .quarantine: return self.quarantine(rules, rule: "dmarc-quarantine")
        case .none: break
        }
        if let threshold = rules.dnsListQuarantine, let client = findings.client, client.lists.total >= threshold {
            return self.quarantine(rules, rule: "dns-list")
        }
        return .accept
    }

    private static func quarantine(_ rules: Configuration.Reception, rule: String) -> Disposition {
        switch rules.dmarc.quarantine {
        case .mark: .mark(rule: rule)
        case .hold: .hold(rule: rule)
        case .accept: .accept
        }
    }

    /// For the log.
    var word: String {
        switch self {
        case .accept: "accept"
        case .mark(let rule): "mark \(rule)"
        case .hold(let rule): "hold \(rule)"
        case .refuse(_, let rule): "refuse \(rule)"
        }
    }
}
