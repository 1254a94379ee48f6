/// Exim as the MX of `exim.test`, and as a smarthost that relays for who logs in over TLS. Whatever it accepts
/// goes into one Maildir.
struct EximSink: Sendable {
    static let address = "127.0.0.12"
    static let relayUser = "gatepost-relay"
    static let relayPassword = "between servers 7"

    let port: Int
    let maildir: Maildir
    private let folder: TemporaryFolder
    private let process: ChildProcess

    var log: String { String(decoding: contents(of: folder.path("log/main")), as: UTF8.self) }

    static func start(port: Int, certificates: Certificates) async throws -> EximSink {
        let folder = try TemporaryFolder("exim")
        for name in ["spool", "log", "mail"] { try folder.makeFolder(name, owner: UnpackedServers.eximAccount) }
        // Exim reads the key with lowered rights; it is a test's key.
        try folder.write("key.pem", contents(of: certificates.key))
        let file = try folder.write("exim.conf", configuration(folder: folder, port: port, certificates: certificates))
        let process = try UnpackedServers.start(
            "exim",
            ["exim4", "-C", file, "-bdf", "-q1m"],
            log: folder.path("exim")
        )
        try await Loopback.waitUntilAccepting(address, port, by: process)
        return EximSink(port: port, maildir: Maildir(path: folder.path("mail/inbox")), folder: folder, process: process)
    }

    private static func configuration(folder: TemporaryFolder, port: Int, certificates: Certificates) -> String {
        """
        exim_path = /usr/sbin/exim4
        spool_directory = \(folder.path("spool"))
        log_file_path = \(folder.path("log/%s"))
        pid_file_path = \(folder.path("exim.pid"))
        primary_hostname = mx.exim.test
        local_interfaces = \(address)
        daemon_smtp_ports = \(port)
        tls_advertise_hosts = *
        tls_certificate = \(certificates.certificate)
        tls_privatekey = \(folder.path("key.pem"))
        auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
        acl_smtp_rcpt = recipients
        acl_smtp_data = accept
        chunking_advertise_hosts = *
        pipelining_advertise_hosts = *
        smtputf8_advertise_hosts = *
        dsn_advertise_hosts = *
        smtp_accept_max = 100
        rfc1413_query_timeout = 0s
        host_lookup =
        message_size_limit = 100M
        keep_environment =
        domainlist local_domains = exim.test

        begin acl
        recipients:
          deny local_parts = ^refused
               message = 5.1.1 No such person here
          accept domains = +local_domains
          accept authenticated = *
          deny message = relaying denied

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

        begin authenticators
        cram:
          driver = cram_md5
          public_name = CRAM-MD5
          server_secret = ${if eq{$auth1}{\(relayUser)}{\(relayPassword)}fail}
          server_set_id = $auth1
        plain:
          driver = plaintext
          public_name = PLAIN
          server_prompts = :
          server_condition = ${if and{{eq{$auth2}{\(relayUser)}}{eq{$auth3}{\(relayPassword)}}}}
          server_set_id = $auth2

        """
    }
}
