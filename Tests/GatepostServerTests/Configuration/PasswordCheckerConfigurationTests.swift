import GatepostModel
import SASL
import Testing

@testable import GatepostServer

#if PAM && LDAP
@Suite("Configuration of password checkers")
struct PasswordCheckerConfigurationTests {
    private func load(_ checkers: String, mechanisms: String = "[PLAIN, LOGIN]") throws -> LoadedConfiguration {
        try ConfigurationLoader.load(
            text: """
                hostname: mail.example.org
                tls: { certificate: c.pem, key: k.pem }
                authentication:
                  mechanisms: \(mechanisms)
                  passwordCheckers: \(checkers)

                """,
            name: "c.yaml",
            file: "/etc/gatepost/c.yaml",
            environment: ["SECRET": "hidden"],
            checkingCertificate: false
        )
    }

    @Test("everything that can be said is read")
    func all() throws {
        let loaded = try self.load(
            """

                - pam: { service: gatepost, directory: pam.d, name: address }
                  domains: [Example.org, example.net]
                  createAccounts: true
                  timeout: 30s
                - ldap:
                    url: ldap://ldap.example.org
                    starttls: true
                    base: dc=example,dc=org
                    scope: one
                    filter: (mail=%s)
                    bindDN: cn=gatepost,dc=example,dc=org
                    bindPassword: env:SECRET
                - ldap: { url: "ldapi://%2Frun%2Fldapi", userDN: "uid=%u,dc=example,dc=org" }
                - dovecot: { socket: /run/dovecot/auth-client, name: localPart }
            """
        )
        let checkers = loaded.configuration.authentication.passwordCheckers
        #expect(
            checkers == [
                Configuration.PasswordChecker(
                    kind: .pam(
                        Configuration.PAM(service: "gatepost", directory: "/etc/gatepost/pam.d", name: .address)
                    ),
                    domains: ["example.org", "example.net"],
                    createsAccounts: true,
                    timeout: .seconds(30)
                ),
                Configuration.PasswordChecker(
                    kind: .ldap(
                        Configuration.LDAP(
                            url: "ldap://ldap.example.org",
                            startsTLS: true,
                            lookup: .search(
                                Configuration.LDAP.Search(
                                    base: "dc=example,dc=org",
                                    scope: .one,
                                    filter: try #require(LDAPTemplate("(mail=%s)", .filter)),
                                    bindName: "cn=gatepost,dc=example,dc=org",
                                    bindPassword: Secret("hidden")
                                )
                            )
                        )
                    )
                ),
                Configuration.PasswordChecker(
                    kind: .ldap(
                        Configuration.LDAP(
                            url: "ldapi://%2Frun%2Fldapi",
                            lookup: .template(
                                try #require(LDAPTemplate("uid=%u,dc=example,dc=org", .distinguishedName))
                            )
                        )
                    )
                ),
                Configuration.PasswordChecker(
                    kind: .dovecot(Configuration.Dovecot(socket: "/run/dovecot/auth-client", name: .localPart))
                ),
            ]
        )
        #expect(!loaded.settings.contains { $0.value.contains("hidden") })
    }

    @Test("SCRAM beside a checker draws a warning, and so does a service that PAM has not")
    func warnings() throws {
        let loaded = try self.load(
            "[ { pam: { service: no-such-service } } ]",
            mechanisms: "[SCRAM-SHA-256, PLAIN]"
        )
        #expect(loaded.warnings.contains { $0.problem.contains("cannot use SCRAM") })
        #expect(loaded.warnings.contains { $0.problem.hasPrefix("there is no /etc/pam.d/no-such-service") })
    }

    @Test(
        "what cannot work is told",
        arguments: [
            ("[ {} ]", "[0]: must have one of pam, ldap and dovecot"),
            ("[ { pam: { service: a }, dovecot: { socket: /s } } ]", "[0]: must have one of pam, ldap and dovecot"),
            ("[ { pam: {} } ]", "[0].pam.service: is required"),
            ("[ { pam: { service: ../x } } ]", "[0].pam.service: must be a file name"),
            ("[ { pam: { service: a, name: user } } ]", "[0].pam.name: must be localPart or address, not 'user'"),
            ("[ { pam: { service: a }, timeout: 1h } ]", "[0].timeout: must be from 1s to"),
            ("[ { pam: { service: a }, domain: [b] } ]", "[0].domain: unknown; did you mean 'domains'"),
            ("[ { dovecot: {} } ]", "[0].dovecot.socket: is required"),
            ("[ { ldap: { url: \"ldaps://l\" } } ]", "[0].ldap: needs userDN, or base and filter"),
            ("[ { ldap: { url: \"ldaps://l\", base: b } } ]", "[0].ldap.filter: is required"),
            ("[ { ldap: { url: \"ldaps://l\", base: b, filter: \"(mail=*)\" } } ]", "[0].ldap.filter: must hold %s"),
            ("[ { ldap: { url: \"ldaps://l\", userDN: \"uid=%u\", base: b } } ]", "[0].ldap.base: is for a search"),
            (
                "[ { ldap: { url: \"ldaps://l\", base: b, filter: \"(mail=%s)\", bindDN: c } } ]",
                "[0].ldap.bindPassword: is required"
            ),
            (
                "[ { ldap: { url: \"http://l\", userDN: \"uid=%u\" } } ]",
                "[0].ldap.url: must be an ldaps, ldap or ldapi URL"
            ),
            (
                "[ { ldap: { url: \"ldaps://l\", starttls: true, userDN: \"uid=%u\" } } ]",
                "[0].ldap.starttls: is for ldap://"
            ),
            (
                "[ { ldap: { url: \"ldaps://l\", authorities: no.pem, userDN: \"uid=%u\" } } ]",
                "[0].ldap.authorities: there is no"
            ),
            (
                "[ { ldap: { url: \"ldap://ldap.example.org\", userDN: \"uid=%u\" } } ]",
                "[0].ldap.url: would send passwords"
            ),
            ("[ { ldap: { url: \"ldap://127.0.0.1.example.org\", userDN: \"uid=%u\" } } ]", "[0].ldap.url: would send"),
            ("[ { ldap: { url: \"ldap://localhost.example.org\", userDN: \"uid=%u\" } } ]", "[0].ldap.url: would send"),
            ("[ { ldap: { url: \"ldap://127.0.0.1 ldap://other\", userDN: \"uid=%u\" } } ]", "[0].ldap.url: must be"),
        ]
    )
    func faults(checkers: String, expected: String) {
        do {
            _ = try self.load(checkers)
            Issue.record("no fault in \(checkers)")
        } catch {
            #expect("\(error)".contains("authentication.passwordCheckers\(expected)"), "\(error)")
        }
    }

    @Test(
        "passwords may go in the clear to this host",
        arguments: [
            "url: \"ldap://127.0.0.1\"", "url: \"ldap://127.0.0.1:3890/\"", "url: \"ldap://localhost\"",
            "url: \"ldap://[::1]:389\"", "url: \"ldap://[::1]\"", "url: \"ldap://[::1]\", cleartext: true",
            "url: \"ldaps://ldap.example.org\", cleartext: true",
            "url: \"ldap://ldap.example.org\", starttls: true, cleartext: true",
        ]
    )
    func clearText(setting: String) throws {
        #expect(try self.load("[ { ldap: { \(setting), userDN: \"uid=%u\" } } ]").warnings.isEmpty)
    }

    @Test(
        "passwords go in the clear to another host where somebody says so, and both the check and each start say it too"
    )
    func clearTextElsewhere() throws {
        let loaded = try self.load(
            "[ { ldap: { url: \"ldap://ldap.example.org\", cleartext: true, userDN: \"uid=%u\" } } ]"
        )
        let path = "authentication.passwordCheckers[0].ldap.cleartext"
        #expect(loaded.warnings.map(\.key) == [path])
        let capture = LogCapture()
        GatepostService(configuration: loaded.configuration, logger: capture.logger).sayWhatIsInsecure()
        #expect(capture.lines.contains { $0.contains("ldap://ldap.example.org") })
    }

    @Test("a C library that is missing is told before the server starts")
    func libraries() throws {
        let text = "authentication:\n  passwordCheckers:\n    - dovecot: {}\n    - pam: {}\n    - ldap: {}\n"
        var reader = ConfigurationReader(
            root: try ConfigurationNode.parse(text, file: "c.yaml"),
            directory: "/",
            environment: [:]
        )
        reader.checkLibraries()
        #expect(reader.faults.isEmpty, "both are installed where the tests run")
        reader.checkLibraries { kind in
            if kind != "dovecot" { throw SharedLibrary.Missing(description: "lib\(kind).so cannot be loaded") }
        }
        #expect(
            reader.faults.map(\.key) == [
                "authentication.passwordCheckers[1].pam", "authentication.passwordCheckers[2].ldap",
            ]
        )
        #expect(reader.faults.first.map { "\($0)" }?.hasPrefix("c.yaml:4:") == true)
    }

    @Test("a checker without PLAIN and LOGIN would never be asked")
    func noMechanism() {
        #expect(throws: ConfigurationFaults.self) {
            try self.load("[ { dovecot: { socket: /s } } ]", mechanisms: "[SCRAM-SHA-256]")
        }
    }
}
#endif
