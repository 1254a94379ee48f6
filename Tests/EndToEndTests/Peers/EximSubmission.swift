/// Exim that takes mail over TLS from who logs in by its own authenticators, and throws it away.
enum EximSubmission {
    static let address = "127.0.0.22"

    static func start(certificates: Certificates, clients: ClientCertificate) async throws -> SubmissionPeer {
        let folder = try TemporaryFolder("exim")
        let owner = UnpackedServers.eximAccount
        for name in ["spool", "log"] { try folder.makeFolder(name, owner: owner) }
        try folder.write("key.pem", contents(of: certificates.key))
        let port = try Loopback.freePorts(1)[0]
        let user = SubmissionPeer.user
        let password = SubmissionPeer.password
        let file = try folder.write(
            "exim.conf",
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
            tls_try_verify_hosts = *
            tls_verify_certificates = \(clients.authority)
            auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
            acl_smtp_rcpt = recipients
            acl_smtp_data = accept
            rfc1413_query_timeout = 0s
            host_lookup =
            keep_environment =

            begin acl
            recipients:
              accept authenticated = *
              deny message = relaying denied

            begin routers
            everything:
              driver = redirect
              data = :blackhole:

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
            login:
              driver = plaintext
              public_name = LOGIN
              server_prompts = Username:: : Password::
              server_condition = ${if and{{eq{$auth1}{\(user)}}{eq{$auth2}{\(password)}}}}
              server_set_id = $auth1
            certificate:
              driver = external
              public_name = EXTERNAL
              server_advertise_condition = ${if eq{$tls_in_certificate_verified}{1}}
              server_param2 = ${certextract {subj_altname,mail,>:} {$tls_in_peercert}}
              server_condition = ${if inlisti {$auth1}{$auth2}}
              server_set_id = $auth1

            """
        )
        let process = try UnpackedServers.start(
            "exim",
            ["exim4", "-C", file, "-bdf", "-q1m"],
            log: folder.path("exim")
        )
        try await Loopback.waitUntilAccepting(address, port, by: process)
        return SubmissionPeer(
            counterpart: "Exim",
            version: try await UnpackedServers.version(of: "exim4-daemon-light", in: "exim"),
            address: address,
            port: port,
            mechanisms: ["PLAIN", "LOGIN", "CRAM-MD5", "EXTERNAL"],
            log: {
                ["main", "reject", "panic"]
                    .map { String(decoding: contents(of: folder.path("log/\($0)")), as: UTF8.self) }.joined()
            },
            holders: [folder, process]
        )
    }
}

/// A client certificate for `alice@gatepost.test` by an authority of its own.
struct ClientCertificate: Sendable {
    let folder: TemporaryFolder
    static let name = "alice@gatepost.test"
    var authority: String { folder.path("clients-ca.pem") }
    var certificate: String { folder.path("client.pem") }
    var key: String { folder.path("client.key") }

    static func make() async throws -> ClientCertificate {
        let folder = try TemporaryFolder("client-ca")
        guard let openssl = Program.find("openssl") else { throw MissingProgram(name: "openssl") }
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try folder.write(
            "extensions",
            "subjectAltName=email:\(name)\nextendedKeyUsage=clientAuth\nbasicConstraints=CA:FALSE\n"
        )
        try await succeed(
            [openssl, "req", "-x509"] + curve
                + [
                    "-keyout", "clients-ca.key", "-out", "clients-ca.pem", "-days", "30", "-subj",
                    "/CN=Gatepost clients",
                    "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                ],
            directory: folder.path
        )
        try await succeed(
            [openssl, "req"] + curve + ["-keyout", "client.key", "-out", "client.csr", "-subj", "/CN=alice"],
            directory: folder.path
        )
        try await succeed(
            [
                openssl, "x509", "-req", "-in", "client.csr", "-CA", "clients-ca.pem", "-CAkey", "clients-ca.key",
                "-set_serial", "2", "-days", "30", "-extfile", "extensions", "-out", "client.pem",
            ],
            directory: folder.path
        )
        return ClientCertificate(folder: folder)
    }
}
