/// OpenSMTPD that takes mail over TLS from who logs in, and throws it away.
enum OpenSMTPDSubmission {
    static let address = "127.0.0.23"

    static func start(certificates: Certificates) async throws -> SubmissionPeer {
        let folder = try TemporaryFolder("opensmtpd")
        try folder.write("key.pem", contents(of: certificates.key), mode: 0o600)
        try folder.write("server.pem", contents(of: certificates.certificate))
        guard let openssl = Program.find("openssl") else { throw MissingProgram(name: "openssl") }
        let secret = try folder.write("secret", SubmissionPeer.password + "\n", mode: 0o600)
        let hashed = try await succeed([openssl, "passwd", "-6", "-in", secret])
        let hash = String(decoding: hashed.output, as: UTF8.self).split(separator: "\n")[0]
        try folder.write("users", "\(SubmissionPeer.user) \(hash)\n")
        try folder.makeFolder("spool")
        let port = try Loopback.freePorts(1)[0]
        let file = try folder.write(
            "smtpd.conf",
            """
            pki test cert "\(folder.path("server.pem"))"
            pki test key "\(folder.path("key.pem"))"
            table users file:\(folder.path("users"))
            listen on \(address) port \(port) tls-require pki test auth <users>
            action "away" mda "/bin/cat > /dev/null" virtual { "@" = "sink" }
            match auth from any for any action "away"
            match from any for any reject

            """
        )
        // /var is read-only in there, and the spool must be root's.
        let process = try UnpackedServers.start(
            "opensmtpd",
            [
                "sh", "-c",
                "mount -t tmpfs spool /var/spool && mkdir -m 711 /var/spool/smtpd && exec smtpd -dv -f '\(file)'",
            ],
            log: folder.path("smtpd")
        )
        try await Loopback.waitUntilAccepting(address, port, by: process)
        return SubmissionPeer(
            counterpart: "OpenSMTPD",
            version: try await UnpackedServers.version(of: "opensmtpd", in: "opensmtpd"),
            address: address,
            port: port,
            mechanisms: ["PLAIN", "LOGIN"],
            log: { String(decoding: process.output, as: UTF8.self) + process.errors },
            holders: [folder, process]
        )
    }
}
