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
        let socket = folder.path("auth")
        let process = try await Dovecot.start(
            in: folder,
            socket: socket,
            settings: """
                auth_mechanisms = plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2
                auth_realms = gp.test
                auth_default_realm = gp.test
                auth_username_format = %n
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

                """ + Dovecot.authentication(socket: socket)
        )
        return DovecotLogins(socket: socket, folder: folder, process: process)
    }

    var log: String { Dovecot.log(in: folder) }
}
