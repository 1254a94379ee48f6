/// Dovecot as what an SMTP server asks about logins: its auth socket, every mechanism that it has without a key server, and access
/// tokens checked by a shared key.
struct DovecotLogins: Sendable {
    /// In a folder that Postfix, another account, can reach.
    let socket: String
    private let folder: TemporaryFolder
    private let process: ChildProcess

    static let tokenKey = "a key of thirty-two octets or more"
    static let mechanisms = [
        "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "DIGEST-MD5", "CRAM-MD5", "OAUTHBEARER", "XOAUTH2",
    ]

    static func start(user: String, password: String) async throws -> DovecotLogins {
        let folder = try TemporaryFolder("dovecot-auth")
        try folder.makeFolder("keys/default/HS256")
        try folder.write("keys/default/HS256/default", base64(tokenKey))
        try folder.write(
            "oauth2.conf",
            """
            introspection_mode = local
            local_validation_key_dict = fs:posix:prefix=\(folder.path("keys"))/
            username_attribute = email
            tokeninfo_url =

            """
        )
        try folder.write("users", "\(user):{PLAIN}\(password)\n")
        let file = try folder.write("dovecot.conf", configuration(folder: folder))
        let process = try UnpackedServers.start("dovecot", ["dovecot", "-F", "-c", file], log: folder.path("dovecot"))
        let socket = folder.path("auth")
        try await eventually("Dovecot's auth socket") {
            if let exit = process.poll() {
                throw ChildProcessError.failed(command: "dovecot", exit: exit, said: process.errors)
            }
            return contentsExist(at: socket) ? () : nil
        }
        return DovecotLogins(socket: socket, folder: folder, process: process)
    }

    var log: String { String(decoding: contents(of: folder.path("log")), as: UTF8.self) }

    private static func configuration(folder: TemporaryFolder) -> String {
        """
        base_dir = \(folder.path("run"))
        state_dir = \(folder.path("state"))
        log_path = \(folder.path("log"))
        protocols =
        ssl = no
        auth_mechanisms = plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2
        auth_realms = gp.test
        auth_default_realm = gp.test
        auth_username_format = %n
        auth_failure_delay = 0
        auth_verbose = yes
        passdb {
          driver = oauth2
          mechanisms = oauthbearer xoauth2
          args = \(folder.path("oauth2.conf"))
        }
        passdb {
          driver = passwd-file
          mechanisms = plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256
          args = \(folder.path("users"))
        }
        userdb {
          driver = static
          args = uid=sink gid=sink home=/nonexistent
        }
        service auth {
          unix_listener \(folder.path("auth")) {
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
