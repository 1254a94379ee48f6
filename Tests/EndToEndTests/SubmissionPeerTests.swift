import Foundation
import Testing

/// `gatepost send` and the relay log in to mail servers that others wrote, with every mechanism that each offers.
@Suite(.serialized, .enabled(if: Program.areInstalled("openssl", "python3"), Program.howToInstall))
struct SubmissionPeerTests {
    @Test(.enabled(if: UnpackedServers.areUsable("postfix", "dovecot"), Program.howToInstall))
    func `Postfix with Dovecot`() async throws {
        let certificates = try await Certificates.make()
        let peer = try await PostfixSubmission.withDovecot(certificates: certificates)
        try await tryAll(peer, certificates)
    }

    @Test(.enabled(if: UnpackedServers.areUsable("cyrus"), Program.howToInstall))
    func `Postfix with Cyrus SASL`() async throws {
        let certificates = try await Certificates.make()
        let peer = try await PostfixSubmission.withCyrus(certificates: certificates)
        try await tryAll(peer, certificates)
    }

    @Test(.enabled(if: UnpackedServers.areUsable("exim"), Program.howToInstall))
    func `Exim`() async throws {
        let certificates = try await Certificates.make()
        let client = try await certificates.makeClient(Site.alice)
        let peer = try await EximSubmission.start(certificates: certificates)
        try await tryAll(peer, certificates, client: client)
    }

    @Test(.enabled(if: Program.areInstalled("gsasl"), Program.howToInstall))
    func `GNU SASL`() async throws {
        let certificates = try await Certificates.make()
        let peer = try await GSASLServer.start(certificates: certificates)
        try await tryAll(peer, certificates)
    }

    /// What one try of `gatepost send` came to.
    private struct Outcome {
        var exit: ChildProcess.Exit
        /// The session, secrets masked.
        var transcript: String

        /// The server's last words about the login.
        var words: String {
            let lines = transcript.split(separator: "\n")
            let replies = lines.filter { $0.hasPrefix("S: 235") || $0.hasPrefix("S: 5") || $0.hasPrefix("S: 4") }
            return replies.first.map { String($0.dropFirst(3).prefix(9)) } ?? "hung up"
        }

        /// What the server said to the client's `*`; nil where the client did not cancel.
        var answerToCancel: String? {
            let lines = transcript.split(separator: "\n")
            guard let cancel = lines.firstIndex(of: "C: *") else { return nil }
            return lines[cancel...].dropFirst().first.map(String.init)
        }
    }

    private func tryAll(
        _ peer: SubmissionPeer,
        _ certificates: Certificates,
        client: ClientIdentity? = nil
    ) async throws {
        var rows: [InteroperabilityRow] = []
        for mechanism in peer.mechanisms {
            let secrets = try await Self.secrets(for: mechanism)
            let right = try await send(peer, mechanism, secrets.right, certificates, client)
            #expect(
                right.exit == .code(0),
                "\(peer.counterpart) \(mechanism)\n\(right.transcript)\n\(peer.log().suffix(3000))"
            )
            #expect(right.words.hasPrefix("235"), "\(peer.counterpart) \(mechanism)\n\(right.transcript)")

            let wrong = try await send(peer, mechanism, secrets.wrong, certificates, client)
            #expect(
                wrong.exit == .code(1),
                "\(peer.counterpart) \(mechanism)\n\(wrong.transcript)\n\(peer.log().suffix(3000))"
            )
            #expect(wrong.words.hasPrefix("535"), "\(peer.counterpart) \(mechanism)\n\(wrong.transcript)")
            let attempts = wrong.transcript.split(separator: "\n").filter { $0.hasPrefix("C: AUTH ") }.count
            #expect(attempts == 1, "a wrong secret is tried once")

            var cancelled = InteroperabilityRow.nothing
            if let unusable = secrets.unusable {
                let outcome = try await send(peer, mechanism, unusable, certificates, client)
                #expect(outcome.exit == .code(1), "\(peer.counterpart) \(mechanism)\n\(outcome.transcript)")
                let isCancelled = outcome.answerToCancel?.hasPrefix("S: 501 ") == true
                #expect(isCancelled, "\(peer.counterpart) \(mechanism)\n\(outcome.transcript)")
                cancelled = InteroperabilityRow.mark(isCancelled)
            }
            // The server is as good as before after all that.
            let again = try await send(peer, mechanism, secrets.right, certificates, client)
            #expect(again.exit == .code(0), "\(peer.counterpart) \(mechanism)\n\(again.transcript)")
            rows.append(
                InteroperabilityRow(
                    side: .client,
                    counterpart: peer.counterpart,
                    version: peer.version,
                    mechanism: mechanism,
                    right: InteroperabilityRow.mark(right.words.hasPrefix("235")),
                    wrong: InteroperabilityRow.mark(wrong.words.hasPrefix("535")),
                    cancelled: cancelled,
                    note: secrets.note
                )
            )
        }
        InteroperabilityTable.record(rows)
    }

    /// Secrets for a mechanism: the right one, a wrong one, and one with which the client itself gives up in the middle.
    private static func secrets(
        for mechanism: String
    ) async throws -> (
        right: String, wrong: String, unusable: String?, note: String
    ) {
        switch mechanism {
        case "OAUTHBEARER", "XOAUTH2":
            let right = try await token(key: DovecotLogins.tokenKey)
            let wrong = try await token(key: "another key of thirty-two octets")
            return (right, wrong, nil, "access token, HS256")
        case "EXTERNAL":
            return (Site.alice, "mallory@gatepost.test", nil, "client certificate")
        default:
            // SASLprep forbids control characters (RFC 4013 §2.3), which shows when the mechanism is under way.
            return (SubmissionPeer.password, "wrong one", "bell\u{07}", "")
        }
    }

    /// A JSON Web Token (RFC 7519) for alice, good for an hour, signed with HS256.
    private static func token(key: String) async throws -> String {
        guard let python = Program.find("python3") else { throw MissingProgram(name: "python3") }
        let program = """
            import base64, hashlib, hmac, json, sys, time
            part = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
            now = int(time.time())
            claims = {"iss": "tests", "sub": "alice", "email": "alice", "iat": now, "nbf": now - 5, "exp": now + 3600}
            head = {"alg": "HS256", "typ": "JWT"}
            body = part(json.dumps(head).encode()) + b"." + part(json.dumps(claims).encode())
            print((body + b"." + part(hmac.digest(sys.argv[1].encode(), body, "sha256"))).decode())
            """
        let made = try await succeed([python, "-c", program, key])
        return String(decoding: made.output, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
    }

    private func send(
        _ peer: SubmissionPeer,
        _ mechanism: String,
        _ secret: String,
        _ certificates: Certificates,
        _ client: ClientIdentity?
    ) async throws -> Outcome {
        let folder = try TemporaryFolder("send")
        var arguments = [
            Program.gatepost, "send", "--server", "\(peer.address):\(peer.port)", "--tls", peer.tls, "--ca",
            certificates.authority, "--mechanism", mechanism, "--from", "alice@gatepost.test", "--to",
            "someone@elsewhere.test", "--subject", "x", "--body", "y", "--timeout", "20s", "--transcript",
        ]
        if mechanism == "EXTERNAL", let client {
            arguments += ["--user", secret, "--certificate", client.certificate, "--key", client.key]
        } else {
            let file = try folder.write("secret", secret + "\n", mode: 0o600)
            arguments += ["--user", peer.user, "--password-file", file]
        }
        let completed = try await eventually("a connection to \(peer.counterpart)") {
            let completed = try await run(arguments, environment: ["HOME": folder.path])
            // One that serves a connection at a time may not be back yet.
            return completed.errors.contains("cannot connect") ? nil : completed
        }
        return Outcome(exit: completed.exit, transcript: completed.errors)
    }
}
