/// The server side of GNU SASL behind OpenSSL's own TLS server, spoken to through `Programs/gsasl_server.py`.
enum GSASLServer {
    static let address = "127.0.0.1"

    static func start(certificates: Certificates) async throws -> SubmissionPeer {
        let folder = try TemporaryFolder("gsasl")
        guard let python = Program.find("python3"), let openssl = Program.find("openssl") else {
            throw MissingProgram(name: "python3 or openssl")
        }
        let port = try Loopback.freePorts(1)[0]
        let process = try ChildProcess(
            [
                python, Program.script("gsasl_server.py"), openssl, "\(port)", certificates.certificate,
                certificates.key,
                SubmissionPeer.user, SubmissionPeer.password,
            ],
            log: folder.path("gsasl")
        )
        try await eventually("GNU SASL's server") {
            if let exit = process.poll() {
                throw ChildProcessError.failed(command: "gsasl_server.py", exit: exit, said: process.errors)
            }
            return String(decoding: process.output, as: UTF8.self).contains("ACCEPT") ? () : nil
        }
        let version = try await run([python, Program.script("gsasl_server.py"), "--version"])
        return SubmissionPeer(
            counterpart: "GNU SASL",
            version: String(decoding: version.output, as: UTF8.self).split(separator: "\n").first.map(String.init)
                ?? "unknown",
            address: address,
            port: port,
            tls: "implicit",
            mechanisms: [
                "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN",
                "DIGEST-MD5",
                "CRAM-MD5",
            ],
            log: { String(decoding: process.output, as: UTF8.self) + process.errors },
            holders: [folder, process]
        )
    }
}
