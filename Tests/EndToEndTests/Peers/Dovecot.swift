/// What the Dovecots of these tests have in common.
enum Dovecot {
    /// What it logged.
    static func log(in folder: TemporaryFolder) -> String {
        String(decoding: contents(of: folder.path("log")), as: UTF8.self)
    }

    /// Starts it, and waits until it has its socket.
    ///
    /// - Parameter settings: its own: `protocols`, and a service that listens on `socket`.
    static func start(in folder: TemporaryFolder, socket: String, settings: String) async throws -> ChildProcess {
        let file = try folder.write(
            "dovecot.conf",
            """
            base_dir = \(folder.path("run"))
            state_dir = \(folder.path("state"))
            log_path = \(folder.path("log"))
            ssl = no
            service stats {
              unix_listener stats-writer {
                mode = 0666
              }
            }
            \(settings)

            """
        )
        let process = try UnpackedServers.start("dovecot", ["dovecot", "-F", "-c", file], log: folder.path("dovecot"))
        try await eventually("Dovecot's socket \(socket)") {
            if let exit = process.poll() {
                throw ChildProcessError.failed(command: "dovecot", exit: exit, said: process.errors)
            }
            return contentsExist(at: socket) ? () : nil
        }
        return process
    }

    /// Settings of one that only checks logins, for any user that its `passdb` knows, and answers on `socket`.
    static func authentication(socket: String) -> String {
        """
        protocols =
        auth_failure_delay = 0
        auth_verbose = yes
        userdb {
          driver = static
          args = uid=sink gid=sink home=/nonexistent
        }
        service auth {
          unix_listener \(socket) {
            mode = 0666
          }
        }

        """
    }
}
