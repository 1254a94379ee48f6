import Foundation
import Testing

/// The relay logs in to a Postfix that asks Dovecot: with tokens that it fetches, and with a password that is wrong.
@Suite(
    .serialized,
    .enabled(if: UnpackedServers.areUsable("postfix", "dovecot"), Program.howToInstall),
    .enabled(if: Program.areInstalled("openssl", "python3"), Program.howToInstall)
)
struct RelayPeerTests {
    @Test(arguments: ["XOAUTH2", "OAUTHBEARER"])
    func `a person authorizes once, and the relay fetches its tokens from then on`(_ mechanism: String) async throws {
        let certificates = try await Certificates.make()
        let peer = try await PostfixSubmission.withDovecot(certificates: certificates)
        let endpoint = try await TokenEndpoint.start()
        let relay = try Gatepost(
            """
            delivery:
              route: relay
              relay:
                host: \(peer.address)
                port: \(peer.port)
                tls: opportunistic
                user: \(peer.user)
                mechanism: \(mechanism)
                oauth:
                  clientID: gatepost
                  tokenEndpoint: "http://127.0.0.1:\(endpoint.port)/token"
                  deviceEndpoint: "http://127.0.0.1:\(endpoint.port)/device"
                  refreshToken: file:relay.refresh
            """,
            certificates: certificates
        )
        let authorized = try await relay.verb("relay", "authorize")
        #expect(authorized.errors.contains("WDJB-MJHT"))
        #expect(authorized.errors.contains("http://127.0.0.1/device"))
        let file = relay.folder.path("relay.refresh")
        #expect(String(decoding: contents(of: file), as: UTF8.self) == "refresh-0\n")
        try await start(relay)
        try await submit(to: relay, certificates)
        try await eventually("Postfix to take the message") {
            peer.log().contains("sasl_method=\(mechanism)") ? () : nil
        }
        // The first token was refused, so a second was fetched, and each brought a new refresh token.
        #expect(String(decoding: contents(of: file), as: UTF8.self) == "refresh-2\n")
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)
        #expect(!relay.log.contains("refresh-"))
        #expect(try await relay.stop() == .code(0))
    }

    @Test func `a wrong password is tried once, not once for each message`() async throws {
        let certificates = try await Certificates.make()
        let peer = try await PostfixSubmission.withDovecot(certificates: certificates)
        let relay = try Gatepost(
            """
            delivery:
              route: relay
              relay: { host: \(peer.address), port: \(peer.port), tls: opportunistic, user: \(peer.user), password: file:relay.secret }
            """,
            certificates: certificates
        )
        let secret = try relay.folder.write("relay.secret", "wrong one\n", mode: 0o600)
        try await start(relay)
        for _ in 0..<3 { try await submit(to: relay, certificates) }
        let status = try await eventually("the status to tell of the refusal") {
            let status = String(decoding: try await relay.verb("status").output, as: UTF8.self)
            return status.contains("refused the login 1 times") && deferred(status) >= 3 ? status : nil
        }
        #expect(status.contains("535"))
        #expect(refusals(peer) == 1)
        // It holds over a restart.
        #expect(try await relay.stop() == .code(0))
        try await relay.start()
        try await submit(to: relay, certificates)
        try await eventually("the fourth message to be deferred") {
            let status = String(decoding: try await relay.verb("status").output, as: UTF8.self)
            return deferred(status) >= 1 ? () : nil
        }
        #expect(refusals(peer) == 1)
        // Somebody mends the password: the next message goes at once.
        try Data("\(SubmissionPeer.password)\n".utf8).write(to: URL(filePath: secret))
        try await submit(to: relay, certificates)
        try await eventually("Postfix to take the message") { peer.log().contains("sasl_username=alice") ? () : nil }
        #expect(refusals(peer) == 1)
        #expect(try await relay.stop() == .code(0))
    }

    /// The counter of `gatepost status`: how many recipients were tried and must wait, since the start.
    private func deferred(_ status: String) -> Int {
        let line = status.split(separator: "\n").first { $0.contains("recipientsDeferred") }
        return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }

    private func refusals(_ peer: SubmissionPeer) -> Int {
        peer.log().split(separator: "\n").filter { $0.contains("authentication failed") }.count
    }

    private func start(_ relay: Gatepost) async throws {
        try await relay.verb("domain", "add", "gatepost.test")
        try await relay.addAccount(Site.alice, password: Site.password)
        try await relay.start()
    }

    private func submit(to relay: Gatepost, _ certificates: Certificates) async throws {
        let folder = try TemporaryFolder("send")
        try await succeed(
            [
                Program.gatepost, "send", "--server", "127.0.0.1:\(relay.startTLSPort)", "--tls", "starttls", "--ca",
                certificates.authority, "--user", Site.alice, "--password-file",
                try folder.write("secret", Site.password + "\n", mode: 0o600), "--from", Site.alice, "--to",
                "someone@elsewhere.test", "--subject", "x", "--body", "y",
            ],
            environment: ["HOME": folder.path]
        )
    }
}

/// `Programs/token_endpoint.py`.
private struct TokenEndpoint: Sendable {
    let port: Int
    private let folder: TemporaryFolder
    private let process: ChildProcess

    static func start() async throws -> TokenEndpoint {
        guard let python = Program.find("python3") else { throw MissingProgram(name: "python3") }
        let folder = try TemporaryFolder("oauth")
        let process = try ChildProcess(
            [python, Program.script("token_endpoint.py"), DovecotLogins.tokenKey, "refresh-0"],
            log: folder.path("log")
        )
        let port = try await eventually("the token endpoint's port") {
            let words = String(decoding: process.output, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            return words.count > 1 ? Int(words[1]) : nil
        }
        return TokenEndpoint(port: port, folder: folder, process: process)
    }
}
