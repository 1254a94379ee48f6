import Foundation
import Testing

@Suite("gatepost dev", .serialized)
struct DevTests {
    private struct Sandbox: Decodable {
        struct Login: Decodable {
            var address: String
            var password: String
        }

        var accounts: [Login]
    }

    @Test("a message lands in the inbox of the account that sent it; the verbs talk to the running server")
    func sandbox() async throws {
        let directory = try WorkingDirectory()
        let ports = try (0..<3).map { _ in try DevTests.freePort() }
        let process = Process()
        process.executableURL = CommandLineTool.executable
        process.arguments = ["dev", "--json", "--ports", ports.map(String.init).joined(separator: ",")]
        process.currentDirectoryURL = directory.url
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer { if process.isRunning { process.terminate() } }
        let sandbox = try JSONDecoder().decode(Sandbox.self, from: DevTests.document(from: output.fileHandleForReading))
        let alice = try #require(sandbox.accounts.first)
        #expect(alice.address == "alice@example.test")

        func run(
            _ arguments: [String],
            _ password: String = "",
            input: String = ""
        ) async throws -> CommandLineTool.Result {
            try await CommandLineTool.run(
                arguments,
                in: directory.url,
                input: input,
                environment: ["GATEPOST_PASSWORD": password]
            )
        }
        let trust = ["--ca", "gatepost-dev/certificate.pem", "--user", alice.address, "--to", "somebody@example.com"]
        for (port, mechanism) in [
            (0, "PLAIN"), (1, "SCRAM-SHA-256"), (0, "CRAM-MD5"), (1, "LOGIN"), (0, "SCRAM-SHA-1"),
        ] {
            let sent = try await run(
                [
                    "send", "--server", "127.0.0.1:\(ports[port])", "--mechanism", mechanism, "--subject",
                    "by \(mechanism)",
                ]
                    + ["--tls", port == 0 ? "starttls" : "implicit"] + trust,
                alice.password
            )
            #expect(sent.code == 0, "\(mechanism): \(sent.messages)")
            let arrived = try await run(["inbox", "wait", alice.address, "--subject", "by \(mechanism)", "--json"])
            #expect(arrived.output.contains("\"subject\" : \"by \(mechanism)\""))
        }
        let clear = try await run(
            [
                "send", "--server", "127.0.0.1:\(ports[2])", "--tls", "none", "--mechanism", "PLAIN", "--subject",
                "clear",
            ]
                + trust,
            alice.password
        )
        #expect(clear.code == 0, "\(clear.messages)")
        let refused = try await run(["send", "--server", "127.0.0.1:\(ports[0])", "--subject", "x"] + trust, "wrong")
        #expect(refused.code == 1)
        #expect(refused.messages.contains("535 5.7.8"))

        let shown = try await run(["inbox", "show", "latest"])
        #expect(shown.output.contains("Subject: clear\r\n"))
        #expect(try await run(["inbox", "list", "bob@example.test", "--json"]).output == "[\n\n]\n")

        // A change counts at once, also for a password that is remembered as right.
        #expect(try await run(["account", "disable", alice.address]).code == 0)
        let disabled = try await run(
            ["send", "--server", "127.0.0.1:\(ports[0])", "--mechanism", "PLAIN"] + trust,
            alice.password
        )
        #expect(disabled.code == 1)
        #expect(try await run(["account", "enable", alice.address]).code == 0)
        #expect(
            try await run(["account", "password", alice.address, "--password-stdin"], input: "new one\n").code == 0
        )
        #expect(
            try await run(
                ["send", "--server", "127.0.0.1:\(ports[0])", "--mechanism", "PLAIN"] + trust,
                alice.password
            ).code
                == 1
        )
        #expect(
            try await run(["send", "--server", "127.0.0.1:\(ports[0])", "--mechanism", "PLAIN"] + trust, "new one").code
                == 0
        )

        let status = try await run(["status", "--json"])
        #expect(status.code == 0)
        #expect(status.output.contains("\"messagesAccepted\" : 7"))

        try await self.sendmail(directory, ports[2])

        process.terminate()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(try await run(["status"]).code == 69)
    }

    /// The same executable under another name.
    private func sendmail(_ directory: WorkingDirectory, _ port: Int) async throws {
        let link = directory.url.appending(path: "sendmail")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: CommandLineTool.executable)
        let settings = directory.url.appending(path: ".config/gatepost")
        try FileManager.default.createDirectory(at: settings, withIntermediateDirectories: true)
        try Data("server = 127.0.0.1:\(port)\ntls = none\nuser = bob@example.test\n".utf8)
            .write(to: settings.appending(path: "send"))
        let passwords = String(
            decoding: try Data(contentsOf: directory.url.appending(path: "gatepost-dev/passwords")),
            as: UTF8.self
        )
        let bob = try #require(
            passwords.split(separator: "\n").first { $0.hasPrefix("bob@") }?.split(separator: ":").last
        )
        let environment = ["HOME": directory.url.path, "GATEPOST_PASSWORD": String(bob)]
        let message =
            "From: bob@example.test\nTo: a@example.com\nBcc: hidden@example.com\nSubject: by sendmail\n\nHi\n.\nrest\n"
        let sent = try await CommandLineTool.run(
            ["-t", "-oi"],
            in: directory.url,
            input: message,
            environment: environment,
            executable: link
        )
        #expect(sent.code == 0, "\(sent.messages)")
        let shown = try await CommandLineTool.run(["inbox", "show", "latest"], in: directory.url)
        #expect(shown.output.contains("Subject: by sendmail\r\n"))
        #expect(shown.output.hasSuffix("\r\nHi\r\n.\r\nrest\r\n"))
        #expect(!shown.output.contains("hidden"))
        let list = try await CommandLineTool.run(["inbox", "list", "bob@example.test", "--json"], in: directory.url)
        #expect(list.output.contains("hidden@example.com"))
    }

    /// Reads until one JSON document is complete.
    private static func document(from handle: FileHandle) throws -> Data {
        var text = Data()
        while true {
            let piece = handle.availableData
            guard !piece.isEmpty else { throw CocoaError(.fileReadUnknown) }
            text += piece
            if text.suffix(3) == Data("\n}\n".utf8) { return text }
        }
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 ? getsockname(descriptor, pointer, &length) : -1
            }
        }
        guard code == 0 else { throw POSIXError(.EADDRINUSE) }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
