/// Postfix as the MX of `postfix.test` and a second one of `fallback.test`: it takes any recipient into one Maildir, but those whose names begin with
/// `refused` (550) or `later` (450), and offers STARTTLS.
struct PostfixSink: Sendable {
    static let address = "127.0.0.11"

    let maildir: Maildir
    private let folder: TemporaryFolder
    private let process: ChildProcess

    /// What it logged.
    var log: String { Postfix.log(in: folder) }

    static func start(port: Int, certificates: Certificates) async throws -> PostfixSink {
        let folder = try TemporaryFolder("postfix")
        try Postfix.makeFolders(in: folder)
        try folder.write(
            "etc/recipients",
            "/^refused/ 550 5.1.1 No such person here\n/^later/ 450 4.2.0 Come back later\n"
        )
        let settings = """
            mynetworks =
            message_size_limit = 104857600
            smtpd_relay_restrictions = reject_unauth_destination
            smtpd_recipient_restrictions = check_recipient_access regexp:\(folder.path("etc/recipients")), reject_unauth_destination
            smtpd_tls_chain_files = \(certificates.key), \(certificates.certificate)
            smtpd_tls_security_level = may
            smtpd_tls_received_header = yes

            """
        let process = try await Postfix.start(
            "postfix",
            in: folder,
            hostname: "mx.postfix.test",
            listeners: "\(address):\(port) inet n - n - - smtpd\n",
            settings: try settings + Postfix.inbox(in: folder, domains: "postfix.test, fallback.test"),
            accepting: [(address, port)]
        )
        return PostfixSink(maildir: Postfix.maildir(in: folder), folder: folder, process: process)
    }
}
