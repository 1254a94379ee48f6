/// Postfix as a client: it relays by a smarthost where it must log in, with Cyrus SASL. There is one smtp service for each mechanism,
/// server and secret, chosen by the recipient's domain.
struct PostfixRelay: MailClient {
    static let address = "127.0.0.13"

    let program = "postfix"
    let name = "Postfix with Cyrus SASL"
    let mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"]
    let otherMechanisms = ["NTLMv1"]
    let habits = [
        "NTLMv1":
            "Cyrus SASL answers with 24 octets unless its NTLMv2 is turned on in its configuration, and with no LM response",
        "PLAIN": "a refused login defers the message, and the next attempt logs in again",
    ]
    private let port: Int
    private let folder: TemporaryFolder
    private let process: ChildProcess

    private var log: String { Postfix.log(in: folder) }

    /// - Parameter ports: of the servers that it will be asked to log in to.
    static func start(
        to ports: [Int],
        password: String,
        user: String,
        certificates: Certificates
    ) async throws -> PostfixRelay {
        let folder = try TemporaryFolder("postfix")
        try Postfix.makeFolders(in: folder)
        let port = try Loopback.freePorts(1)[0]
        var listeners = "\(address):\(port) inet n - n - - smtpd\n"
        var routes = ""
        let mechanisms = [
            "PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "NTLM",
        ]
        for mechanism in mechanisms {
            for server in ports {
                for isRight in [true, false] {
                    let name = route(mechanism, server, isRight)
                    listeners += """
                        \(name) unix - - n - - smtp
                          -o { smtp_sasl_mechanism_filter = \(mechanism.lowercased()) }
                          -o { smtp_sasl_password_maps = static:{\(user):\(isRight ? password : "wrong one")} }

                        """
                    routes += "\(name).test \(name):[localhost]:\(server)\n"
                }
            }
        }
        try folder.write("etc/routes", routes)
        let process = try await Postfix.start(
            "postfix",
            in: folder,
            hostname: "relay.postfix.test",
            listeners: listeners,
            settings: """
                mynetworks = 127.0.0.0/8
                smtp_host_lookup = native
                smtp_tls_security_level = secure
                smtp_tls_secure_cert_match = hostname
                smtp_tls_CAfile = \(certificates.authority)
                smtp_sasl_auth_enable = yes
                smtp_sasl_security_options = noanonymous
                transport_maps = texthash:\(folder.path("etc/routes"))

                """,
            accepting: [(address, port)]
        )
        return PostfixRelay(port: port, folder: folder, process: process)
    }

    private static func route(_ mechanism: String, _ port: Int, _ isRight: Bool) -> String {
        "\(mechanism.lowercased())-\(port)-\(isRight ? "right" : "wrong")"
    }

    /// Hands it the message and waits until its log tells what became of it.
    func send(_ submission: Submission) async throws -> Completed {
        guard let curl = Program.find("curl") else { throw MissingProgram(name: "curl") }
        let isRight = submission.password == Site.password
        let domain = Self.route(submission.mechanism, submission.port, isRight) + ".test"
        let recipient = "\(submission.message.mark.lowercased())@\(domain)"
        try await succeed([
            curl, "--silent", "--show-error", "--url", "smtp://\(Self.address):\(port)/client.test",
            "--mail-from", submission.sender, "--mail-rcpt", recipient,
            "--upload-file", try submission.folder.write("message", submission.message.wire),
        ])
        let line = try await eventually("Postfix to deliver or defer \(recipient)") {
            log.split(separator: "\n").last { $0.contains("to=<\(recipient)>") && $0.contains("status=") }.map(
                String.init
            )
        }
        return Completed(exit: line.contains("status=sent") ? .code(0) : .code(1), output: [], errors: line)
    }

    func version() async throws -> String {
        let said = try await UnpackedServers.runToEnd("postfix", ["postconf", "-dh", "mail_version"]).said
        return String(said.prefix { !$0.isWhitespace })
    }
}
