internal import GatepostModel
internal import MailSyntax
internal import MessageAuthentication
internal import SMTP

extension Reply {
    /// `550 5.7.1`: the domain is not ours and nobody logged in. No more is said than that.
    static func relayingDenied(_ path: ForwardPath) -> Reply {
        Reply(550, .init(5, 7, 1), "Relaying denied: <\(path)> is not of a domain of this server")
    }

    /// `550 5.1.1` (RFC 3463 §3.2): at RCPT, so that the sender's own server tells them.
    static func noSuchUser(_ path: ForwardPath) -> Reply {
        Reply(550, .init(5, 1, 1), "<\(path)>: no such user here")
    }

    /// `451 4.3.0`: it cannot be said whose the address is; it is not for us to lose mail over it.
    static let recipientUnknownForNow = Reply(
        451,
        .init(4, 3, 0),
        "The address cannot be looked up now; try again later"
    )

    /// `550 5.7.23` (RFC 7372 §3.2).
    static func spfRefused(_ verdict: SPF.Verdict) -> Reply {
        let address = verdict.request.clientAddress
        var text = "SPF: \(address) may not send for \(verdict.request.domain)"
        if let term = verdict.decidingTerm { text += " (\(term) of \(verdict.decidingDomain))" }
        return Reply(code: 550, enhanced: .init(5, 7, 23), lines: [text] + [verdict.explanation].compactMap(\.self))
    }

    /// `550 5.7.25` (RFC 7372 §3.3), `451 4.7.25` when it may be otherwise later.
    static func reverseNameRefused(_ reverse: ReverseName) -> Reply {
        switch reverse.result {
        case .temperror:
            Reply(451, .init(4, 7, 25), "The name of \(reverse.address) cannot be looked up now; try again later")
        case .permerror:
            Reply(550, .init(5, 7, 25), "\(reverse.address) has no name in DNS (PTR); mail servers need one")
        case .pass, .fail:
            Reply(550, .init(5, 7, 25), "The name of \(reverse.address) in DNS (PTR) does not lead back to it")
        }
    }

    /// `550 5.7.1`, with the list and its own words.
    static func listed(_ address: IPAddress, _ entry: ListScore.Entry) -> Reply {
        let reason = entry.reason.map { ": \($0)" } ?? ""
        return Reply(550, .init(5, 7, 1), "\(address) is listed in \(entry.zone)\(reason)")
    }

    /// `451 4.7.1` (RFC 6647 §5).
    static func greylisted(_ wait: Duration) -> Reply {
        Reply(451, .init(4, 7, 1), "Greylisted: try again in \(max(1, (wait.components.seconds + 59) / 60)) minutes")
    }

    /// `550 5.7.1`: a reader could be shown anybody as the author, and no policy could be looked for.
    static func authorRefused(_ fault: DMARC.AuthorFault) -> Reply {
        Reply(550, .init(5, 7, 1), "\(fault); exactly one author's domain is needed (RFC 5322 section 3.6, RFC 9989)")
    }

    /// `550 5.7.26` and its like (RFC 7372 §3): refused as the author's domain asks.
    static func policyRefused(_ dmarc: DMARC.Verdict, spf: SPF.Verdict?, dkim: DKIM.Results) -> Reply {
        let domain = dmarc.author.domain ?? "the author's domain"
        let policy = dmarc.policyTag.map { "\($0)=\(dmarc.policy?.rawValue ?? "")" } ?? "policy"
        let failed = dkim.verdicts.isEmpty ? "no DKIM signature" : "no aligned DKIM signature that passes"
        let spfText = spf.map { "SPF \($0.result.rawValue) for \($0.request.domain)" } ?? "no SPF"
        // Multiple checks failed (§3.4); where SPF found nothing to check, it was DKIM alone (§3.1).
        let code: EnhancedStatusCode =
            switch spf?.result {
            case .fail, .softfail, .neutral, .pass, .permerror, .temperror: .init(5, 7, 26)
            case .none?, nil: .init(5, 7, 20)
            }
        return Reply(
            code: 550,
            enhanced: code,
            lines: [
                "DMARC: mail from \(domain) is refused, as \(policy) of \(dmarc.policyDomain ?? domain) asks",
                "\(spfText); \(failed)",
            ]
        )
    }

    /// `554 5.4.6`: it was here before and went the same way.
    static let forwardingLoop = Reply(554, .init(5, 4, 6), "Forwarding loop: the message was forwarded here before")

}
