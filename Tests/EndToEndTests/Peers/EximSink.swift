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

    var log: String { Exim.log(in: folder) }

    static func start(port: Int, certificates: Certificates) async throws -> EximSink {
        let folder = try TemporaryFolder("exim")
        try Exim.makeFolders(in: folder)
        let process = try await Exim.start(
            in: folder,
            hostname: "mx.exim.test",
            address: address,
            ports: [port],
            certificates: certificates,
            configuration: """
                auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
                chunking_advertise_hosts = *
                pipelining_advertise_hosts = *
                smtputf8_advertise_hosts = *
                dsn_advertise_hosts = *
                message_size_limit = 100M
                domainlist local_domains = exim.test

                begin acl
                recipients:
                  deny local_parts = ^refused
                       message = 5.1.1 No such person here
                  accept domains = +local_domains
                  accept authenticated = *
                  deny message = relaying denied


                """ + Exim.intoMaildir(in: folder) + Exim.authenticators(user: relayUser, password: relayPassword)
        )
        return EximSink(port: port, maildir: Exim.maildir(in: folder), folder: folder, process: process)
    }
}
