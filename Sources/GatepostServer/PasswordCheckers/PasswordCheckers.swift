internal import GatepostModel
package import SASL

/// The other password stores in the order of the configuration.
package struct PasswordCheckers: Sendable {
    package struct Entry: Sendable {
        package var checker: any PasswordChecker
        /// Lower case; empty: every domain.
        package var domains: Set<String>
        package var createsAccounts: Bool

        package init(_ checker: any PasswordChecker, domains: Set<String> = [], createsAccounts: Bool = false) {
            self.checker = checker
            self.domains = domains
            self.createsAccounts = createsAccounts
        }

        func answers(for domain: String) -> Bool { self.domains.isEmpty || self.domains.contains(domain) }
    }

    /// What they said together.
    package struct Answer: Sendable {
        package var verdict: PasswordVerdict
        /// Who said so.
        package var checker: String
        package var createsAccounts: Bool
    }

    private let entries: [Entry]

    package init(_ entries: [Entry]) {
        self.entries = entries
    }

    /// The parts of an address that a checker answers for; nil where none does.
    func parts(of address: String) -> (localPart: String, domain: String)? {
        guard let at = address.utf8.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        let (localPart, domain) = (String(address[..<at]), String(address[at...].dropFirst()))
        guard !localPart.isEmpty, self.entries.contains(where: { $0.answers(for: domain) }) else { return nil }
        return (localPart, domain)
    }

    /// Asks one after the other until one knows the password to be right.
    ///
    /// A store that cannot be asked does not stand in the way of the next; but when none accepts, it might have been the one that would.
    ///
    /// - Throws: ``PasswordCheckerUnreachable``, ``HashingPool/Busy``.
    func answer(to login: PasswordLogin) async throws -> Answer {
        var answer = Answer(verdict: .unknown, checker: "", createsAccounts: false)
        // In LDAP an empty password asks for an anonymous bind, which succeeds (RFC 4513 §5.1.2); in C a NUL ends the text.
        guard !login.password.isEmpty, !login.password.withUnsafeBytes({ $0.contains(0) }),
            !login.localPart.utf8.contains(0)
        else { return answer }
        var failure: (any Error)?
        for entry in self.entries where entry.answers(for: login.domain) {
            do {
                let verdict = try await entry.checker.verdict(on: login)
                switch verdict {
                case .accepted, .expired, .disabled:
                    return Answer(
                        verdict: verdict,
                        checker: entry.checker.name,
                        createsAccounts: entry.createsAccounts
                    )
                case .wrong:
                    answer.verdict = .wrong
                    answer.checker = entry.checker.name
                case .unknown:
                    if answer.verdict == .unknown { answer.checker = entry.checker.name }
                }
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return answer
    }

    package func shutdown() async throws {
        for entry in self.entries { try await entry.checker.shutdown() }
    }
}
