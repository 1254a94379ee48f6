import Foundation
import Glibc
import Synchronization

/// The server under test: the built executable with a configuration, data and ports of its own.
final class Gatepost: Sendable {
    let folder: TemporaryFolder
    let startTLSPort: Int
    let implicitTLSPort: Int
    let certificates: Certificates
    private let process = Mutex<ChildProcess?>(nil)
    private let starts = Mutex(0)

    /// All that need a password and no weaker settings.
    static let defaultMechanisms =
        "SCRAM-SHA-256-PLUS, SCRAM-SHA-256, SCRAM-SHA-1-PLUS, SCRAM-SHA-1, CRAM-MD5, DIGEST-MD5, NTLM, PLAIN, LOGIN"

    /// Writes the configuration; nothing runs yet.
    ///
    /// - Parameters:
    ///   - settings: top-level keys of the configuration file to add: `dns`, `delivery`.
    ///   - listeners: more of them, each a line such as `{ service: pop3, … }`.
    ///   - mechanisms: to offer, in this order.
    ///   - authentication: further keys of `authentication`, a line each.
    ///   - clientAuthorities: PEM file of the authorities of client certificates.
    init(
        _ settings: String,
        listeners: [String] = [],
        certificates: Certificates,
        mechanisms: String = defaultMechanisms,
        authentication: [String] = [],
        clientAuthorities: String? = nil
    ) throws {
        folder = try TemporaryFolder("server")
        self.certificates = certificates
        let ports = try Loopback.freePorts(2)
        (startTLSPort, implicitTLSPort) = (ports[0], ports[1])
        let authorities = clientAuthorities.map { ", clientAuthorities: \"\($0)\"" } ?? ""
        let configuration = """
            hostname: mail.gatepost.test
            data: data
            tls: { certificate: "\(certificates.certificate)", key: "\(certificates.key)"\(authorities) }
            listeners:
              - { service: submission, address: "127.0.0.1:\(startTLSPort)", tls: starttls }
              - { service: submission, address: "127.0.0.1:\(implicitTLSPort)", tls: implicit }
            \(listeners.map { "  - \($0)" }.joined(separator: "\n"))
            authentication:
              mechanisms: [\(mechanisms)]
            \(authentication.map { "  \($0)" }.joined(separator: "\n"))
            networks: { allow: [127.0.0.0/8] }
            log: { level: debug }
            \(settings)

            """
        try folder.write("gatepost.yaml", configuration)
    }

    var configuration: String { folder.path("gatepost.yaml") }

    func port(_ transport: Transport) -> Int { transport == .startTLS ? startTLSPort : implicitTLSPort }

    /// What every start of the server wrote, for a failed test to show.
    var log: String {
        (0..<starts.withLock { $0 }).map { number in
            String(decoding: contents(of: folder.path("serve-\(number).out")), as: UTF8.self)
                + String(decoding: contents(of: folder.path("serve-\(number).err")), as: UTF8.self)
        }.joined(separator: "\n")
    }

    /// How much it has written so far: for ``log(since:)``.
    var logOctets: Int { log.utf8.count }

    /// What it wrote after that, for tests that share a server.
    func log(since octets: Int) -> String { String(decoding: log.utf8.dropFirst(octets), as: UTF8.self) }

    /// Runs a verb with this server's configuration.
    @discardableResult
    func verb(_ arguments: String..., input: String? = nil) async throws -> Completed {
        try await verb(arguments, input: input)
    }

    @discardableResult
    func verb(_ arguments: [String], input: String? = nil) async throws -> Completed {
        let standardInput: ChildProcess.Input
        if let input {
            standardInput = .file(try folder.write("input-\(UInt64.random(in: 0 ... .max))", input, mode: 0o600))
        } else {
            standardInput = .empty
        }
        return try await succeed(
            [Program.gatepost] + arguments + ["--config", configuration],
            input: standardInput
        )
    }

    func addAccount(_ address: String, password: String, legacy: String? = nil) async throws {
        let input = password + "\n"
        if let legacy {
            try await verb("account", "add", address, "--password-stdin", "--legacy", legacy, input: input)
        } else {
            try await verb("account", "add", address, "--password-stdin", input: input)
        }
    }

    /// Starts `gatepost serve` and waits until both ports accept connections.
    ///
    /// - Parameter wrapper: a program with arguments that runs it in its own place.
    func start(by wrapper: [String] = []) async throws {
        let number = starts.withLock { starts in
            defer { starts += 1 }
            return starts
        }
        let started = try ChildProcess(
            wrapper + [Program.gatepost, "serve", "--config", configuration],
            log: folder.path("serve-\(number)")
        )
        process.withLock { $0 = started }
        for port in [startTLSPort, implicitTLSPort] {
            try await Loopback.waitUntilAccepting("127.0.0.1", port, by: started)
        }
    }

    /// SIGTERM, and the exit code it led to.
    func stop() async throws -> ChildProcess.Exit? {
        guard let running = process.withLock({ $0 }) else { return nil }
        _ = running.send(SIGTERM)
        let exit = try await running.waitForExit()
        process.withLock { $0 = nil }
        return exit
    }

    /// SIGKILL: no time for last words.
    func kill() async throws {
        guard let running = process.withLock({ $0 }) else { return }
        _ = running.send(SIGKILL)
        _ = try await running.waitForExit()
        process.withLock { $0 = nil }
    }
}
