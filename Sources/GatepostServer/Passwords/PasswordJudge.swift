package import GatepostModel
package import SASL

/// Judges new passwords by the configured policy.
package struct PasswordJudge: Sendable {
    package let policy: PasswordPolicy
    private let hostname: String
    private let breached: BreachedPasswordFile?

    /// - Throws: `BreachedPasswordFile.Failure` when the configured list cannot be used.
    package init(_ policy: PasswordPolicy, hostname: String) throws(BreachedPasswordFile.Failure) {
        self.policy = policy
        self.hostname = hostname
        if let path = policy.breachedPasswords {
            self.breached = try BreachedPasswordFile(path: path)
        } else {
            self.breached = nil
        }
    }

    /// By the configuration of this host.
    package init(_ configuration: Configuration) throws(BreachedPasswordFile.Failure) {
        try self.init(configuration.authentication.passwordPolicy, hostname: configuration.hostname)
    }

    /// The rules that a password breaks for this account; an empty list where it is good.
    ///
    /// - Parameter address: The account's.
    /// - Throws: `BreachedPasswordFile.Failure` when the list cannot be read.
    package func faults(
        of password: Secret,
        for address: String
    ) throws(BreachedPasswordFile.Failure) -> [PasswordPolicy.Fault] {
        self.policy.faults(
            of: String(decoding: password.octets, as: UTF8.self),
            context: address.split(separator: "@").map(String.init) + [address, self.hostname],
            isBreached: try self.breached?.contains(password) ?? false
        )
    }
}
