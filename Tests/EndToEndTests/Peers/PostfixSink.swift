/// Postfix as the MX of `postfix.test` and a second one of `fallback.test`: it takes any recipient into one Maildir, but those whose names begin with
/// `refused` (550) or `later` (450), and offers STARTTLS.
struct PostfixSink: Sendable {
    static let address = "127.0.0.11"

    let maildir: Maildir
    private let folder: TemporaryFolder
    private let process: ChildProcess

    /// What it logged.
    var log: String { String(decoding: contents(of: folder.path("maillog")), as: UTF8.self) }

    static func start(port: Int, certificates: Certificates) async throws -> PostfixSink {
        let folder = try TemporaryFolder("postfix")
        try folder.makeFolder("etc")
        try folder.makeFolder("spool")
        try folder.makeFolder("data", owner: UnpackedServers.postfixAccount)
        try folder.makeFolder("mail", owner: UnpackedServers.sinkAccount)
        try folder.write(
            "etc/recipients",
            "/^refused/ 550 5.1.1 No such person here\n/^later/ 450 4.2.0 Come back later\n"
        )
        try folder.write("etc/main.cf", mainConfiguration(folder: folder, certificates: certificates))
        try folder.write("etc/master.cf", "\(address):\(port) inet n - n - - smtpd\n" + services)
        let process = try UnpackedServers.start(
            "postfix",
            ["env", "MAIL_CONFIG=\(folder.path("etc"))", "postfix", "-c", folder.path("etc"), "start-fg"],
            log: folder.path("postfix")
        )
        try await Loopback.waitUntilAccepting(address, port, by: process)
        return PostfixSink(maildir: Maildir(path: folder.path("mail/inbox")), folder: folder, process: process)
    }

    private static func mainConfiguration(folder: TemporaryFolder, certificates: Certificates) -> String {
        """
        compatibility_level = 3.6
        queue_directory = \(folder.path("spool"))
        data_directory = \(folder.path("data"))
        command_directory = /usr/sbin
        daemon_directory = /usr/lib/postfix/sbin
        mail_owner = postfix
        setgid_group = postdrop
        inet_interfaces = 127.0.0.1
        inet_protocols = ipv4
        myhostname = mx.postfix.test
        mydestination =
        mynetworks =
        local_recipient_maps =
        alias_maps =
        alias_database =
        append_dot_mydomain = no
        maillog_file = \(folder.path("maillog"))
        maillog_file_prefixes = \(folder.path)
        virtual_mailbox_domains = postfix.test, fallback.test
        virtual_mailbox_base = \(folder.path("mail"))
        virtual_mailbox_maps = static:inbox/
        virtual_uid_maps = static:\(UnpackedServers.sinkAccount)
        virtual_gid_maps = static:\(UnpackedServers.sinkAccount)
        virtual_mailbox_limit = 0
        message_size_limit = 104857600
        smtpd_relay_restrictions = reject_unauth_destination
        smtpd_recipient_restrictions = check_recipient_access regexp:\(folder.path("etc/recipients")), reject_unauth_destination
        smtpd_client_connection_count_limit = 0
        smtpd_tls_chain_files = \(certificates.key), \(certificates.certificate)
        smtpd_tls_security_level = may
        smtpd_tls_received_header = yes

        """
    }

    /// Everything of master.cf but the servers that listen.
    static let services = """
        cleanup unix n - n - 0 cleanup
        qmgr unix n - n 300 1 qmgr
        tlsmgr unix - - n 1000? 1 tlsmgr
        rewrite unix - - n - - trivial-rewrite
        bounce unix - - n - 0 bounce
        defer unix - - n - 0 bounce
        trace unix - - n - 0 bounce
        verify unix - - n - 1 verify
        proxymap unix - - n - - proxymap
        proxywrite unix - - n - 1 proxymap
        error unix - - n - - error
        retry unix - - n - - error
        discard unix - - n - - discard
        virtual unix - n n - - virtual
        anvil unix - - n - 1 anvil
        scache unix - - n - 1 scache
        postlog unix-dgram n - n - 1 postlogd

        """
}
