/// Exim as a submission server, which asks Gatepost who may log in. Set up as docs/postfix-and-exim.md says. What it accepts goes into one
/// Maildir.
struct EximFrontEnd: Sendable {
    let startTLSPort: Int
    let implicitTLSPort: Int
    let maildir: Maildir
    private let folder: Folder
    private let process: ChildProcess

    /// Where its files and Gatepost's socket lie. Made before Gatepost starts.
    struct Folder: Sendable {
        fileprivate let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder("front")
            for name in ["spool", "log", "mail"] { try folder.makeFolder(name, owner: UnpackedServers.eximAccount) }
            try folder.makeSocketFolder("gatepost", group: UnpackedServers.eximGroup)
        }

        var socket: String { folder.path("gatepost/socket") }
        /// What Gatepost's `authentication` needs.
        var setting: String { "dovecotSocket: \(socket)" }
    }

    func port(_ transport: Transport) -> Int { transport == .startTLS ? startTLSPort : implicitTLSPort }

    var log: String { String(decoding: contents(of: folder.folder.path("log/main")), as: UTF8.self) }

    static func start(_ folder: Folder, certificates: Certificates) async throws -> EximFrontEnd {
        let ports = try Loopback.freePorts(2)
        let files = folder.folder
        // Exim reads the key with lowered rights; it is a test's key.
        try files.write("key.pem", contents(of: certificates.key))
        let file = try files.write("exim.conf", configuration(folder, ports, certificates))
        let process = try UnpackedServers.start(
            "exim",
            ["exim4", "-C", file, "-bdf", "-q1m"],
            log: files.path("exim")
        )
        for port in ports { try await Loopback.waitUntilAccepting("127.0.0.1", port, by: process) }
        return EximFrontEnd(
            startTLSPort: ports[0],
            implicitTLSPort: ports[1],
            maildir: Maildir(path: files.path("mail/inbox")),
            folder: folder,
            process: process
        )
    }

    /// Without TLS only what does not show the password.
    private static let mechanisms = [
        ("SCRAM-SHA-256", false), ("SCRAM-SHA-1", false), ("CRAM-MD5", false), ("DIGEST-MD5", false), ("NTLM", false),
        ("PLAIN", true), ("LOGIN", true),
    ]

    private static func configuration(_ folder: Folder, _ ports: [Int], _ certificates: Certificates) -> String {
        let files = folder.folder
        let authenticators = mechanisms.map { name, needsTLS in
            """
            \(name.replacing("-", with: "_").lowercased()):
              driver = dovecot
              public_name = \(name)
              server_socket = \(folder.socket)
              server_set_id = $auth1
              server_advertise_condition = \(needsTLS ? "${if def:tls_in_cipher}" : "yes")
            """
        }
        return """
            exim_path = /usr/sbin/exim4
            spool_directory = \(files.path("spool"))
            log_file_path = \(files.path("log/%s"))
            pid_file_path = \(files.path("exim.pid"))
            primary_hostname = mail.gatepost.test
            local_interfaces = 127.0.0.1
            daemon_smtp_ports = \(ports[0]) : \(ports[1])
            tls_on_connect_ports = \(ports[1])
            tls_advertise_hosts = *
            tls_certificate = \(certificates.certificate)
            tls_privatekey = \(files.path("key.pem"))
            auth_advertise_hosts = *
            acl_smtp_rcpt = recipients
            acl_smtp_data = accept
            smtp_accept_max = 100
            rfc1413_query_timeout = 0s
            host_lookup =
            keep_environment =

            begin acl
            recipients:
              require authenticated = *
              require message = 5.7.1 Not an address of yours
                      condition = ${if eqi{$sender_address}{$authenticated_id}}
              accept

            begin routers
            everything:
              driver = accept
              transport = inbox

            begin transports
            inbox:
              driver = appendfile
              directory = \(files.path("mail/inbox"))
              maildir_format
              create_directory
              envelope_to_add
              return_path_add
              user = Debian-exim
              group = Debian-exim

            begin retry
            * * F,2h,1m

            begin authenticators
            \(authenticators.joined(separator: "\n"))

            """
    }
}
