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
            try folder.makeFolder("etc")
            try folder.makeFolder("spool")
            try folder.makeSocketFolder("spool/gatepost", group: UnpackedServers.postfixGroup)
            try folder.makeFolder("data", owner: UnpackedServers.postfixAccount)
            try folder.makeFolder("mail", owner: UnpackedServers.sinkAccount)
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
    var log: String { String(decoding: contents(of: folder.folder.path("maillog")), as: UTF8.self) }

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
        try files.write("etc/main.cf", mainConfiguration(folder, certificates))
        try files.write(
            "etc/master.cf",
            """
            127.0.0.1:\(ports[0]) inet n - y - - smtpd
            127.0.0.1:\(ports[1]) inet n - y - - smtpd
              -o smtpd_tls_wrappermode=yes

            """ + PostfixSink.services
        )
        let process = try UnpackedServers.start(
            "postfix",
            ["env", "MAIL_CONFIG=\(files.path("etc"))", "postfix", "-c", files.path("etc"), "start-fg"],
            log: files.path("postfix")
        )
        for port in ports { try await Loopback.waitUntilAccepting("127.0.0.1", port, by: process) }
        return PostfixFrontEnd(
            startTLSPort: ports[0],
            implicitTLSPort: ports[1],
            maildir: Maildir(path: files.path("mail/inbox")),
            folder: folder,
            process: process
        )
    }

    private static func mainConfiguration(_ folder: Folder, _ certificates: Certificates) -> String {
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
            compatibility_level = 3.6
            queue_directory = \(files.path("spool"))
            data_directory = \(files.path("data"))
            command_directory = /usr/sbin
            daemon_directory = /usr/lib/postfix/sbin
            mail_owner = postfix
            setgid_group = postdrop
            inet_interfaces = 127.0.0.1
            inet_protocols = ipv4
            myhostname = mail.gatepost.test
            mydestination =
            mynetworks =
            local_recipient_maps =
            alias_maps =
            alias_database =
            append_dot_mydomain = no
            maillog_file = \(files.path("maillog"))
            maillog_file_prefixes = \(files.path)
            virtual_mailbox_domains = postfix.test
            virtual_mailbox_base = \(files.path("mail"))
            virtual_mailbox_maps = static:inbox/
            virtual_uid_maps = static:\(UnpackedServers.sinkAccount)
            virtual_gid_maps = static:\(UnpackedServers.sinkAccount)
            virtual_mailbox_limit = 0
            smtpd_client_connection_count_limit = 0
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
