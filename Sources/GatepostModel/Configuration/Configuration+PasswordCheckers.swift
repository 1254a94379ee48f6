package import SASL

extension Configuration {
    /// Another store of passwords, asked about PLAIN and LOGIN of accounts that have no password of their own.
    package struct PasswordChecker: Sendable, Hashable {
        package enum Kind: Sendable, Hashable {
            case pam(PAM)
            case ldap(LDAP)
            case dovecot(Dovecot)
        }

        /// What the store calls somebody.
        package enum LoginName: String, Sendable, Hashable, CaseIterable {
            /// What stands before the `@`.
            case localPart
            case address
        }

        package var kind: Kind
        /// Whose addresses it answers for, in lower case; empty: all.
        package var domains: [String]
        /// Whether an address of a local domain that it accepts becomes an account at its first login.
        package var createsAccounts: Bool
        /// How long one question may take.
        package var timeout: Duration

        package init(
            kind: Kind,
            domains: [String] = [],
            createsAccounts: Bool = false,
            timeout: Duration = .seconds(10)
        ) {
            self.kind = kind
            self.domains = domains
            self.createsAccounts = createsAccounts
            self.timeout = timeout
        }
    }

    /// Pluggable Authentication Modules of this host.
    package struct PAM: Sendable, Hashable {
        /// The name of the file that says which modules are asked.
        package var service: String
        /// Where that file is; nil: the system's `/etc/pam.d`.
        package var directory: String?
        package var name: PasswordChecker.LoginName

        package init(service: String, directory: String? = nil, name: PasswordChecker.LoginName = .localPart) {
            self.service = service
            self.directory = directory
            self.name = name
        }
    }

    /// A directory that is asked by binding as the user (RFC 4513 §5.1.3).
    package struct LDAP: Sendable, Hashable {
        /// How the user's entry is found.
        package enum Lookup: Sendable, Hashable {
            /// Its name follows from the address.
            case template(LDAPTemplate)
            case search(Search)
        }

        package struct Search: Sendable, Hashable {
            package enum Scope: String, Sendable, Hashable, CaseIterable {
                case base
                case one
                case sub
            }

            package var base: String
            package var scope: Scope
            package var filter: LDAPTemplate
            /// Whom to search as; nil: anonymously.
            package var bindName: String?
            package var bindPassword: Secret?

            package init(
                base: String,
                scope: Scope = .sub,
                filter: LDAPTemplate,
                bindName: String? = nil,
                bindPassword: Secret? = nil
            ) {
                self.base = base
                self.scope = scope
                self.filter = filter
                self.bindName = bindName
                self.bindPassword = bindPassword
            }

            package static func == (one: Search, other: Search) -> Bool {
                one.base == other.base && one.scope == other.scope && one.filter == other.filter
                    && one.bindName == other.bindName && one.bindPassword == other.bindPassword
            }

            package func hash(into hasher: inout Hasher) {
                // Secrets have no hash; equal values still hash alike.
                hasher.combine(self.base)
                hasher.combine(self.filter)
                hasher.combine(self.bindName)
            }
        }

        /// `ldaps://`, `ldap://` or `ldapi://` (RFC 4516, only host and port).
        package var url: String
        package var startsTLS: Bool
        /// PEM file of the authorities that may have signed the directory's certificate; nil: the system's.
        package var authorities: String?
        package var lookup: Lookup

        package init(url: String, startsTLS: Bool = false, authorities: String? = nil, lookup: Lookup) {
            self.url = url
            self.startsTLS = startsTLS
            self.authorities = authorities
            self.lookup = lookup
        }
    }

    /// A Dovecot, asked over its authentication socket.
    package struct Dovecot: Sendable, Hashable {
        /// The absolute path of the Unix socket.
        package var socket: String
        package var name: PasswordChecker.LoginName

        package init(socket: String, name: PasswordChecker.LoginName = .address) {
            self.socket = socket
            self.name = name
        }
    }
}
