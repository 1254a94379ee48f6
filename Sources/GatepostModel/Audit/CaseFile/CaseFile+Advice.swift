internal import MailSyntax
internal import SASL

extension CaseFile {
    /// What to do next: commands that can be pasted, or a sentence where no command helps.
    var advice: [String] {
        guard let reason = self.event.reason else { return [] }
        // What a stranger typed is not pasted into a shell.
        let account = self.event.attempt.account.flatMap { Self.isPlain($0) ? $0 : nil } ?? "ADDRESS"
        let client = self.event.attempt.clientName.flatMap { Self.isPlain($0) ? $0 : nil } ?? "phone"
        let appPassword = "gatepost app-password add \(account) --name \(client)"
        switch reason {
        case .unknownAccount:
            return ["gatepost account list", "gatepost account add \(account)"]
        case .noDomain:
            return [
                "log in with the full address, or set authentication.defaultDomain", "gatepost domain list",
            ]
        case .domainNotHosted:
            let domain = account.split(separator: "@").last.map(String.init) ?? "DOMAIN"
            return ["gatepost domain list", "gatepost domain add \(domain == "ADDRESS" ? "DOMAIN" : domain)"]
        case .oldPassword where self.former?.kind == .appPassword:
            return ["gatepost app-password list \(account)", appPassword]
        case .wrongPassword, .oldPassword:
            if case .differentSecrets(_, let secrets) = self.pattern, secrets >= 4, self.lastSuccessHere == nil {
                return ["gatepost lock list", "gatepost audit list --account \(account)"]
            }
            if self.accountsTried >= 3 {
                return [
                    "gatepost audit list --address \(self.event.attempt.address?.description ?? "ADDRESS")",
                    "put the network into networks.deny",
                ]
            }
            return [appPassword, "gatepost account password \(account)"]
        case .locked: return ["gatepost lock list", "gatepost account unlock \(account)"]
        case .disabled: return ["gatepost account enable \(account)"]
        case .expired: return ["gatepost app-password list \(account)", appPassword]
        case .needsAppPassword: return [appPassword]
        case .passwordChange: return ["gatepost account password \(account)"]
        case .addressRefused:
            return [
                "gatepost app-password list \(account)", "gatepost config show (networks.deny)",
            ]
        case .mechanismRefused:
            return self.mechanismAdvice(account)
        case .tlsRequired: return ["set the program to STARTTLS on port 587, or to TLS on port 465"]
        case .channelBinding:
            return ["turn off TLS inspection on the way, or choose a mechanism without -PLUS in the program"]
        case .notAuthorized:
            return ["leave the program's authorization identity empty", "gatepost account show \(account)"]
        case .certificateUnknown:
            return [
                "openssl x509 -in client.pem -noout -subject -ext subjectAltName",
                "gatepost config show (tls.clientAuthorities)",
            ]
        case .tokenExpired: return ["sign in to the program again, so that it gets a new token"]
        case .tokenAudience, .tokenIssuer, .tokenScope, .tokenSignature, .tokenRefused:
            return ["gatepost config show (authentication.oauth)"]
        case .clockSkew: return ["timedatectl (here and on the client)"]
        case .kerberosFailed:
            return [
                "klist -k FILE (the keytab of authentication.kerberos): it must hold smtp/HOSTNAME in the ticket's version",
                "kinit, and try again: an old ticket may be from before the keytab was changed",
            ]
        case .kerberosPrincipal: return ["gatepost config show (authentication.kerberos)", "gatepost account list"]
        case .latin1: return ["a password of ASCII letters and digits: gatepost account password \(account)"]
        case .sandbox: return ["gatepost account show \(account)", "log in at Gatepost's own ports"]
        case .malformed, .cancelled:
            return [
                "gatepost audit list --address \(self.event.attempt.address?.description ?? "ADDRESS")"
            ]
        case .backendDown: return ["gatepost status", "the server's log says which part failed"]
        case .tooMany: return ["gatepost audit list --account \(account)", "gatepost lock list"]
        }
    }

    private func mechanismAdvice(_ account: String) -> [String] {
        let name = self.event.attempt.mechanism.description
        let show = "gatepost account show \(account)"
        switch name {
        case "CRAM-MD5", "DIGEST-MD5", "NTLM":
            return [
                show,
                "gatepost account password \(account) --legacy \(name.lowercased()), or choose PLAIN over TLS in the program",
            ]
        default:
            return [show, "gatepost account password \(account): a new password makes keys for every mechanism"]
        }
    }

    /// Whether a text can stand in a command line as it is.
    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.first != "-"
            && text.utf8.allSatisfy {
                ASCII.isDigit($0) || (0x61...0x7a).contains($0 | 0x20) || [0x2E, 0x2D, 0x5F, 0x40, 0x2B].contains($0)
            }
    }
}
