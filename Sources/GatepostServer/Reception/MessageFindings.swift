internal import GatepostModel
internal import MailSyntax
internal import MessageAuthentication

/// All that was found out about one message, and what is said of it.
struct MessageFindings: Sendable {
    var client: ClientFindings?
    var spf: SPF.Verdict?
    var dkim: DKIM.Results
    var arc: ARC.Verdict
    var dmarc: DMARC.Verdict

    /// The field for the programs behind (RFC 8601); nil only for a host name that no field may hold.
    func field(_ hostname: String) -> HeaderField? {
        var results: [AuthenticationResults.Result] = []
        if let reverse = self.client?.reverse { results.append(reverse.authenticationResult) }
        if let helo = self.client?.heloSPF, helo.result != .none { results.append(helo.authenticationResult) }
        if let spf = self.spf { results.append(spf.authenticationResult) }
        results += self.dkim.authenticationResults
        if self.arc.status != .none { results.append(self.arc.authenticationResult) }
        results.append(self.dmarc.authenticationResult)
        return AuthenticationResults(serviceIdentifier: hostname, results: results).field
    }

    /// In one line for the audit trail and the log.
    var summary: String {
        var words: [String] = []
        if let reverse = self.client?.reverse { words.append("iprev=\(reverse.result.rawValue)") }
        if let spf = self.spf { words.append("spf=\(spf.result.rawValue)") }
        words.append("dkim=\(self.dkim.result.rawValue)")
        if self.arc.status != .none { words.append("arc=\(self.arc.status.rawValue)") }
        words.append("dmarc=\(self.dmarc.result.rawValue)")
        if let policy = self.dmarc.policy { words.append("policy=\(policy.rawValue)") }
        return words.joined(separator: " ")
    }

    /// Whether a notification about the message may go to its reverse-path: SPF passed for it, or a signature of its domain did. Anything
    /// less, and it might go to somebody who sent nothing.
    func proves(_ path: ReversePath, alabels: (String) -> String?) -> Bool {
        guard let mailbox = path.mailbox else { return true }
        if let spf = self.spf, spf.result == .pass, spf.request.identity == .mailFrom { return true }
        guard case .name(let name) = mailbox.domain.lowercased,
            let domain = mailbox.domain.isASCII ? name : alabels(name)
        else { return false }
        return self.dkim.passing.contains { verdict in
            guard let signer = verdict.domain, !verdict.isTesting, verdict.unsignedBodyOctets == 0 else { return false }
            // The domain itself, or one above it; never a whole top-level domain.
            return ASCII.equalIgnoringCase(signer, domain)
                || signer.utf8.contains(ASCII.dot) && domain.hasSuffix("." + ASCII.lowercased(signer))
        }
    }
}
