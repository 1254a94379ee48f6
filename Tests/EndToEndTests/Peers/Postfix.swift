/// What every Postfix of these tests has in common.
enum Postfix {
    /// Makes the folders that it wants in its own.
    static func makeFolders(in folder: TemporaryFolder) throws {
        for name in ["etc", "spool"] { try folder.makeFolder(name) }
        try folder.makeFolder("data", owner: UnpackedServers.postfixAccount)
    }

    /// What it logged.
    static func log(in folder: TemporaryFolder) -> String {
        String(decoding: contents(of: folder.path("maillog")), as: UTF8.self)
    }

    /// Starts it, and waits until it accepts connections.
    ///
    /// - Parameters:
    ///   - package: `postfix`, or `cyrus`: the one with Cyrus SASL.
    ///   - folder: where ``makeFolders(in:)`` was.
    ///   - listeners: the lines of master.cf that are its own.
    ///   - settings: the lines of main.cf that are its own.
    ///   - accepting: where the listeners are.
    static func start(
        _ package: String,
        in folder: TemporaryFolder,
        hostname: String,
        listeners: String,
        settings: String,
        accepting: [(address: String, port: Int)]
    ) async throws -> ChildProcess {
        let common = """
            compatibility_level = 3.6
            queue_directory = \(folder.path("spool"))
            data_directory = \(folder.path("data"))
            command_directory = /usr/sbin
            daemon_directory = /usr/lib/postfix/sbin
            mail_owner = postfix
            setgid_group = postdrop
            inet_interfaces = 127.0.0.1
            inet_protocols = ipv4
            myhostname = \(hostname)
            mydestination =
            local_recipient_maps =
            alias_maps =
            alias_database =
            maillog_file = \(folder.path("maillog"))
            maillog_file_prefixes = \(folder.path)

            """
        try folder.write("etc/main.cf", common + settings)
        try folder.write("etc/master.cf", listeners + services)
        let process = try UnpackedServers.start(
            package,
            ["env", "MAIL_CONFIG=\(folder.path("etc"))", "postfix", "-c", folder.path("etc"), "start-fg"],
            log: folder.path("postfix")
        )
        for (address, port) in accepting { try await Loopback.waitUntilAccepting(address, port, by: process) }
        return process
    }

    /// The Maildir into which ``inbox(in:domains:)`` delivers.
    static func maildir(in folder: TemporaryFolder) -> Maildir { Maildir(path: folder.path("mail/inbox")) }

    /// Lines of main.cf: what comes for any recipient in these domains goes into one Maildir, whose folder this makes.
    static func inbox(in folder: TemporaryFolder, domains: String) throws -> String {
        try folder.makeFolder("mail", owner: UnpackedServers.sinkAccount)
        return """
            virtual_mailbox_domains = \(domains)
            virtual_mailbox_base = \(folder.path("mail"))
            virtual_mailbox_maps = static:inbox/
            virtual_uid_maps = static:\(UnpackedServers.sinkAccount)
            virtual_gid_maps = static:\(UnpackedServers.sinkAccount)
            virtual_mailbox_limit = 0
            smtpd_client_connection_count_limit = 0

            """
    }

    /// Everything of master.cf but the servers that listen.
    private static let services = """
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
