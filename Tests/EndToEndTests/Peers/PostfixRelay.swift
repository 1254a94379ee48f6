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

    private var log: String { String(decoding: contents(of: folder.path("maillog")), as: UTF8.self) }

    /// - Parameter ports: of the servers that it will be asked to log in to.
    static func start(
        to ports: [Int],
        password: String,
        user: String,
        certificates: Certificates
    ) async throws -> PostfixRelay {
        let folder = try TemporaryFolder("postfix")
        for name in ["etc", "spool"] { try folder.makeFolder(name) }
        try folder.makeFolder("data", owner: UnpackedServers.postfixAccount)
        let port = try Loopback.freePorts(1)[0]
        var master = "\(address):\(port) inet n - n - - smtpd\n" + PostfixSink.services
        var routes = ""
        let mechanisms = [
            "PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "NTLM",
        ]
        for mechanism in mechanisms {
            for server in ports {
                for isRight in [true, false] {
                    let name = route(mechanism, server, isRight)
                    master += """
                        \(name) unix - - n - - smtp
                          -o { smtp_sasl_mechanism_filter = \(mechanism.lowercased()) }
                          -o { smtp_sasl_password_maps = static:{\(user):\(isRight ? password : "wrong one")} }

                        """
                    routes += "\(name).test \(name):[localhost]:\(server)\n"
                }
            }
        }
        try folder.write("etc/routes", routes)
        try folder.write("etc/master.cf", master)
        try folder.write(
            "etc/main.cf",
            """
            compatibility_level = 3.6
            queue_directory = \(folder.path("spool"))
            data_directory = \(folder.path("data"))
            command_directory = /usr/sbin
            daemon_directory = /usr/lib/postfix/sbin
            mail_owner = postfix
            setgid_group = postdrop
            inet_interfaces = 127.0.0.1
            inet_protocols = ipv4
            myhostname = relay.postfix.test
            mydestination =
            mynetworks = 127.0.0.0/8
            alias_maps =
            alias_database =
            maillog_file = \(folder.path("maillog"))
            maillog_file_prefixes = \(folder.path)
            smtp_host_lookup = native
            smtp_tls_security_level = secure
            smtp_tls_secure_cert_match = hostname
            smtp_tls_CAfile = \(certificates.authority)
            smtp_sasl_auth_enable = yes
            smtp_sasl_security_options = noanonymous
            transport_maps = texthash:\(folder.path("etc/routes"))

            """
        )
        let process = try UnpackedServers.start(
            "postfix",
            ["env", "MAIL_CONFIG=\(folder.path("etc"))", "postfix", "-c", folder.path("etc"), "start-fg"],
            log: folder.path("postfix")
        )
        try await Loopback.waitUntilAccepting(address, port, by: process)
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
