/// A certificate authority of the tests, and a server certificate by it for `localhost`, 127.0.0.0/8 as far as it
/// is used here, and the names of the test hosts.
struct Certificates: Sendable {
    let folder: TemporaryFolder
    var authority: String { folder.path("ca.pem") }
    var certificate: String { folder.path("server.pem") }
    var key: String { folder.path("server.key") }

    /// Makes them with the `openssl` command.
    static func make() async throws -> Certificates {
        let folder = try TemporaryFolder("ca")
        guard let openssl = Program.find("openssl") else { throw MissingProgram(name: "openssl") }
        let names =
            ["localhost", "mail.gatepost.test", "mx.postfix.test", "mx.exim.test"].map { "DNS:\($0)" }
            + ["127.0.0.1", PostfixSink.address, EximSink.address, "127.0.0.21", "127.0.0.22"].map {
                "IP:\($0)"
            }
        try folder.write(
            "extensions",
            "subjectAltName=\(names.joined(separator: ","))\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n"
        )
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try await succeed(
            [openssl, "req", "-x509"] + curve
                + [
                    "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Gatepost tests",
                    "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                ],
            directory: folder.path
        )
        try await succeed(
            [openssl, "req"] + curve + [
                "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=mail.gatepost.test",
            ],
            directory: folder.path
        )
        try await succeed(
            [
                openssl, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "2",
                "-days", "30", "-extfile", "extensions", "-out", "server.pem",
            ],
            directory: folder.path
        )
        return Certificates(folder: folder)
    }

    /// A client certificate by the same authority for an address, for EXTERNAL.
    func makeClient(_ address: String) async throws -> ClientIdentity {
        guard let openssl = Program.find("openssl") else { throw MissingProgram(name: "openssl") }
        let name = String(address.prefix { $0 != "@" })
        try folder.write(
            "\(name).extensions",
            "subjectAltName=email:\(address)\nextendedKeyUsage=clientAuth\nbasicConstraints=CA:FALSE\n"
        )
        let steps = [
            [
                "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "\(name).key",
                "-out", "\(name).csr", "-subj", "/CN=\(name)",
            ],
            [
                "x509", "-req", "-in", "\(name).csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "30",
                "-extfile", "\(name).extensions", "-out", "\(name).pem",
            ],
            [
                "pkcs12", "-export", "-in", "\(name).pem", "-inkey", "\(name).key", "-passout", "pass:public",
                "-out", "\(name).p12",
            ],
        ]
        for step in steps { try await succeed([openssl] + step, directory: folder.path) }
        return ClientIdentity(
            certificate: folder.path("\(name).pem"),
            key: folder.path("\(name).key"),
            archive: folder.path("\(name).p12")
        )
    }
}

struct MissingProgram: Error, CustomStringConvertible {
    var name: String
    var description: String { "\(name) is not installed: Scripts/packages clients" }
}
