import Foundation
import Testing

/// A command line, and how it ends.
struct ExitCase: Sendable, CustomTestStringConvertible {
    var arguments: [String]
    var code: Int32
    /// Part of what standard error says.
    var message: String
    var input = ""
    var environment: [String: String] = [:]

    var testDescription: String { self.arguments.joined(separator: " ") }

    static let all: [ExitCase] = [
        ExitCase(arguments: ["acount"], code: 64, message: "did you mean 'gatepost account'?"),
        ExitCase(arguments: ["account", "lsit"], code: 64, message: "did you mean 'gatepost account list'?"),
        ExitCase(arguments: ["frobnicate"], code: 64, message: "is not a verb of gatepost; there are init, serve"),
        ExitCase(arguments: ["status", "--bogus"], code: 64, message: "Unknown option '--bogus'"),
        ExitCase(arguments: ["account", "add"], code: 64, message: "Missing expected argument"),
        ExitCase(arguments: ["queue", "hold", "--config", "good.yaml"], code: 64, message: "Name messages"),
        ExitCase(arguments: ["status"], code: 78, message: "no configuration"),
        ExitCase(arguments: ["serve", "--config", "absent.yaml"], code: 78, message: "No such file or directory"),
        ExitCase(
            arguments: ["serve", "--config", "bad.yaml"],
            code: 78,
            message: "bad.yaml:1:1: error: key hostnam: unknown"
        ),
        ExitCase(arguments: ["config", "check", "--config", "bad.yaml"], code: 1, message: "did you mean 'hostname'?"),
        ExitCase(arguments: ["status", "--config", "good.yaml"], code: 69, message: "no server runs"),
        ExitCase(
            arguments: ["account", "show", "nobody@example.org", "--config", "good.yaml"],
            code: 1,
            message: "no account"
        ),
        ExitCase(
            arguments: ["account", "add", "a@b@c", "--config", "good.yaml"],
            code: 65,
            message: "not a mail address"
        ),
        ExitCase(
            arguments: ["queue", "show", "x", "--config", "good.yaml"],
            code: 65,
            message: "not a message identifier"
        ),
        ExitCase(
            arguments: ["account", "add", "a@example.org", "--password-stdin", "--config", "good.yaml"],
            code: 65,
            message: "holds no password"
        ),
        ExitCase(
            arguments: [
                "account", "add", "a@example.org", "--legacy", "plain", "--password-stdin", "--config", "good.yaml",
            ],
            code: 65,
            message: "PLAIN needs no stored password",
            input: "password\n"
        ),
        ExitCase(
            arguments: ["account", "import", "users", "--cleartext", "--config", "good.yaml"],
            code: 65,
            message: "users:2: not name:secret"
        ),
        ExitCase(
            arguments: ["inbox", "wait", "--timeout", "1ms", "--config", "good.yaml"],
            code: 1,
            message: "no such message"
        ),
        ExitCase(
            arguments: ["inbox", "wait", "--timeout", "soon", "--config", "good.yaml"],
            code: 64,
            message: "invalid"
        ),
        ExitCase(arguments: ["provider", "show", "gmial"], code: 1, message: "did you mean 'gmail'?"),
        ExitCase(arguments: ["send", "--server", "127.0.0.1:1"], code: 64, message: "Name a recipient"),
        ExitCase(
            arguments: ["send", "--server", "127.0.0.1:1", "--from", "a@b.example", "--to", "c@d.example"],
            code: 69,
            message: "127.0.0.1:1"
        ),
        ExitCase(
            arguments: ["send", "--server", "127.0.0.1:1", "--from", "a@b.example", "--to", "nobody at all"],
            code: 65,
            message: "not a mail address"
        ),
        ExitCase(
            arguments: ["send", "--mechanism", "SCRAM-SHA-257", "--user", "a@b.example", "--to", "c@d.example"],
            code: 64,
            message: "did you mean 'SCRAM-SHA-256'?",
            environment: ["GATEPOST_PASSWORD": "x"]
        ),
    ]
}

@Suite("Exit codes, sysexits.h")
struct ExitCodeTests {
    @Test("each failure has its code and says what to do", arguments: ExitCase.all)
    func ends(_ vector: ExitCase) async throws {
        let directory = try WorkingDirectory()
        try directory.write("good.yaml", "hostname: mail.example.org\ntls: { certificate: c.pem, key: k.pem }\n")
        try directory.write("bad.yaml", "hostnam: mail.example.org\n")
        try directory.write("users", "alice@example.org:secret\nbroken\n")
        let result = try await CommandLineTool.run(
            vector.arguments,
            in: directory.url,
            input: vector.input,
            environment: vector.environment
        )
        #expect(result.code == vector.code, "\(result.messages)")
        #expect(result.messages.contains(vector.message), "\(result.messages)")
        // Results go to standard output, and a failure has none.
        #expect(result.output.isEmpty)
    }
}
