import Foundation

/// Java Mail in both its generations: `javax.mail` and `jakarta.mail`.
struct JavaMail: MailClient {
    let program = "java"
    let name: String
    let mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "NTLM"]
    let otherMechanisms = ["EXTERNAL", "XOAUTH2"]
    let habits = [
        "NTLM": "answers with NTLMv2 and flags of 0; the length of the response tells",
        "XOAUTH2": "hangs up at the challenge with the error, without taking the 535",
        "CRAM-MD5": "by the Java platform's SASL, which Java Mail uses only where `mail.smtp.sasl.enable` is set",
    ]
    /// `javax` or `jakarta`.
    private let package: String
    private let libraries: [String]
    /// Holds the compiled program and the trust store.
    private let folder: TemporaryFolder

    static let areInstalled = ["javax.mail", "javax.activation", "jakarta-mail", "jakarta-activation"].allSatisfy {
        FileManager.default.fileExists(atPath: library($0))
    }

    private static func library(_ name: String) -> String { "/usr/share/java/\(name).jar" }

    /// Compiles Submit.java against each of them.
    static func make(authority: String) async throws -> [JavaMail] {
        async let old = JavaMail("Java Mail", "javax", ["javax.mail", "javax.activation"], authority: authority)
        async let new = JavaMail(
            "Jakarta Mail",
            "jakarta",
            ["jakarta-mail", "jakarta-activation"],
            authority: authority
        )
        return try await [old, new]
    }

    private init(_ name: String, _ package: String, _ libraries: [String], authority: String) async throws {
        self.name = name
        self.package = package
        self.libraries = libraries.map(Self.library)
        folder = try TemporaryFolder("java")
        guard let javac = Program.find("javac"), let keytool = Program.find("keytool") else {
            throw MissingProgram(name: "javac")
        }
        let source = String(decoding: contents(of: Program.script("Submit.java")), as: UTF8.self)
        let file = try folder.write("Submit.java", source.replacing("javax.mail", with: "\(package).mail"))
        try await succeed([javac, "-cp", self.libraries[0], "-d", folder.path, file])
        try await succeed([
            keytool, "-importcert", "-noprompt", "-alias", "authority", "-file", authority, "-keystore",
            folder.path("trust.p12"),
            "-storetype", "PKCS12", "-storepass", "public",
        ])
    }

    func send(_ submission: Submission) async throws -> Completed {
        try await run(
            [
                // One short run: compiling well costs more than it saves.
                try path(), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp",
                ([folder.path] + libraries).joined(separator: ":"),
                "Submit", "\(submission.port)", submission.transport == .startTLS ? "starttls" : "implicit",
                folder.path("trust.p12"), submission.mechanism, submission.user, submission.sender,
                submission.recipient,
                try submission.folder.write("message", submission.message.wire),
            ],
            environment: submission.environment
        )
    }

    func version() async throws -> String {
        // The libraries lie side by side with and without their version in the name.
        let stem = libraries[0].dropLast(".jar".count).split(separator: "/").last.map { "\($0)-" } ?? ""
        let names = try FileManager.default.contentsOfDirectory(atPath: "/usr/share/java")
        let versions = names.filter { $0.hasPrefix(stem) && $0.hasSuffix(".jar") }
            .map { $0.dropFirst(stem.count).dropLast(".jar".count) }
        return versions.first { $0.first?.isNumber == true }.map(String.init) ?? "unknown"
    }
}
