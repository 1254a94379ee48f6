import Foundation

/// A mail server by others that takes mail from who logs in: what our client is tried against.
struct SubmissionPeer: Sendable {
    static let user = "alice"
    static let password = "between 7 servers"

    /// As the table of results names it.
    var counterpart: String
    var version: String
    var address: String
    var port: Int
    /// How `gatepost send` is to use TLS.
    var tls = "starttls"
    var mechanisms: [String]
    /// The user name to log in with.
    var user = SubmissionPeer.user
    /// What it logged, for a failed test to show.
    var log: @Sendable () -> String
    /// What must live as long as it.
    var holders: [any Sendable]
}

func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

extension UnpackedServers {
    /// The version of a package as its Debian changelog has it.
    static func version(of package: String, in name: String) async throws -> String {
        let file = "\(folder)/\(name)/tree/usr/share/doc/\(package)/changelog.Debian.gz"
        let shown = try await run(["/bin/sh", "-c", "zcat '\(file)' | head -n 1"])
        // "postfix (3.7.11-0+deb12u1) bookworm; urgency=medium"
        let words = String(decoding: shown.output, as: UTF8.self).split(separator: " ")
        return words.count > 1 ? String(words[1].dropFirst().dropLast()) : "unknown"
    }
}
