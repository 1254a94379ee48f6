/// What the Exims of these tests have in common.
enum Exim {
    /// Makes the folders that it wants in its own.
    static func makeFolders(in folder: TemporaryFolder) throws {
        for name in ["spool", "log", "mail"] { try folder.makeFolder(name, owner: UnpackedServers.eximAccount) }
    }

    /// What it logged.
    static func log(in folder: TemporaryFolder) -> String {
        ["main", "reject", "panic"].map { String(decoding: contents(of: folder.path("log/\($0)")), as: UTF8.self) }
            .joined()
    }

    /// The main settings of any Exim, server or client.
    static func settings(in folder: TemporaryFolder, hostname: String, address: String) -> String {
        """
        exim_path = /usr/sbin/exim4
        spool_directory = \(folder.path("spool"))
        log_file_path = \(folder.path("log/%s"))
        primary_hostname = \(hostname)
        local_interfaces = \(address)
        keep_environment =

        """
    }

    /// Starts a server with STARTTLS, and waits until it accepts connections.
    ///
    /// - Parameters:
    ///   - folder: where ``makeFolders(in:)`` was.
    ///   - configuration: main settings of its own, then the sections, of which the access lists must have `recipients`.
    static func start(
        in folder: TemporaryFolder,
        hostname: String,
        address: String,
        ports: [Int],
        certificates: Certificates,
        configuration: String
    ) async throws -> ChildProcess {
        // Exim reads the key with lowered rights; it is a test's key.
        try folder.write("key.pem", contents(of: certificates.key))
        let common =
            settings(in: folder, hostname: hostname, address: address) + """
                pid_file_path = \(folder.path("exim.pid"))
                daemon_smtp_ports = \(ports.map { "\($0)" }.joined(separator: " : "))
                tls_advertise_hosts = *
                tls_certificate = \(certificates.certificate)
                tls_privatekey = \(folder.path("key.pem"))
                acl_smtp_rcpt = recipients
                acl_smtp_data = accept
                smtp_accept_max = 100
                rfc1413_query_timeout = 0s
                host_lookup =

                """
        let file = try folder.write("exim.conf", common + configuration)
        let process = try UnpackedServers.start(
            "exim",
            ["exim4", "-C", file, "-bdf", "-q1m"],
            log: folder.path("exim")
        )
        for port in ports { try await Loopback.waitUntilAccepting(address, port, by: process) }
        return process
    }

    /// The Maildir into which ``intoMaildir(in:)`` delivers.
    static func maildir(in folder: TemporaryFolder) -> Maildir { Maildir(path: folder.path("mail/inbox")) }

    /// Sections: routers, transports and retry rules that put everything into one Maildir.
    static func intoMaildir(in folder: TemporaryFolder) -> String {
        """
        begin routers
        everything:
          driver = accept
          transport = inbox

        begin transports
        inbox:
          driver = appendfile
          directory = \(folder.path("mail/inbox"))
          maildir_format
          create_directory
          envelope_to_add
          return_path_add
          user = Debian-exim
          group = Debian-exim

        begin retry
        * * F,2h,1m

        """
    }

    /// The section of authenticators: CRAM-MD5 and PLAIN for one user.
    static func authenticators(user: String, password: String) -> String {
        """
        begin authenticators
        cram:
          driver = cram_md5
          public_name = CRAM-MD5
          server_secret = ${if eq{$auth1}{\(user)}{\(password)}fail}
          server_set_id = $auth1
        plain:
          driver = plaintext
          public_name = PLAIN
          server_prompts = :
          server_condition = ${if and{{eq{$auth2}{\(user)}}{eq{$auth3}{\(password)}}}}
          server_set_id = $auth2

        """
    }
}
