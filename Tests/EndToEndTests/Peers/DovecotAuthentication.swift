/// Dovecot's authentication service on a Unix socket.
struct DovecotAuthentication: Sendable {
    static let password = "pw one"

    let socket: String
    private let folder: TemporaryFolder
    private let process: ChildProcess

    /// - Parameter earlier: one that has ended, whose socket is taken over.
    static func start(again earlier: DovecotAuthentication? = nil) async throws -> DovecotAuthentication {
        let folder = try earlier?.folder ?? TemporaryFolder("dovecot-auth")
        let socket = folder.path("auth-client")
        if earlier == nil {
            guard let openssl = Program.find("openssl") else { throw MissingProgram(name: "openssl") }
            let made = try await succeed([openssl, "passwd", "-6", password])
            let hash = String(decoding: made.output, as: UTF8.self).split(separator: "\n").first ?? ""
            try folder.write(
                "users",
                """
                plain@gatepost.test:{PLAIN}\(password)
                salted@gatepost.test:{SSHA}bb21/ZJP38GUBLUGJN+2b4xhj6FzYWx0c2FsdA==
                crypt@gatepost.test:{SHA512-CRYPT}\(hash)
                near@gatepost.test:{PLAIN}\(password)::::::allow_nets=127.0.0.0/8
                far@gatepost.test:{PLAIN}\(password)::::::allow_nets=192.0.2.0/24

                """
            )
            try folder.write("dovecot.conf", configuration(folder))
        }
        let process = try UnpackedServers.start(
            "dovecot",
            ["dovecot", "-F", "-c", folder.path("dovecot.conf")],
            log: folder.path("dovecot")
        )
        try await eventually("Dovecot's authentication socket") {
            if let exit = process.poll() {
                throw ChildProcessError.failed(command: "dovecot", exit: exit, said: process.errors)
            }
            return contentsExist(at: socket) ? () : nil
        }
        return DovecotAuthentication(socket: socket, folder: folder, process: process)
    }

    func stop() async throws {
        process.letGoOfInput()
        _ = try await process.waitForExit()
        try folder.remove("auth-client")
    }

    var log: String { String(decoding: contents(of: folder.path("log")), as: UTF8.self) }

    private static func configuration(_ folder: TemporaryFolder) -> String {
        """
        base_dir = \(folder.path("run"))
        state_dir = \(folder.path("state"))
        log_path = \(folder.path("log"))
        protocols =
        ssl = no
        disable_plaintext_auth = yes
        auth_mechanisms = plain login
        auth_failure_delay = 0
        auth_verbose = yes
        passdb {
          driver = checkpassword
          args = \(folder.path("no-such-program"))
          username_filter = broken@*
        }
        passdb {
          driver = passwd-file
          args = scheme=PLAIN username_format=%u \(folder.path("users"))
        }
        userdb {
          driver = static
          args = uid=sink gid=sink home=/nonexistent
        }
        service auth {
          unix_listener \(folder.path("auth-client")) {
            mode = 0666
          }
        }
        service stats {
          unix_listener stats-writer {
            mode = 0666
          }
        }

        """
    }
}
