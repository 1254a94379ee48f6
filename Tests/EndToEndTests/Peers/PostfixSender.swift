/// Postfix as another site's server: it brings mail to the server under test, over STARTTLS where that is offered.
struct PostfixSender: Sendable {
    static let address = "127.0.0.14"

    private let port: Int
    private let folder: TemporaryFolder
    private let process: ChildProcess

    /// - Parameter target: The port that mail for `domain` goes to.
    static func start(domain: String, target: Int) async throws -> PostfixSender {
        let folder = try TemporaryFolder("postfix")
        try Postfix.makeFolders(in: folder)
        let port = try Loopback.freePorts(1)[0]
        try folder.write("etc/routes", "\(domain) smtp:[127.0.0.1]:\(target)\n")
        let process = try await Postfix.start(
            "postfix",
            in: folder,
            hostname: "mx.sender.test",
            listeners: "\(address):\(port) inet n - n - - smtpd\nsmtp unix - - n - - smtp\n",
            settings: """
                mynetworks = 127.0.0.0/8
                smtp_host_lookup = native
                smtp_tls_security_level = may
                smtp_tls_loglevel = 1
                bounce_queue_lifetime = 0
                transport_maps = texthash:\(folder.path("etc/routes"))

                """,
            accepting: [(address, port)]
        )
        return PostfixSender(port: port, folder: folder, process: process)
    }

    /// Hands it a message and waits for what its log tells of the recipient: its last attempt's line.
    func send(_ message: String, from sender: String, to recipient: String) async throws -> String {
        guard let curl = Program.find("curl") else { throw MissingProgram(name: "curl") }
        try await succeed([
            curl, "--silent", "--show-error", "--url", "smtp://\(Self.address):\(self.port)/client.sender.test",
            "--mail-from", sender, "--mail-rcpt", recipient,
            "--upload-file", try self.folder.write("message-\(UInt64.random(in: 0 ... .max))", message),
        ])
        return try await eventually("Postfix to deliver or return mail for \(recipient)") {
            Postfix.log(in: self.folder).split(separator: "\n").last {
                $0.contains("to=<\(recipient)>") && $0.contains("status=")
            }.map(String.init)
        }
    }

    /// Its log.
    var log: String { Postfix.log(in: self.folder) }
}
