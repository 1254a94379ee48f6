internal import MailSyntax
internal import SASL

/// One login and what is known around it. A value: ``explanation`` is what it comes to.
package struct CaseFile: Sendable {
    /// What came before the login is looked at for so long, and what came after it.
    package static let window = Duration.seconds(86_400)

    package var event: AuthenticationEvent
    /// Other logins of the account in the window, in any order.
    package var ofAccount: [AuthenticationEvent]
    /// Other logins from the address in the window, in any order.
    package var fromAddress: [AuthenticationEvent]
    /// What was done to the account, in any order.
    package var administration: [AdministrationEvent]
    /// Locks of the account and bans of the network, in any order.
    package var locks: [LockoutEvent]
    /// The account's last successes before the login, in any order.
    package var successes: [AuthenticationEvent]
    /// The revoked credential that was tried; nil where it was another one or is not known any more.
    package var former: FormerCredential?

    package init(
        event: AuthenticationEvent,
        ofAccount: [AuthenticationEvent] = [],
        fromAddress: [AuthenticationEvent] = [],
        administration: [AdministrationEvent] = [],
        locks: [LockoutEvent] = [],
        successes: [AuthenticationEvent] = [],
        former: FormerCredential? = nil
    ) {
        self.event = event
        self.ofAccount = ofAccount
        self.fromAddress = fromAddress
        self.administration = administration
        self.locks = locks
        self.successes = successes
        self.former = former
    }

    package var explanation: Explanation {
        let attempt = self.event.attempt
        return Explanation(
            reference: self.event.reference.description,
            time: attempt.time.description,
            result: self.event.reason == nil ? "succeeded" : "refused",
            reason: self.event.reason?.rawValue,
            account: attempt.account,
            loginName: attempt.loginName,
            mechanism: attempt.mechanism.description,
            address: attempt.address?.description,
            listener: attempt.listener,
            tls: attempt.tls,
            clientName: attempt.clientName,
            secret: attempt.secretTag.map(SecretTag.text),
            summary: self.summary,
            cause: self.cause,
            likely: self.likely,
            ruledOut: self.event.reason?.ruledOut ?? [],
            advice: self.advice,
            page: self.event.reason?.page
        )
    }
}

/// A secret's tag as text.
package enum SecretTag {
    /// Four hexadecimal digits.
    package static func text(_ tag: UInt16) -> String {
        let digits = String(tag, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}

// MARK: What the history says

extension CaseFile {
    /// What the failures of the account from this network have in common.
    package enum Pattern: Hashable, Sendable {
        case alone
        /// One secret again and again: a device.
        case sameSecret(attempts: Int)
        /// Many secrets: a guesser, or somebody who tries what it might have been.
        case differentSecrets(attempts: Int, secrets: Int)
        /// The mechanism does not bring the secret.
        case unknownSecrets(attempts: Int)
    }

    /// Refused logins of the account from the same network, this one included.
    var failures: [AuthenticationEvent] {
        let own = self.event
        guard own.reason != nil else { return [] }
        let others = self.ofAccount.filter {
            $0.reason != nil && $0.reference != own.reference && self.isNear($0.attempt)
        }
        return [own] + others
    }

    package var pattern: Pattern {
        let failures = self.failures
        guard failures.count > 1 else { return .alone }
        let tags = failures.compactMap(\.attempt.secretTag)
        guard tags.count * 2 > failures.count else { return .unknownSecrets(attempts: failures.count) }
        let distinct = Set(tags).count
        return distinct == 1
            ? .sameSecret(attempts: failures.count)
            : .differentSecrets(attempts: failures.count, secrets: distinct)
    }

    /// The accounts that the address failed at.
    var accountsTried: Int {
        let names = (self.fromAddress + [self.event]).filter { $0.reason != nil }
            .map { $0.attempt.account ?? $0.attempt.loginName }
            .filter { !$0.isEmpty }
        return Set(names).count
    }

    /// Whether an attempt is of the same network: /24 of IPv4, /64 of IPv6.
    func isNear(_ other: LoginAttempt) -> Bool {
        guard let address = self.event.attempt.address?.unmapped else { return other.address == nil }
        let network = IPNetwork(address: address, prefixLength: address.family == .v4 ? 24 : 64)
        return other.address.map { network?.contains($0) ?? false } ?? false
    }

    /// The last success of the account from this network before the login.
    var lastSuccessHere: Timestamp? {
        self.successes.map(\.attempt)
            .filter { $0.time < self.event.attempt.time && self.isNear($0) }
            .map(\.time).max()
    }

    var lastSuccessAnywhere: Timestamp? {
        self.successes.map(\.attempt.time).filter { $0 < self.event.attempt.time }.max()
    }

    /// The first success of the account from this network after the login.
    var nextSuccessHere: Timestamp? {
        self.ofAccount.filter { $0.reason == nil && self.isNear($0.attempt) }
            .map(\.attempt.time).filter { $0 > self.event.attempt.time }.min()
    }

    /// The last time that something was done to the account before the login.
    ///
    /// - Parameter subject: What it was done to, where that matters.
    func last(_ actions: String..., about subject: String? = nil) -> AdministrationEvent? {
        // An action is announced before it is done; when it then failed, a second record of the same moment says so.
        let failed = Set(self.administration.filter { $0.failure != nil }.map(\.time))
        return self.administration
            .filter { actions.contains($0.action) && !failed.contains($0.time) && $0.time <= self.event.attempt.time }
            .filter { subject == nil || $0.subject == subject }
            .max { $0.time < $1.time }
    }
}

// MARK: In words

extension CaseFile {
    private var summary: String {
        let from = self.event.attempt.address.map { " from \($0)" } ?? " over a local socket"
        let seen = self.seenBefore.map { " (\($0))" } ?? ""
        guard self.event.reason != nil else {
            return "A login that succeeded, with \(self.event.attempt.mechanism)\(from)"
        }
        let times = self.failures.map(\.attempt.time)
        let span = times.max().flatMap { last in times.min().map { Self.span(last - $0) } } ?? ""
        return switch self.pattern {
        case .alone: "1 failure\(from)\(seen)"
        case .sameSecret(let attempts):
            "\(attempts) failures in \(span), all with the same wrong secret,\(from)\(seen)"
        case .differentSecrets(let attempts, let secrets):
            "\(attempts) failures in \(span) with \(secrets) different secrets\(from)\(seen)"
        case .unknownSecrets(let attempts):
            "\(attempts) failures in \(span)\(from)\(seen); \(self.event.attempt.mechanism) does not show whether the secrets differ"
        }
    }

    private var seenBefore: String? {
        guard self.event.attempt.account != nil else { return nil }
        if let success = self.lastSuccessHere {
            return "seen before with this account, last success \(Self.span(self.event.attempt.time - success)) ago"
        }
        if let success = self.lastSuccessAnywhere {
            return "never seen with this account, whose last success from elsewhere was "
                + "\(Self.span(self.event.attempt.time - success)) ago"
        }
        return self.event.reason == .unknownAccount ? nil : "no success of this account is known"
    }

    private var cause: String {
        guard let reason = self.event.reason else { return "the credentials were right" }
        switch reason {
        case .oldPassword where self.former?.kind == .appPassword:
            let name = self.former?.name ?? ""
            let revocation = self.last("app-password revoke", about: name)
            let time = (revocation?.time ?? self.former?.retired).map { " on \(Self.date($0))" } ?? ""
            return "this is the app password '\(name)', which was revoked\(time)"
                + (revocation.map { " by \($0.actor)" } ?? "")
        case .wrongPassword, .oldPassword, .mechanismRefused:
            if let change = self.last("account password") {
                return "\(reason.meaning); it was changed on \(Self.date(change.time)) by \(change.actor)"
            }
        case .disabled:
            if let change = self.last("account disable") {
                return "\(reason.meaning) since \(Self.date(change.time)), by \(change.actor)"
            }
        case .unknownAccount:
            if let change = self.last("account remove", "account erase") {
                return "the account was removed on \(Self.date(change.time)) by \(change.actor)"
            }
            return "\(reason.meaning)\(self.formTried)"
        case .noDomain, .domainNotHosted: return "\(reason.meaning)\(self.formTried)"
        case .locked:
            if let lock = self.locks.filter({ $0.time <= self.event.attempt.time }).max(by: { $0.time < $1.time }) {
                let secrets = lock.distinctSecrets.map { "\($0) different wrong secrets" } ?? "too many wrong secrets"
                let until = lock.until.map { "; until \($0)" } ?? ""
                return "\(secrets) came from \(lock.network.map { "\($0)" } ?? "everywhere")\(until)"
            }
        default: break
        }
        return reason.meaning
    }

    /// Which of the forms of a login name was tried.
    private var formTried: String {
        let name = self.event.attempt.loginName
        if name.isEmpty { return " (the client gave no name)" }
        if !name.utf8.contains(ASCII.at) {
            return self.event.attempt.account.map { " (bare name, completed to \($0))" } ?? " (bare name)"
        }
        let account = self.event.attempt.account
        return account == nil || account == name ? " (full address)" : " (full address, read as \(account ?? name))"
    }

    private var likely: String? {
        let client = self.event.attempt.clientName.map { " (client says EHLO \"\($0)\")" } ?? ""
        guard let reason = self.event.reason else { return nil }
        let isSecret = [.wrongPassword, .oldPassword, .expired, .locked].contains(reason)
        if self.accountsTried >= 3 {
            return "somebody tries names and passwords: \(self.accountsTried) accounts from this address"
        }
        if let success = self.nextSuccessHere {
            return "a slip: the same network logged in \(Self.span(success - self.event.attempt.time)) later"
        }
        if reason == .oldPassword, let former = self.former, former.kind == .appPassword {
            return "what it was made for still uses it, or somebody who found that\(client)"
        }
        switch self.pattern {
        case .sameSecret(let attempts) where isSecret && attempts >= 3:
            return self.lastSuccessHere == nil
                ? "a program that was set up with a wrong password\(client)"
                : "a phone or program still holds the old password\(client)"
        case .differentSecrets(_, let secrets) where isSecret && secrets >= 4:
            return self.lastSuccessHere == nil
                ? "somebody guesses the password\(client)"
                : "the owner does not remember the password, or somebody behind the same address guesses\(client)"
        case .unknownSecrets(let attempts) where isSecret && attempts >= 3:
            return self.lastSuccessHere == nil
                ? "a program with a wrong password, or somebody who guesses\(client)"
                : "a phone or program still holds the old password\(client)"
        default: break
        }
        return switch reason {
        case .oldPassword: "a phone or program still holds the old password\(client)"
        case .channelBinding: "a virus scanner, proxy or load balancer ends TLS on the way\(client)"
        case .clockSkew: "the client's clock, or this host's, is wrong\(client)"
        case .tokenExpired: "the client did not renew its token\(client)"
        case .latin1: "an old program that knows no UTF-8\(client)"
        case .malformed, .cancelled: "a faulty program, or a scanner\(client)"
        case .tlsRequired: "a program that is set to use no encryption\(client)"
        default: nil
        }
    }

    /// `20 min`, `3 days`: one number, rounded down.
    static func span(_ duration: Duration) -> String {
        let seconds = max(0, duration.wholeMilliseconds / 1000)
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) days"
        }
    }

    /// Day and minute in UTC.
    static func date(_ moment: Timestamp) -> String {
        let text = moment.description
        guard text.utf8.count == 24 else { return text }
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5)) UTC"
    }
}
