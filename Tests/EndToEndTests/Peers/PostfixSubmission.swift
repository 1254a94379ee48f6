/// Postfix that takes mail over TLS from who logs in, and throws it away. Logins are checked by Dovecot or by Cyrus SASL.
enum PostfixSubmission {
    static let address = "127.0.0.21"

    static func withDovecot(certificates: Certificates) async throws -> SubmissionPeer {
        let dovecot = try await DovecotLogins.start(
            user: SubmissionPeer.user,
            password: SubmissionPeer.password
        )
        let folder = try makeFolder()
        let (port, process) = try await start(
            "postfix",
            folder,
            "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = \(dovecot.socket)\n",
            certificates
        )
        return SubmissionPeer(
            counterpart: "Postfix with Dovecot",
            version: try await UnpackedServers.version(of: "postfix", in: "postfix") + ", "
                + UnpackedServers.version(of: "dovecot-core", in: "dovecot"),
            address: address,
            port: port,
            mechanisms: DovecotLogins.mechanisms,
            log: { Postfix.log(in: folder) + dovecot.log },
            holders: [folder, process, dovecot]
        )
    }

    /// Passwords in Cyrus SASL's own database.
    static func withCyrus(certificates: Certificates) async throws -> SubmissionPeer {
        let folder = try makeFolder()
        try folder.makeFolder("etc/sasl")
        // Debian's Postfix looks beside main.cf, whatever `cyrus_sasl_config_path` says.
        try folder.write(
            "etc/sasl/smtpd.conf",
            """
            pwcheck_method: auxprop
            auxprop_plugin: sasldb
            sasldb_path: \(folder.path("etc/sasl/sasldb2"))
            mech_list: SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN DIGEST-MD5 CRAM-MD5 NTLM

            """
        )
        let secret = try folder.write("secret", SubmissionPeer.password, mode: 0o600)
        let store =
            "saslpasswd2 -p -c -f '\(folder.path("etc/sasl/sasldb2"))' -u gp.test \(SubmissionPeer.user) < '\(secret)'"
        let made = try UnpackedServers.start(
            "cyrus",
            ["sh", "-c", "\(store) && chown -R postfix '\(folder.path("etc/sasl"))'"],
            log: folder.path("saslpasswd2")
        )
        let exit = try await made.waitForExit()
        guard exit == .code(0) else {
            throw ChildProcessError.failed(command: "saslpasswd2", exit: exit, said: made.errors)
        }
        let (port, process) = try await start(
            "cyrus",
            folder,
            """
            smtpd_sasl_type = cyrus
            smtpd_sasl_path = smtpd
            cyrus_sasl_config_path = \(folder.path("etc/sasl"))
            smtpd_sasl_local_domain = gp.test

            """,
            certificates
        )
        return SubmissionPeer(
            counterpart: "Postfix with Cyrus SASL",
            version: try await UnpackedServers.version(of: "postfix", in: "cyrus") + ", "
                + UnpackedServers.version(of: "sasl2-bin", in: "cyrus"),
            address: address,
            port: port,
            mechanisms: ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "DIGEST-MD5", "CRAM-MD5", "NTLM"],
            log: { Postfix.log(in: folder) },
            holders: [folder, process]
        )
    }

    private static func makeFolder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder("postfix")
        try Postfix.makeFolders(in: folder)
        return folder
    }

    private static func start(
        _ package: String,
        _ folder: TemporaryFolder,
        _ settings: String,
        _ certificates: Certificates
    ) async throws -> (port: Int, ChildProcess) {
        let port = try Loopback.freePorts(1)[0]
        let common = """
            mynetworks =
            default_transport = discard
            smtpd_relay_restrictions = permit_sasl_authenticated, reject
            smtpd_tls_chain_files = \(certificates.key), \(certificates.certificate)
            smtpd_tls_security_level = encrypt
            smtpd_tls_auth_only = yes
            smtpd_sasl_auth_enable = yes
            smtpd_sasl_security_options = noanonymous
            smtpd_soft_error_limit = 1000
            smtpd_hard_error_limit = 2000

            """
        let process = try await Postfix.start(
            package,
            in: folder,
            hostname: "mx.postfix.test",
            listeners: "\(address):\(port) inet n - n - - smtpd\n",
            settings: common + settings,
            accepting: [(address, port)]
        )
        return (port, process)
    }
}
