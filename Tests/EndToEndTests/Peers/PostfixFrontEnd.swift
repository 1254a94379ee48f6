/// Postfix as the submission server of `gatepost.test`, which asks Gatepost who may log in. Set up as docs/postfix-and-exim.md says, with
/// smtpd in its jail. What it accepts goes into one Maildir.
struct PostfixFrontEnd: Sendable {
    /// How Postfix asks.
    enum Asking: Sendable {
        /// `smtpd_sasl_type = dovecot`
        case dovecot
        /// `smtpd_sasl_type = cyrus` with `pwcheck_method: saslauthd`
        case saslauthd
    }

    let startTLSPort: Int
    let implicitTLSPort: Int
    let maildir: Maildir
    private let folder: Folder
    private let process: ChildProcess

    /// Where its files and Gatepost's socket lie. Made before Gatepost starts.
    struct Folder: Sendable {
        fileprivate let folder: TemporaryFolder
        let asking: Asking

        init(_ asking: Asking) throws {
            self.asking = asking
            folder = try TemporaryFolder("front")
            try Postfix.makeFolders(in: folder)
            try folder.makeSocketFolder("spool/gatepost", group: UnpackedServers.postfixGroup)
        }

        /// In Postfix's queue directory, out of which its jailed processes cannot look.
        var socket: String { folder.path("spool/gatepost/socket") }

        /// What Gatepost's `authentication` needs.
        var setting: String {
            switch asking {
            case .dovecot: "dovecotSocket: \(socket)"
            case .saslauthd: "saslauthdSocket: \(socket)"
            }
        }
    }

    func port(_ transport: Transport) -> Int { transport == .startTLS ? startTLSPort : implicitTLSPort }

    /// What it logged.
    var log: String { Postfix.log(in: folder.folder) }

    static func start(_ folder: Folder, certificates: Certificates) async throws -> PostfixFrontEnd {
        let ports = try Loopback.freePorts(2)
        let files = folder.folder
        try files.write("etc/logins", "/^(.+)$/ $1\n")
        try files.makeFolder("etc/sasl")
        // Read when smtpd starts, but the socket is looked for from inside the jail.
        try files.write(
            "etc/sasl/smtpd.conf",
            "pwcheck_method: saslauthd\nsaslauthd_path: /gatepost/socket\nmech_list: PLAIN LOGIN\n"
        )
        let process = try await Postfix.start(
            "postfix",
            in: files,
            hostname: "mail.gatepost.test",
            listeners: """
                127.0.0.1:\(ports[0]) inet n - y - - smtpd
                127.0.0.1:\(ports[1]) inet n - y - - smtpd
                  -o smtpd_tls_wrappermode=yes

                """,
            settings: try settings(folder, certificates) + Postfix.inbox(in: files, domains: "postfix.test"),
            accepting: ports.map { ("127.0.0.1", $0) }
        )
        return PostfixFrontEnd(
            startTLSPort: ports[0],
            implicitTLSPort: ports[1],
            maildir: Postfix.maildir(in: files),
            folder: folder,
            process: process
        )
    }

    private static func settings(_ folder: Folder, _ certificates: Certificates) -> String {
        let files = folder.folder
        let asking =
            switch folder.asking {
            case .dovecot:
                """
                smtpd_sasl_type = dovecot
                smtpd_sasl_path = gatepost/socket
                smtpd_sasl_security_options = noanonymous, noplaintext
                smtpd_sasl_tls_security_options = noanonymous
                """
            case .saslauthd:
                """
                smtpd_sasl_type = cyrus
                smtpd_sasl_path = smtpd
                cyrus_sasl_config_path = \(files.path("etc/sasl"))
                smtpd_tls_auth_only = yes
                """
            }
        return """
            mynetworks =
            smtpd_tls_chain_files = \(certificates.key), \(certificates.certificate)
            smtpd_tls_security_level = may
            smtpd_sasl_auth_enable = yes
            \(asking)
            smtpd_sender_login_maps = regexp:\(files.path("etc/logins"))
            smtpd_sender_restrictions = reject_sender_login_mismatch
            smtpd_relay_restrictions = permit_sasl_authenticated, reject
            smtpd_recipient_restrictions =

            """
    }
}
