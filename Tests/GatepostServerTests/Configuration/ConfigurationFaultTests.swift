import GatepostServer
import Testing

/// What a configuration says, and what is to be said about it.
struct FaultCase: Sendable, CustomTestStringConvertible {
    var name: String
    var yaml: String
    var environment: [String: String] = [:]
    /// Every line, in order.
    var faults: String

    var testDescription: String { self.name }

    static let all: [FaultCase] = [
        FaultCase(
            name: "a misspelt key",
            yaml: "hostnam: mail.example.org\n",
            faults: "c.yaml:1:1: error: key hostnam: unknown; did you mean 'hostname'?"
        ),
        FaultCase(
            name: "a misspelt nested key",
            yaml: "hostname: a.example\nsubmission:\n  maximumMesageSize: 1MiB\n",
            faults: "c.yaml:3:3: error: key submission.maximumMesageSize: unknown; did you mean 'maximumMessageSize'?"
        ),
        FaultCase(
            name: "a key of another section",
            yaml: "hostname: a.example\nmaximumRecipients: 5\n",
            faults: "c.yaml:2:1: error: key maximumRecipients: unknown; did you mean 'submission.maximumRecipients'?"
        ),
        FaultCase(
            name: "a key that is like no other",
            yaml: "hostname: a.example\nzzzzzz: 1\n",
            faults: "c.yaml:2:1: error: key zzzzzz: unknown"
        ),
        FaultCase(
            name: "a key twice",
            yaml: "hostname: a.example\ndata: x\nhostname: b.example\n",
            faults: "c.yaml:1:1: error: key hostname: is there twice in one mapping"
        ),
        FaultCase(
            name: "wrong types",
            yaml: """
                hostname: [a, b]
                listeners: 587
                dns: { servers: 127.0.0.1, dnssec: on }
                submission: { maximumRecipients: many, maximumMessageSize: big }
                authentication: { cache: 5 }
                delivery: yes
                """,
            faults: """
                c.yaml:1:11: error: key hostname: must be one value, not a list
                c.yaml:2:12: error: key listeners: must be a list of mappings, not text
                c.yaml:3:17: error: key dns.servers: must be a list, such as [127.0.0.1]
                c.yaml:3:36: error: key dns.dnssec: must be true or false, not 'on'; did you mean 'true'?
                c.yaml:4:34: error: key submission.maximumRecipients: must be a whole number, not 'many'
                c.yaml:4:60: error: key submission.maximumMessageSize: must be a number of octets such as 50MiB, not 'big'
                c.yaml:5:26: error: key authentication.cache: must be a duration such as 30s, 5m, 4h or 5d, not '5'; did you mean '5s'?
                c.yaml:6:11: error: key delivery: must be a mapping with route, relay, local, retry, port, connections, connectionsPerDestination, not text
                """
        ),
        FaultCase(
            name: "impossible values",
            yaml: """
                hostname: 192.0.2.1
                listeners:
                  - { address: "0.0.0.0:70000" }
                  - { address: "127.0.0.1:587", tls: startls }
                  - { address: "127.0.0.1:587" }
                networks: { deny: [192.0.2.0/40] }
                delivery: { route: rely, port: 0, retry: { first: 5h } }
                log: { level: warn }
                """,
            faults: """
                c.yaml:1:11: error: key hostname: must be a name, not the address 192.0.2.1
                c.yaml:3:16: error: key listeners[0].address: must be an IP address and port such as 0.0.0.0:587 or [::]:587, not '0.0.0.0:70000'
                c.yaml:4:38: error: key listeners[1].tls: must be starttls, implicit or none, not 'startls'; did you mean 'starttls'?
                c.yaml:5:16: error: key listeners[2].address: 127.0.0.1:587 is there twice
                c.yaml:6:20: error: key networks.deny[0]: must be an address or network such as 192.0.2.0/24 or 2001:db8::/32, not '192.0.2.0/40'
                c.yaml:7:20: error: key delivery.route: must be mx, relay or hold, not 'rely'; did you mean 'relay'?
                c.yaml:7:32: error: key delivery.port: must be from 1 to 65535, not 0
                c.yaml:7:42: error: key delivery.retry.maximum: must not be shorter than first
                c.yaml:8:15: error: key log.level: must be trace, debug, info, notice, warning, error or critical, not 'warn'
                """
        ),
        FaultCase(
            name: "what a later version does",
            yaml: """
                hostname: a.example
                tls: { certificate: c.pem, key: k.pem }
                storage: postgresql://u@h/db
                listeners:
                  - { service: admin, address: "127.0.0.1:8025" }
                authentication:
                  mechanisms: [GS2-KRB5, PLAIN]
                  ntlmV1: false
                """,
            faults: """
                c.yaml:3:10: error: key storage: PostgreSQL is not in this version yet: use sqlite
                c.yaml:5:16: error: key listeners[0].service: 'admin' is not in this version yet: remove this listener
                c.yaml:7:16: error: key authentication.mechanisms[0]: GS2-KRB5 is not in this version yet: remove it
                """
        ),
        FaultCase(
            name: "reception that makes no sense",
            yaml: """
                hostname: a.example
                tls: { certificate: c.pem, key: k.pem }
                listeners:
                  - { service: reception, address: "0.0.0.0:25", tls: implicit, clients: [10.0.0.1] }
                reception:
                  subaddressing: "@"
                  dmarc: { reject: refuse, invalidForm: accept }
                  dnsLists: [{ weight: 2 }, { zone: "a..b" }, { zone: bl.example, weight: 0 }]
                  dnsListReject: 5
                  dnsListQuarantine: 5
                  greylisting: { delay: 2h, window: 1h }
                """,
            faults: """
                c.yaml:4:55: error: key listeners[0].tls: must be starttls or none: other servers do not begin with TLS
                c.yaml:4:74: error: key listeners[0].clients: is for devices only: service: device
                c.yaml:6:18: error: key reception.subaddressing: must be one or two of + - _ = # ~, or none, not '@'
                c.yaml:7:20: error: key reception.dmarc.reject: must be reject, quarantine or accept, not 'refuse'
                c.yaml:7:28: error: key reception.dmarc.invalidForm: unknown; did you mean 'invalidFrom'?
                c.yaml:8:14: error: key reception.dnsLists[0].zone: is required: the domain of the list, such as zen.example.org
                c.yaml:8:37: error: key reception.dnsLists[1].zone: must be a domain name such as zen.example.org, not 'a..b'
                c.yaml:8:75: error: key reception.dnsLists[2].weight: must not be 0: such a list changes nothing
                c.yaml:10:22: error: key reception.dnsListQuarantine: must be less than dnsListReject, 5
                c.yaml:11:37: error: key reception.greylisting.window: must be longer than the delay: nobody could come back in time
                """
        ),
        FaultCase(
            name: "sending limits that make no sense",
            yaml: """
                hostname: a.example
                tls: { certificate: c.pem, key: k.pem }
                postmaster: nobody
                submission:
                  limits: { messagesPerDay: 0, sessions: many, action: drop, newNetworkAge: 1s, messagePerHour: 3 }
                """,
            faults: """
                c.yaml:3:13: error: key postmaster: must be a mail address, not 'nobody'
                c.yaml:5:29: error: key submission.limits.messagesPerDay: must be from 1 to 1000000000, not 0
                c.yaml:5:42: error: key submission.limits.sessions: must be a whole number, not 'many'
                c.yaml:5:56: error: key submission.limits.action: must be hold or refuse, not 'drop'
                c.yaml:5:77: error: key submission.limits.newNetworkAge: must be from 1h to 90d, not 1s
                c.yaml:5:81: error: key submission.limits.messagePerHour: unknown; did you mean 'messagesPerHour'?
                """
        ),
        FaultCase(
            name: "GSSAPI without keys",
            yaml: "hostname: a.example\nauthentication: { mechanisms: [GSSAPI, PLAIN] }\n",
            faults:
                "c.yaml:2:31: error: key authentication.mechanisms: GSSAPI needs authentication.kerberos: { keytab: smtp.keytab, realm: EXAMPLE.ORG }"
        ),
        FaultCase(
            name: "keys without a realm, and a principal without one",
            yaml: """
                hostname: a.example
                authentication:
                  kerberos:
                    keytab: smtp.keytab
                    principals: [{ principal: host/x, account: x@a.example }]
                delivery:
                  route: relay
                  relay: { host: b.example, mechanism: PLAIN, keytab: relay.keytab }
                """,
            faults: """
                c.yaml:4:5: error: key authentication.kerberos.realm: is required: the realm whose principals are accounts, such as EXAMPLE.ORG
                c.yaml:8:55: error: key delivery.relay.keytab: needs mechanism: GSSAPI
                """
        ),
        FaultCase(
            name: "a key table that is not there",
            yaml: """
                hostname: a.example
                authentication:
                  kerberos: { keytab: smtp.keytab, realm: A.EXAMPLE, principals: [{ principal: host/x, account: x }] }
                """,
            faults: """
                c.yaml:3:23: error: key authentication.kerberos.keytab: cannot read /DIR/smtp.keytab: No such file or directory: see docs/operation.md
                c.yaml:3:80: error: key authentication.kerberos.principals[0].principal: must have its realm: host/x@EXAMPLE.ORG
                """
        ),
        FaultCase(
            name: "passwords without TLS where others can listen",
            yaml: "hostname: a.example\nauthentication: { cleartextWithoutTLS: true }\n",
            faults:
                "c.yaml:2:40: error: key authentication.cleartextWithoutTLS: needs every listener without implicit TLS on a loopback address, and 0.0.0.0:587 is not"
        ),
        FaultCase(
            name: "a relay's password without TLS",
            yaml: """
                hostname: a.example
                delivery:
                  route: relay
                  relay: { host: smtp.example.net, tls: opportunistic, user: u, password: p }
                """,
            faults: "c.yaml:4:41: error: key delivery.relay.tls: must be required or implicit when user is set"
        ),
        FaultCase(
            name: "a relay's token and password",
            yaml: """
                hostname: a.example
                delivery:
                  route: relay
                  relay:
                    host: smtp.example.net
                    user: u
                    password: p
                    mechanism: PLAIN
                    certificate: c.pem
                    oauth: { provider: gmail, clientID: id, flow: clientCredentials }
                """,
            faults: """
                c.yaml:5:5: error: key delivery.relay.key: is required: certificate and key go together
                c.yaml:7:15: error: key delivery.relay.password: cannot stand beside oauth, which brings access tokens
                c.yaml:8:16: error: key delivery.relay.mechanism: must be auto, OAUTHBEARER or XOAUTH2 with oauth
                c.yaml:10:12: error: key delivery.relay.oauth.clientSecret: is required with flow: clientCredentials; keep it in a file
                c.yaml:10:51: error: key delivery.relay.oauth.flow: must be refreshToken: Google gives its mail scope to no client credentials
                """
        ),
        FaultCase(
            name: "a relay's token from nowhere",
            yaml: """
                hostname: a.example
                delivery:
                  route: relay
                  relay:
                    host: smtp.example.net
                    user: u
                    oauth: { clientID: id, tenant: "a/b", deviceEndpoint: "http://login.example/", refreshToken: t }
                """,
            faults: """
                c.yaml:7:12: error: key delivery.relay.oauth.tokenEndpoint: is required without provider: gmail or microsoft365
                c.yaml:7:36: error: key delivery.relay.oauth.tenant: must be a domain or an identifier of a directory, not 'a/b'
                c.yaml:7:59: error: key delivery.relay.oauth.deviceEndpoint: must be an https URL (http only on loopback), not 'http://login.example/'
                c.yaml:7:98: error: key delivery.relay.oauth.refreshToken: must name the file that keeps the token, which 'gatepost relay authorize' writes; did you mean 'file:relay.refresh-token'?
                """
        ),
        FaultCase(
            name: "EXTERNAL without a certificate",
            yaml:
                "hostname: a.example\ndelivery:\n  route: relay\n  relay: { host: smtp.example.net, mechanism: EXTERNAL }\n",
            faults: "c.yaml:4:10: error: key delivery.relay.certificate: is required with mechanism: EXTERNAL"
        ),
        FaultCase(
            name: "sockets for other servers that cannot be",
            yaml: """
                hostname: a.example
                authentication:
                  mechanisms: [SCRAM-SHA-256-PLUS]
                  dovecotSocket: run/
                  saslauthdSocket: /\(String(repeating: "a", count: 107))
                  socketMode: 1660
                """,
            faults: """
                c.yaml:4:18: error: key authentication.dovecotSocket: must be the path of a socket, not 'run/'
                c.yaml:5:20: error: key authentication.saslauthdSocket: /\(String(repeating: "a", count: 107)) has 108 octets: no program can connect to a socket whose path has more than 107
                c.yaml:6:15: error: key authentication.socketMode: must be permissions such as 0660, not '1660'
                """
        ),
        FaultCase(
            name: "a socket in the place of something else, with nothing to offer",
            yaml: """
                hostname: a.example
                authentication: { mechanisms: [SCRAM-SHA-256-PLUS], dovecotSocket: key.pem, saslauthdSocket: ./key.pem }
                """,
            faults: """
                c.yaml:2:68: error: key authentication.dovecotSocket: /DIR/key.pem is there already and is no socket
                c.yaml:2:68: error: key authentication.dovecotSocket: needs a mechanism without -PLUS and other than EXTERNAL in authentication.mechanisms
                c.yaml:2:94: error: key authentication.saslauthdSocket: /DIR/key.pem is there already and is no socket
                c.yaml:2:94: error: key authentication.saslauthdSocket: must be another path than authentication.dovecotSocket
                """
        ),
        FaultCase(
            name: "a lockout that cannot be, and proxies that are everybody",
            yaml: """
                hostname: a.example
                listeners:
                  - { address: "127.0.0.1:587", proxyProtocol: [0.0.0.0/0], xclient: [192.0.2.1, proxy] }
                authentication:
                  lockout: { attempts: 20, window: 2d, guessesPerDay: 100, accounts: 1 }
                """,
            faults: """
                c.yaml:3:48: error: key listeners[0].proxyProtocol: must not hold every address: whoever is listed can claim to be anyone
                c.yaml:3:82: error: key listeners[0].xclient[1]: must be an address or network such as 192.0.2.0/24 or 2001:db8::/32, not 'proxy'
                c.yaml:5:36: error: key authentication.lockout.window: must be from 1s to 1d, not 2d
                c.yaml:5:55: error: key authentication.lockout.guessesPerDay: must be at least 160, eight times attempts, for strangers and the owner's own places share it
                c.yaml:5:70: error: key authentication.lockout.accounts: must be from 2 to 60, not 1
                """
        ),
        FaultCase(
            name: "a listener for devices without what it must have",
            yaml: """
                hostname: a.example
                listeners:
                  - { service: device, address: "0.0.0.0:25" }
                """,
            faults: """
                c.yaml:3:5: error: key listeners[0].clients: is required: the addresses of the devices, such as [10.0.0.20, 10.0.0.32/28]; no others may connect
                c.yaml:3:5: error: key listeners[0].recipients: is required: the addresses and domains that devices may send to, such as [example.org]; ["*"] for everybody
                c.yaml:3:33: error: key listeners[0].address: must be one address of this host: devices belong on an inner network
                """
        ),
        FaultCase(
            name: "a listener for devices that cannot be",
            yaml: """
                hostname: a.example
                listeners:
                  - service: device
                    address: "10.0.0.5:25"
                    clients: [10.0.0.20, printer, 0.0.0.0/0]
                    account: scanner
                    from: "*@example.org"
                    otherFrom: replace
                    recipients: ["*", example.org]
                    messagesPerHour: 0
                    xclient: [10.0.0.20]
                  - { service: device, address: "10.0.0.6:25", clients: [], otherFrom: rewrite, recipients: ["@example.org"], client: [] }
                  - { service: submission, address: "10.0.0.7:587", clients: [10.0.0.20] }
                  - { service: pop3, address: "10.0.0.7:995", proxyProtocol: [10.0.0.1] }
                """,
            faults: """
                c.yaml:5:14: error: key listeners[0].clients: must not hold every address: whoever is listed may send without TLS
                c.yaml:5:26: error: key listeners[0].clients[1]: must be an address or network such as 192.0.2.0/24 or 2001:db8::/32, not 'printer'
                c.yaml:6:14: error: key listeners[0].account: must be an address such as scanner@example.org, not 'scanner'
                c.yaml:7:11: error: key listeners[0].from: must be one address, not '*@example.org'
                c.yaml:8:16: error: key listeners[0].otherFrom: must be refuse or rewrite, not 'replace'
                c.yaml:9:17: error: key listeners[0].recipients: names everybody with "*": remove the others
                c.yaml:10:22: error: key listeners[0].messagesPerHour: must be from 1 to 10000, not 0
                c.yaml:11:14: error: key listeners[0].xclient: is for submission and reception only: a device listener goes by who connects
                c.yaml:12:57: error: key listeners[1].clients: must name at least one address, such as [10.0.0.20]
                c.yaml:12:72: error: key listeners[1].otherFrom: needs from: the address that mail is to be from
                c.yaml:12:94: error: key listeners[1].recipients[0]: must be an address or a domain such as example.org, not '@example.org'
                c.yaml:12:111: error: key listeners[1].client: unknown; did you mean 'xclient'?
                c.yaml:13:62: error: key listeners[2].clients: is for devices only: service: device
                c.yaml:14:62: error: key listeners[3].proxyProtocol: is for submission and reception only: a pop3 listener goes by who connects
                """
        ),
        FaultCase(
            name: "half a relay",
            yaml: "hostname: a.example\ndelivery:\n  route: relay\n  relay: { port: 26, user: u }\n",
            faults: "c.yaml:4:10: error: key delivery.relay.host: is required: the name or address of the smarthost"
        ),
        FaultCase(
            name: "a relay without a relay",
            yaml: "hostname: a.example\ndelivery: { route: relay }\n",
            faults:
                "c.yaml:2:11: error: key delivery.relay: is required with route: relay, such as { host: smtp.provider.example }"
        ),
        FaultCase(
            name: "values that are elsewhere and are not",
            yaml: "hostname: env:GP_HOSTNAM\ndata: file:nothere\n",
            environment: ["GP_HOSTNAME": "a.example"],
            faults: """
                c.yaml:1:11: error: key hostname: the environment has no variable GP_HOSTNAM; did you mean 'GP_HOSTNAME'?
                c.yaml:2:7: error: key data: cannot read /DIR/nothere: No such file or directory
                """
        ),
        FaultCase(
            name: "overrides",
            yaml: "hostname: a.example\n",
            environment: ["GATEPOST_LOG_LEVEL": "loud", "GATEPOST_HOSTNME": "b.example"],
            faults: """
                GATEPOST_HOSTNME: error: names no key; did you mean 'GATEPOST_HOSTNAME'?
                GATEPOST_LOG_LEVEL: error: key log.level: must be trace, debug, info, notice, warning, error or critical, not 'loud'
                """
        ),
        FaultCase(
            name: "no YAML",
            yaml: "hostname: a.example\n dns: [\n",
            faults: "c.yaml:2:5: error: not valid YAML: mapping values are not allowed in this context"
        ),
        FaultCase(
            name: "not a mapping",
            yaml: "- hostname\n",
            faults: "c.yaml:1:1: error: must hold keys and values, not a list"
        ),
    ]
}

@Suite("Configuration faults")
struct ConfigurationFaultTests {
    @Test("each is told with its place, its key and the nearest right word", arguments: FaultCase.all)
    func faults(_ vector: FaultCase) throws {
        let directory = try TemporaryDirectory()
        let certificates = try Certificates.shared.get()
        try directory.write("cert.pem", certificates.first.certificate)
        try directory.write("key.pem", certificates.first.key)
        // The cases are about other keys than these two.
        let environment = vector.environment.merging(
            ["GATEPOST_TLS_CERTIFICATE": "cert.pem", "GATEPOST_TLS_KEY": "key.pem"]
        ) { $1 }
        do {
            _ = try ConfigurationLoader.load(
                text: vector.yaml,
                name: "c.yaml",
                file: "\(directory.path)/c.yaml",
                environment: environment
            )
            Issue.record("no fault was found")
        } catch {
            let told = error.description.replacing(directory.path, with: "/DIR")
            #expect(told == vector.faults)
        }
    }

    @Test("certificate and key are loaded and compared")
    func certificates() throws {
        let directory = try TemporaryDirectory()
        let made = try Certificates.shared.get()
        try directory.write("cert.pem", made.first.certificate)
        try directory.write("key.pem", made.first.key)
        try directory.write("other.pem", made.second.key)
        try directory.write("text.pem", "no certificate")
        try directory.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        #expect(try self.faults(directory, "cert.pem", "key.pem") == "")
        #expect(
            try self.faults(directory, "cert.pem", "other.pem")
                == "c.yaml:2:36: error: key tls.key: /DIR/other.pem does not belong to the first certificate in /DIR/cert.pem"
        )
        #expect(
            try self.faults(directory, "text.pem", "key.pem")
                == "c.yaml:2:21: error: key tls.certificate: /DIR/text.pem is no PEM file with a certificate"
        )
        #expect(
            try self.faults(directory, "key.pem", "cert.pem")
                == "c.yaml:2:21: error: key tls.certificate: /DIR/key.pem is no PEM file with a certificate (are certificate and key swapped?)"
        )
        #expect(
            try self.faults(directory, "absent.pem", "key.pem")
                == "c.yaml:2:21: error: key tls.certificate: cannot read /DIR/absent.pem: No such file or directory"
        )
        #expect(
            try self.faults(directory, "broken.pem", "key.pem")
                == "c.yaml:2:21: error: key tls.certificate: /DIR/broken.pem holds no certificate that can be read"
        )
    }

    @Test("the certificate for the relay is opened too")
    func relayCertificate() throws {
        let directory = try TemporaryDirectory()
        let made = try Certificates.shared.get()
        try directory.write("cert.pem", made.first.certificate)
        try directory.write("key.pem", made.first.key)
        try directory.write("other.pem", made.second.key)
        func faults(_ certificate: String, _ key: String) throws -> String {
            try self.faults(
                directory,
                "cert.pem",
                "key.pem",
                more: "delivery:\n  route: relay\n  relay: { host: r.example, mechanism: EXTERNAL, "
                    + "certificate: \(certificate), key: \(key) }\n"
            )
        }
        #expect(try faults("cert.pem", "key.pem") == "")
        #expect(
            try faults("cert.pem", "other.pem")
                == "c.yaml:5:78: error: key delivery.relay.key: /DIR/other.pem does not belong to the first certificate in /DIR/cert.pem"
        )
        #expect(
            try faults("absent.pem", "key.pem")
                == "c.yaml:5:63: error: key delivery.relay.certificate: cannot read /DIR/absent.pem: No such file or directory"
        )
    }

    #if Kerberos
    @Test("a ticket takes the place of every other credential for the relay")
    func relayTicket() throws {
        let directory = try TemporaryDirectory()
        let made = try Certificates.shared.get()
        try directory.write("cert.pem", made.first.certificate)
        try directory.write("key.pem", made.first.key)
        func faults(_ more: String) throws -> String {
            try self.faults(
                directory,
                "cert.pem",
                "key.pem",
                more: "delivery:\n  route: relay\n  relay: { host: r.example, mechanism: GSSAPI\(more) }\n"
            )
        }
        #expect(try faults("") == "")
        #expect(try faults(", user: gatepost@EXAMPLE.ORG") == "")
        #expect(
            try faults(", oauth: { provider: gmail, clientID: id, refreshToken: \"file:t\" }")
                .contains("key delivery.relay.mechanism: must be auto, OAUTHBEARER or XOAUTH2 with oauth")
        )
        #expect(try faults(", certificate: cert.pem").contains("key delivery.relay.key: is required"))
    }
    #endif

    private func faults(
        _ directory: TemporaryDirectory,
        _ certificate: String,
        _ key: String,
        more: String = ""
    ) throws -> String {
        do {
            _ = try ConfigurationLoader.load(
                text: "hostname: a.example\ntls: { certificate: \(certificate), key: \(key) }\n" + more,
                name: "c.yaml",
                file: "\(directory.path)/c.yaml",
                environment: [:]
            )
            return ""
        } catch {
            return error.description.replacing(directory.path, with: "/DIR")
        }
    }
}
