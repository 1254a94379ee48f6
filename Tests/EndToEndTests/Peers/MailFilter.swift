import Foundation

/// A mail filter from Debian, or one of ours, that runs until the value goes.
struct MailFilter: Sendable {
    /// As `milters` names it.
    let name: String
    let socket: String
    private let processes: [ChildProcess]
    private let folder: TemporaryFolder

    private init(_ name: String, _ socket: String, _ processes: [ChildProcess], _ folder: TemporaryFolder) {
        self.name = name
        self.socket = socket
        self.processes = processes
        self.folder = folder
    }

    /// Written in Python; see Programs/filter.py.
    static func scripted() async throws -> MailFilter {
        let folder = try TemporaryFolder("filter")
        let path = folder.path("socket")
        let process = try ChildProcess(
            [try Program.path("python3"), Program.script("filter.py"), path],
            input: .heldOpen,
            log: folder.path("log")
        )
        try await self.wait(for: path, by: process)
        return MailFilter("scripted", "unix:\(path)", [process], folder)
    }

    /// Scans by itself, with its test patterns and no rules.
    static func rspamd() async throws -> MailFilter {
        let folder = try TemporaryFolder("rspamd")
        let port = try Loopback.freePorts(1)[0]
        // Its own list of public suffixes takes it a minute to compile.
        let suffixes = try folder.write("suffixes", "com\norg\ntest\n")
        let file = try folder.write(
            "rspamd.conf",
            """
            options {
              pidfile = "\(folder.path("pid"))";
              filters = "";
              # The second since version 3.5.
              enable_test_patterns = true;
              gtube_patterns = "all";
              dns { nameserver = ["127.0.0.1:9"]; timeout = 0.1s; retransmits = 1; }
              url_tld = "\(suffixes)";
              tempdir = "\(folder.path(""))";
              cache_file = "\(folder.path("symbols.cache"))";
              hs_cache_dir = "\(folder.path(""))";
            }
            logging { type = "console"; level = "info"; }
            worker "rspamd_proxy" {
              bind_socket = "127.0.0.1:\(port)";
              milter = yes;
              timeout = 60s;
              count = 1;
              upstream "local" { default = yes; self_scan = yes; }
            }
            actions { reject = 15; add_header = 6; rewrite_subject = 8; }

            """
        )
        let process = try UnpackedServers.start("rspamd", ["rspamd", "-f", "-i", "-c", file], log: folder.path("log"))
        try await Loopback.waitUntilAccepting("127.0.0.1", port, by: process)
        return MailFilter("rspamd", "inet:127.0.0.1:\(port)", [process], folder)
    }

    /// ClamAV with one signature, made here: that of the EICAR test file.
    static func clamav() async throws -> MailFilter {
        let folder = try TemporaryFolder("clamav")
        let port = try Loopback.freePorts(1)[0]
        try FileManager.default.createDirectory(atPath: folder.path("db"), withIntermediateDirectories: true)
        let signature = EICAR.text.utf8.map { String(format: "%02x", $0) }.joined()
        try folder.write("db/own.ndb", "Gatepost.Test.EICAR:0:*:\(signature)\n")
        let socket = folder.path("clamd.sock")
        let scanner = try folder.write(
            "clamd.conf",
            """
            LocalSocket \(socket)
            DatabaseDirectory \(folder.path("db"))
            Foreground yes
            User root

            """
        )
        let filter = try folder.write(
            "clamav-milter.conf",
            """
            MilterSocket inet:\(port)@127.0.0.1
            ClamdSocket unix:\(socket)
            OnInfected Reject
            RejectMsg Infected with %v
            AddHeader Replace
            Foreground yes
            User root

            """
        )
        let daemon = try UnpackedServers.start(
            "clamav",
            ["clamd", "--config-file=\(scanner)"],
            log: folder.path("clamd")
        )
        try await self.wait(for: socket, by: daemon)
        let milter = try UnpackedServers.start(
            "clamav",
            ["clamav-milter", "--config-file=\(filter)"],
            log: folder.path("milter")
        )
        try await Loopback.waitUntilAccepting("127.0.0.1", port, by: milter)
        return MailFilter("clamav", "inet:127.0.0.1:\(port)", [milter, daemon], folder)
    }

    /// OpenDKIM, which signs for gatepost.test.
    static func opendkim() async throws -> MailFilter {
        let folder = try TemporaryFolder("opendkim")
        let key = folder.path("key.pem")
        _ = try await succeed([try Program.path("openssl"), "genrsa", "-out", key, "2048"])
        return try await self.opendkim(
            "opendkim",
            """
            Mode s
            Domain gatepost.test
            Selector test
            KeyFile \(key)
            Canonicalization simple/simple
            """,
            folder
        )
    }

    /// OpenDKIM, which verifies what the other one signed, with the key from a file and not from the DNS.
    static func opendkim(verifying signer: MailFilter) async throws -> MailFilter {
        let folder = try TemporaryFolder("opendkim-verifier")
        let key = try await succeed([
            try Program.path("openssl"), "rsa", "-in", signer.folder.path("key.pem"), "-pubout", "-outform", "DER",
        ])
        let keys = try folder.write(
            "keys",
            "test._domainkey.gatepost.test v=DKIM1; k=rsa; p=\(Data(key.output).base64EncodedString())\n"
        )
        return try await self.opendkim(
            "verifier",
            """
            Mode v
            TestPublicKeys \(keys)
            AuthservID filter.gatepost.test
            AlwaysAddARHeader yes
            """,
            folder
        )
    }

    private static func opendkim(
        _ name: String,
        _ settings: String,
        _ folder: TemporaryFolder
    ) async throws -> MailFilter {
        let port = try Loopback.freePorts(1)[0]
        let file = try folder.write(
            "opendkim.conf",
            """
            Socket inet:\(port)@127.0.0.1
            Background no
            UserID root
            RequireSafeKeys no
            \(settings)

            """
        )
        let process = try UnpackedServers.start("opendkim", ["opendkim", "-f", "-x", file], log: folder.path("log"))
        try await Loopback.waitUntilAccepting("127.0.0.1", port, by: process)
        return MailFilter(name, "inet:127.0.0.1:\(port)", [process], folder)
    }

    private static func wait(for socket: String, by process: ChildProcess) async throws {
        try await eventually("the socket \(socket)") {
            if let exit = process.poll() {
                throw ChildProcessError.failed(command: socket, exit: exit, said: process.errors)
            }
            return FileManager.default.fileExists(atPath: socket) ? () : nil
        }
    }
}

/// The test file that every virus scanner calls infected; in two parts, so that none does so with this file.
enum EICAR {
    static let text = #"X5O!P%@AP[4\PZX54(P^)7CC)7}$"# + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
}
