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
        }
        let process = try await Dovecot.start(
            in: folder,
            socket: socket,
            settings: """
                disable_plaintext_auth = yes
                auth_mechanisms = plain login
                passdb {
                  driver = checkpassword
                  args = \(folder.path("no-such-program"))
                  username_filter = broken@*
                }
                passdb {
                  driver = passwd-file
                  args = scheme=PLAIN username_format=%u \(folder.path("users"))
                }

                """ + Dovecot.authentication(socket: socket)
        )
        return DovecotAuthentication(socket: socket, folder: folder, process: process)
    }

    func stop() async throws {
        process.letGoOfInput()
        _ = try await process.waitForExit()
        try folder.remove("auth-client")
    }

    var log: String { Dovecot.log(in: folder) }
}
