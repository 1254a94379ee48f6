/// Dovecot's LMTP server on a Unix socket, delivering for any user into that user's Maildir.
struct DovecotStore: Sendable {
    let socket: String
    private let folder: TemporaryFolder
    private let process: ChildProcess

    func maildir(of localPart: String) -> Maildir { Maildir(path: folder.path("mail/\(localPart)")) }

    static func start() async throws -> DovecotStore {
        let folder = try TemporaryFolder("dovecot")
        let mail = try folder.makeFolder("mail", owner: UnpackedServers.sinkAccount)
        let socket = folder.path("lmtp")
        let process = try await Dovecot.start(
            in: folder,
            socket: socket,
            settings: """
                protocols = lmtp
                auth_username_format = %Ln
                lmtp_save_to_detail_mailbox = no
                recipient_delimiter = +
                mail_location = maildir:\(mail)/%n
                first_valid_uid = 100
                passdb {
                  driver = static
                  args = nopassword=y
                }
                userdb {
                  driver = static
                  args = uid=sink gid=sink home=\(mail)/%n allow_all_users=yes
                }
                service lmtp {
                  unix_listener \(socket) {
                    mode = 0666
                  }
                }
                """
        )
        return DovecotStore(socket: socket, folder: folder, process: process)
    }
}
