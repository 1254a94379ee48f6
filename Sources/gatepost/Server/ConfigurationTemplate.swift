internal import GatepostModel
internal import SASL

/// Configuration files that commands write.
enum ConfigurationTemplate {
    private static var mechanisms: String {
        Configuration.Authentication().mechanisms.map(\.description).joined(separator: ", ")
    }

    /// For a real host: what has to be there, and the rest as comments with the defaults.
    static func host(hostname: String, data: String, certificate: String, key: String) -> String {
        """
        # Gatepost: how this host runs. Accounts, domains and keys are in the store (gatepost account, gatepost domain).
        # Every key is in docs/configuration.md; 'gatepost config check' tells what is wrong with it.
        # Any value may be file:PATH or env:NAME. Commented keys show their defaults.

        hostname: \(quoted(hostname))
        data: \(quoted(data))

        tls:                          # PEM; read again when the files change
          certificate: \(certificate)
          key: \(key)

        #listeners:
        #  - { service: submission, address: "0.0.0.0:587", tls: starttls }
        #  - { service: submission, address: "0.0.0.0:465", tls: implicit }

        #authentication:
        #  mechanisms: [\(mechanisms)]
        #  defaultDomain: example.org # for login names without a domain [the only local domain]
        #  cache: 5m                  # how long a verified password is remembered

        # What is over a limit is held until 'gatepost queue release' or 'cancel'; 'gatepost account limits' sets others for one account.
        submission:
          limits: { messagesPerDay: 1000, newRecipientsPerDay: 200 }
        #  maximumMessageSize: 50MiB
        #  maximumRecipients: 100

        #postmaster: admin@example.org # is told when mail is held

        #delivery:
        #  route: mx                  # mx | relay | hold
        #  relay: { host: smtp.provider.example, port: 587, tls: required, user: u, password: file:relay.secret }
        #  local: lmtp:/run/dovecot/lmtp
        #  retry: { first: 5m, maximum: 4h, expire: 5d }

        #log: { level: info, format: text }

        """
    }

    /// For the sandbox: loopback only, nothing leaves.
    static func sandbox(ports: SandboxPorts) -> String {
        """
        # Written by 'gatepost dev' at each start; changes are lost.
        hostname: localhost
        data: data
        tls: { certificate: certificate.pem, key: key.pem }
        listeners:
          - { service: submission, address: "127.0.0.1:\(ports.startTLS)", tls: starttls }
          - { service: submission, address: "127.0.0.1:\(ports.implicit)", tls: implicit }
          - { service: submission, address: "127.0.0.1:\(ports.clear)", tls: none }
        authentication:
          mechanisms: [SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, LOGIN, CRAM-MD5]
          cleartextWithoutTLS: true
          defaultDomain: example.test
        networks: { allow: [127.0.0.0/8] }
        delivery: { route: hold }
        log: { level: info, format: text }

        """
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

struct SandboxPorts {
    var startTLS = 1587
    var implicit = 1465
    var clear = 1025
}
