/// Dovecot's LMTP server on a Unix socket, delivering for any user into that user's Maildir.
struct DovecotStore: Sendable {
    let socket: String
    private let folder: TemporaryFolder
    private let process: ChildProcess

    func maildir(of localPart: String) -> Maildir { Maildir(path: folder.path("mail/\(localPart)")) }

    static func start() async throws -> DovecotStore {
        let folder = try TemporaryFolder("dovecot")
        try folder.makeFolder("mail", owner: UnpackedServers.sinkAccount)
        let file = try folder.write("dovecot.conf", configuration(folder: folder))
        let process = try UnpackedServers.start("dovecot", ["dovecot", "-F", "-c", file], log: folder.path("dovecot"))
        let socket = folder.path("lmtp")
        try await eventually("Dovecot's socket") {
            if let exit = process.poll() {
                throw ChildProcessError.failed(command: "dovecot", exit: exit, said: process.errors)
            }
            return contentsExist(at: socket) ? () : nil
        }
        return DovecotStore(socket: socket, folder: folder, process: process)
    }

    private static func configuration(folder: TemporaryFolder) -> String {
        """
        base_dir = \(folder.path("run"))
        state_dir = \(folder.path("state"))
        log_path = \(folder.path("log"))
        protocols = lmtp
        ssl = no
        auth_username_format = %Ln
        lmtp_save_to_detail_mailbox = no
        recipient_delimiter = +
        mail_location = maildir:\(folder.path("mail"))/%n
        first_valid_uid = 100
        passdb {
          driver = static
          args = nopassword=y
        }
        userdb {
          driver = static
          args = uid=sink gid=sink home=\(folder.path("mail"))/%n allow_all_users=yes
        }
        service lmtp {
          unix_listener \(folder.path("lmtp")) {
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
