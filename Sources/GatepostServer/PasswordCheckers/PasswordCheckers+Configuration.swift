package import GatepostModel
package import Logging
package import NIOCore

extension PasswordCheckers {
    /// What the configuration asks for; nil where it asks for none.
    ///
    /// - Throws: `SharedLibrary.Missing` where a C library is not installed.
    package static func make(
        _ configurations: [Configuration.PasswordChecker],
        group: any EventLoopGroup,
        logger: Logger
    ) throws -> PasswordCheckers? {
        guard !configurations.isEmpty else { return nil }
        return PasswordCheckers(
            try configurations.map { configuration in
                Entry(
                    try PasswordCheckers.checker(configuration, group: group, logger: logger),
                    domains: Set(configuration.domains),
                    createsAccounts: configuration.createsAccounts
                )
            }
        )
    }

    private static func checker(
        _ configuration: Configuration.PasswordChecker,
        group: any EventLoopGroup,
        logger: Logger
    ) throws -> any PasswordChecker {
        switch configuration.kind {
        case .pam(let pam):
            #if PAM
            return try PAMPasswordChecker(pam, timeout: configuration.timeout)
            #else
            throw SharedLibrary.Missing(description: "\(pam.service): built without the trait PAM")
            #endif
        case .ldap(let ldap):
            #if LDAP
            return try LDAPPasswordChecker(ldap, timeout: configuration.timeout, logger: logger)
            #else
            throw SharedLibrary.Missing(description: "\(ldap.url): built without the trait LDAP")
            #endif
        case .dovecot(let dovecot):
            return DovecotPasswordChecker(dovecot, timeout: configuration.timeout, group: group)
        }
    }
}
