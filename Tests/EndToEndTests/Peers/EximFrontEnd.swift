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
            try Exim.makeFolders(in: folder)
            try folder.makeSocketFolder("gatepost", group: UnpackedServers.eximGroup)
        }

        var socket: String { folder.path("gatepost/socket") }
        /// What Gatepost's `authentication` needs.
        var setting: String { "dovecotSocket: \(socket)" }
    }

    func port(_ transport: Transport) -> Int { transport == .startTLS ? startTLSPort : implicitTLSPort }

    var log: String { Exim.log(in: folder.folder) }

    static func start(_ folder: Folder, certificates: Certificates) async throws -> EximFrontEnd {
        let ports = try Loopback.freePorts(2)
        let files = folder.folder
        let process = try await Exim.start(
            in: files,
            hostname: "mail.gatepost.test",
            address: "127.0.0.1",
            ports: ports,
            certificates: certificates,
            configuration: configuration(folder, implicitTLSPort: ports[1])
        )
        return EximFrontEnd(
            startTLSPort: ports[0],
            implicitTLSPort: ports[1],
            maildir: Exim.maildir(in: files),
            folder: folder,
            process: process
        )
    }

    /// Without TLS only what does not show the password.
    private static let mechanisms = [
        ("SCRAM-SHA-256", false), ("SCRAM-SHA-1", false), ("CRAM-MD5", false), ("DIGEST-MD5", false), ("NTLM", false),
        ("PLAIN", true), ("LOGIN", true),
    ]

    private static func configuration(_ folder: Folder, implicitTLSPort: Int) -> String {
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
            tls_on_connect_ports = \(implicitTLSPort)
            auth_advertise_hosts = *

            begin acl
            recipients:
              require authenticated = *
              require message = 5.7.1 Not an address of yours
                      condition = ${if eqi{$sender_address}{$authenticated_id}}
              accept

            \(Exim.intoMaildir(in: folder.folder))
            begin authenticators
            \(authenticators.joined(separator: "\n"))

            """
    }
}
