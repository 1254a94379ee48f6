/// Exim that takes mail over TLS from who logs in by its own authenticators, and throws it away.
enum EximSubmission {
    static let address = "127.0.0.22"

    static func start(certificates: Certificates) async throws -> SubmissionPeer {
        let folder = try TemporaryFolder("exim")
        try Exim.makeFolders(in: folder)
        let port = try Loopback.freePorts(1)[0]
        let user = SubmissionPeer.user
        let password = SubmissionPeer.password
        let process = try await Exim.start(
            in: folder,
            hostname: "mx.exim.test",
            address: address,
            ports: [port],
            certificates: certificates,
            configuration: """
                tls_try_verify_hosts = *
                tls_verify_certificates = \(certificates.authority)
                auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}

                begin acl
                recipients:
                  accept authenticated = *
                  deny message = relaying denied

                begin routers
                everything:
                  driver = redirect
                  data = :blackhole:


                """ + Exim.authenticators(user: user, password: password) + """
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
        return SubmissionPeer(
            counterpart: "Exim",
            version: try await UnpackedServers.version(of: "exim4-daemon-heavy", in: "exim"),
            address: address,
            port: port,
            mechanisms: ["PLAIN", "LOGIN", "CRAM-MD5", "EXTERNAL"],
            log: { Exim.log(in: folder) },
            holders: [folder, process]
        )
    }
}
