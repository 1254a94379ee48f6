import Testing

/// Logins whose passwords other stores know: a real slapd, a real Dovecot, the real modules of PAM.
@Suite(
    .serialized,
    .enabled(if: UnpackedServers.areUsable("slapd", "dovecot"), Program.howToInstall),
    .enabled(if: Program.areInstalled("openssl", "swaks", "curl", "unshare"), Program.howToInstall)
)
struct PasswordStoreTests {
    /// How the directory is reached and the entry found.
    enum Way: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case search = "search over loopback"
        case startTLS = "search after STARTTLS"
        case template = "userDN over ldaps"
        case socket = "search over a Unix socket"

        var testDescription: String { rawValue }

        func setting(
            _ directory: DirectoryServer,
            _ certificates: Certificates,
            _ folder: TemporaryFolder
        ) throws -> String {
            let secret = try folder.write("searcher", DirectoryServer.searcherPassword + "\n", mode: 0o600)
            let search =
                "base: \"\(DirectoryServer.base)\", filter: \"(mail=%s)\", bindDN: \"\(DirectoryServer.searcher)\", bindPassword: \"file:\(secret)\""
            let authorities = "authorities: \"\(certificates.authority)\""
            return switch self {
            case .search: "ldap: { url: \"\(directory.url)\", \(search) }"
            case .startTLS: "ldap: { url: \"\(directory.url)\", starttls: true, \(authorities), \(search) }"
            case .template:
                "ldap: { url: \"\(directory.tlsURL)\", \(authorities), userDN: \"uid=%u,\(DirectoryServer.people)\" }"
            case .socket: "ldap: { url: \"\(directory.socketURL)\", \(search) }"
            }
        }
    }

    @Test(arguments: Way.allCases)
    func `a directory knows the password`(_ way: Way) async throws {
        let certificates = try await Certificates.make()
        let folder = try TemporaryFolder("ldap")
        let directory = try await DirectoryServer.start(certificates)
        let checker = try way.setting(directory, certificates, folder)
        let gatepost = try Gatepost(
            "",
            certificates: certificates,
            authentication: ["passwordCheckers: [ { timeout: 5s, \(checker) } ]"]
        )
        try await prepare(gatepost, ["lena", "locked", "stale", "twin"])
        try await gatepost.start()

        try await expect("235 2.7.0", "lena", DirectoryServer.password, at: gatepost)
        try await expect("235 2.7.0", "lena", DirectoryServer.password, mechanism: "LOGIN", at: gatepost)
        let wrong = try await expect("535 5.7.8", "lena", "wrong", at: gatepost)
        for (user, password) in [
            ("nobody", DirectoryServer.password),
            // In the directory, but without an account here.
            ("zoe", DirectoryServer.password),
            ("locked", DirectoryServer.password), ("stale", "wrong"),
            ("*", DirectoryServer.password), ("*)(uid=*", DirectoryServer.password),
            ("lena)(uid=lena", DirectoryServer.password),
            ("lena,ou=people", DirectoryServer.password),
        ] + (way == .template ? [] : [("twin", DirectoryServer.password)]) {
            let refused = try await expect("535 5.7.8", user, password, at: gatepost)
            #expect(refused == wrong, "one reply for every cause")
        }
        try await expect("432 4.7.12", "stale", DirectoryServer.password, at: gatepost)
        #expect(gatepost.log.contains("reason=password-change-needed"), "\(gatepost.log)")
        #expect(gatepost.log.contains("reason=wrong-password"))
        if way == .search { #expect(gatepost.log.contains("more than one directory entry fits")) }
        for secret in [DirectoryServer.password, DirectoryServer.searcherPassword] {
            #expect(!gatepost.log.contains(secret), "a secret is in the log")
        }

        try await directory.stop()
        try await expect("454 4.7.0", "lena", "wrong", at: gatepost)
        #expect(gatepost.log.contains("reason=backend-down"))
        // It proved right some seconds ago.
        try await expect("235 2.7.0", "lena", DirectoryServer.password, at: gatepost)
        let restarted = try await DirectoryServer.start(certificates, again: directory)
        try await expect("535 5.7.8", "lena", "wrong", at: gatepost)
        try await expect("235 2.7.0", "twin", DirectoryServer.password, at: gatepost, if: way == .template)
        #expect(try await gatepost.stop() == .code(0))
        try await restarted.stop()
    }

    @Test(arguments: ["ldaps", "starttls"])
    func `a directory whose certificate is by nobody known gets no password`(_ kind: String) async throws {
        let certificates = try await Certificates.make()
        let strangers = try await Certificates.make()
        let directory = try await DirectoryServer.start(strangers)
        let url = kind == "ldaps" ? directory.tlsURL : directory.url
        let gatepost = try Gatepost(
            "",
            certificates: certificates,
            authentication: [
                """
                passwordCheckers: [ { timeout: 5s, ldap: { url: "\(url)", starttls: \(kind == "starttls"), \
                authorities: "\(certificates.authority)", userDN: "uid=%u,\(DirectoryServer.people)" } } ]
                """
            ]
        )
        try await prepare(gatepost, ["lena"])
        try await gatepost.start()
        try await expect("454 4.7.0", "lena", DirectoryServer.password, at: gatepost)
        #expect(try await gatepost.stop() == .code(0))
        try await directory.stop()
    }

    @Test func `a Dovecot knows the password`() async throws {
        let certificates = try await Certificates.make()
        let dovecot = try await DovecotAuthentication.start()
        let gatepost = try Gatepost(
            "",
            certificates: certificates,
            authentication: ["passwordCheckers: [ { timeout: 5s, dovecot: { socket: \"\(dovecot.socket)\" } } ]"]
        )
        let users = ["plain", "salted", "crypt", "near", "far", "broken"]
        try await prepare(gatepost, users)
        try await gatepost.start()
        let right = DovecotAuthentication.password
        for user in ["plain", "salted", "crypt", "near"] {
            let wrong = try await expect("535 5.7.8", user, "wrong", at: gatepost)
            #expect(wrong == "535 5.7.8 Authentication failed (ref XXXX-XXXX)")
            try await expect("235 2.7.0", user, right, mechanism: user == "salted" ? "LOGIN" : "PLAIN", at: gatepost)
        }
        // Dovecot was told from where.
        try await expect("535 5.7.8", "far", right, at: gatepost)
        try await expect("535 5.7.8", "nobody", right, at: gatepost)
        try await expect("454 4.7.0", "broken", right, at: gatepost)
        #expect(!gatepost.log.contains(right))
        #expect(dovecot.log.contains("plain@gatepost.test"), "\(dovecot.log)")

        try await dovecot.stop()
        try await expect("454 4.7.0", "plain", "wrong", at: gatepost)
        try await expect("235 2.7.0", "plain", right, at: gatepost)
        let restarted = try await DovecotAuthentication.start(again: dovecot)
        try await expect("535 5.7.8", "plain", "wrong", at: gatepost)
        #expect(try await gatepost.stop() == .code(0))
        try await restarted.stop()
    }

    /// With `passwd` and `shadow` of its own, laid over this machine's for the server alone.
    @Test func `PAM knows the password`() async throws {
        let certificates = try await Certificates.make()
        let folder = try TemporaryFolder("pam")
        let password = "pw one"
        guard let openssl = Program.find("openssl"), let unshare = Program.find("unshare") else {
            throw MissingProgram(name: "openssl")
        }
        let made = try await succeed([openssl, "passwd", "-6", password])
        let hash = String(decoding: made.output, as: UTF8.self).split(separator: "\n").first ?? ""
        let shadow = [
            "root:*:20000:0:99999:7:::", "tina:\(hash):20000:0:99999:7:::", "stale:\(hash):0:0:99999:7:::",
            "gone:\(hash):20000:0:99999:7::1:", "locked:!\(hash):20000:0:99999:7:::", "empty::20000:0:99999:7:::",
        ]
        let names = shadow.map { String($0.prefix { $0 != ":" }) }
        let passwd = names.enumerated().map { number, name in
            let id = number == 0 ? 0 : 61100 + number
            return "\(name):x:\(id):\(id)::/nonexistent:/usr/sbin/nologin"
        }
        try folder.write("passwd", passwd.joined(separator: "\n") + "\n")
        try folder.write("shadow", shadow.joined(separator: "\n") + "\n", mode: 0o640)
        try folder.makeFolder("pam.d")
        try folder.write("pam.d/gatepost", "auth required pam_unix.so nullok\naccount required pam_unix.so\n")

        let gatepost = try Gatepost(
            "",
            certificates: certificates,
            authentication: [
                """
                passwordCheckers: [ { domains: [gatepost.test], createAccounts: true, \
                pam: { service: gatepost, directory: "\(folder.path("pam.d"))" } } ]
                """
            ]
        )
        try await prepare(gatepost, ["stale", "gone", "locked", "empty"])
        let overlay =
            "mount --bind \"$1/passwd\" /etc/passwd && mount --bind \"$1/shadow\" /etc/shadow && shift && exec \"$@\""
        try await gatepost.start(by: [
            unshare, "--mount", "--propagation", "private", "/bin/sh", "-c", overlay, "sh", folder.path,
        ])

        let wrong = try await expect("535 5.7.8", "tina", "wrong", at: gatepost)
        try await expect("235 2.7.0", "tina", password, at: gatepost)
        try await expect("235 2.7.0", "tina", password, mechanism: "LOGIN", at: gatepost)
        let listed = try await gatepost.verb("account", "list", "--json").output
        #expect(
            String(decoding: listed, as: UTF8.self).contains("tina@gatepost.test"),
            "the first login made the account"
        )
        for (user, password) in [
            ("nobody", password), ("gone", password), ("locked", password), ("empty", "x"), ("stale", "wrong"),
        ] {
            #expect(try await expect("535 5.7.8", user, password, at: gatepost) == wrong)
        }
        try await expect("432 4.7.12", "stale", password, at: gatepost)
        // Without its file, and with no other, PAM has no say.
        try folder.remove("pam.d/gatepost")
        try await expect("454 4.7.0", "gone", password, at: gatepost)
        #expect(!gatepost.log.contains(password))
        #expect(try await gatepost.stop() == .code(0))
    }

    // MARK: Steps

    private func prepare(_ gatepost: Gatepost, _ names: [String]) async throws {
        try await gatepost.verb("domain", "add", "gatepost.test")
        for name in names { try await gatepost.verb("account", "add", "\(name)@gatepost.test", "--no-password") }
    }

    /// Logs in with curl and with swaks.
    ///
    /// - Returns: the server's reply, with its reference masked.
    @discardableResult
    private func expect(
        _ reply: String,
        _ user: String,
        _ password: String,
        mechanism: String = "PLAIN",
        at gatepost: Gatepost,
        if condition: Bool = true
    ) async throws -> String {
        guard condition else { return "" }
        guard let swaks = Program.find("swaks"), let curl = Program.find("curl") else {
            throw MissingProgram(name: "swaks")
        }
        let tried = try await run([
            swaks, "--server", "127.0.0.1", "--port", "\(gatepost.startTLSPort)", "--tls", "--auth", mechanism,
            "--auth-user", "\(user)@gatepost.test", "--auth-password", password, "--quit-after", "AUTH",
        ])
        let lines = tried.said.split(separator: "\n").filter { $0.hasPrefix("<~") }.map {
            $0.dropFirst(3).drop { $0 == " " }
        }
        let said = lines.first { $0.hasPrefix(reply) }
        #expect(said != nil, "swaks as \(user): wanted \(reply)\n\(tried.said)\n\(gatepost.log.suffix(3000))")

        let again = try await run([
            curl, "--silent", "--show-error", "--verbose", "--ssl-reqd", "--cacert", gatepost.certificates.authority,
            "--url", "smtp://127.0.0.1:\(gatepost.startTLSPort)", "--user", "\(user)@gatepost.test:\(password)",
            "--login-options", "AUTH=\(mechanism)", "--request", "NOOP",
        ])
        let isAccepted = reply.hasPrefix("235")
        #expect(again.succeeded == isAccepted, "curl as \(user): \(again.said)")
        #expect(again.said.contains("< \(reply)"), "curl as \(user): wanted \(reply)\n\(again.said)")
        return said.map { String($0).replacing(#/ref [0-9A-Z-]+/#, with: "ref XXXX-XXXX") } ?? ""
    }
}
