import DNS
import Foundation
import MailSyntax
import MessageAuthentication
import Testing

/// Signatures both ways with other people's programs.
@Suite("DKIM interoperability", .enabled(if: !PeerProgram.present.isEmpty, "SKIPPED: no peer is installed"))
struct DKIMInteroperabilityTests {
    private struct Case {
        var name: String
        var message: [UInt8]
        var canonicalization: DKIM.Canonicalization
        var key: String
    }

    /// Each message with each canonicalization and algorithm.
    private func cases(ed25519: Bool) -> [Case] {
        Messages.all.flatMap { message in
            SigningTests.canonicalizations.flatMap { canonicalization in
                (ed25519 ? ["rsa2048", "ed25519"] : ["rsa2048"]).map { key in
                    let form = "\(canonicalization)".replacing("/", with: "-")
                    return Case(
                        name: "\(message.name)-\(form)-\(key)",
                        message: message.octets,
                        canonicalization: canonicalization,
                        key: key
                    )
                }
            }
        }
    }

    private func inFolder<Value>(_ body: (URL) async throws -> Value) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dkim-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let zone = try TestKeys.records().map { "\($0.key) \($0.value)\n" }.joined()
        try Data(zone.utf8).write(to: folder.appendingPathComponent("zone"))
        return try await body(folder)
    }

    @Test("signatures of ours verify there", arguments: PeerProgram.present)
    func ours(peer: PeerProgram) async throws {
        let cases = self.cases(ed25519: peer.knowsEd25519)
        let lines = try await self.inFolder { folder in
            for one in cases {
                let octets = try signed(
                    one.message,
                    try TestKeys.signer(one.key, one.canonicalization),
                    at: Int64(Date().timeIntervalSince1970)
                )
                try Data(octets).write(to: folder.appendingPathComponent(one.name))
            }
            let files = cases.map { folder.appendingPathComponent($0.name).path }
            return try peer.ask(["verify", folder.appendingPathComponent("zone").path] + files)
        }
        #expect(lines.count == cases.count)
        for line in lines { #expect(line.count == 2 && line[1] == "pass", "\(peer.name): \(line)") }
        let passed = lines.count { $0.count == 2 && $0[1] == "pass" }
        print("interoperability: our DKIM signatures at \(peer.name): \(passed) of \(cases.count) pass")
    }

    @Test("signatures of both algorithms on one message verify there", arguments: PeerProgram.present)
    func both(peer: PeerProgram) async throws {
        let lines = try await self.inFolder { folder in
            let octets = try signed(
                sample,
                try TestKeys.signer("rsa2048"),
                try TestKeys.signer("ed25519"),
                at: Int64(Date().timeIntervalSince1970)
            )
            try Data(octets).write(to: folder.appendingPathComponent("both"))
            return try peer.ask(
                ["verify", folder.appendingPathComponent("zone").path, folder.appendingPathComponent("both").path]
            )
        }
        #expect(lines.first?.dropFirst().first == "pass")
        #expect(!peer.knowsEd25519 || lines.first?.dropFirst() == ["pass", "pass"])
    }

    @Test("a changed message does not verify there", arguments: PeerProgram.present)
    func changed(peer: PeerProgram) async throws {
        let lines = try await self.inFolder { folder in
            let octets = try signed(
                sample,
                try TestKeys.signer("rsa2048"),
                at: Int64(Date().timeIntervalSince1970)
            )
            let changed = [message("From: eve@example.net") + octets, octets + Array("more\r\n".utf8)]
            var files: [String] = []
            for (index, octets) in changed.enumerated() {
                let file = folder.appendingPathComponent("changed\(index)")
                try Data(octets).write(to: file)
                files.append(file.path)
            }
            return try peer.ask(["verify", folder.appendingPathComponent("zone").path] + files)
        }
        #expect(lines.count == 2 && lines.allSatisfy { !$0.contains("pass") }, "\(lines)")
    }

    @Test("their signatures verify here", arguments: PeerProgram.present)
    func theirs(peer: PeerProgram) async throws {
        let cases = self.cases(ed25519: peer.knowsEd25519)
        let zone = try TestKeys.zone()
        var passed = 0
        var refused = 0
        try await self.inFolder { folder in
            var jobs = ""
            for one in cases {
                let file = folder.appendingPathComponent("\(one.name).in")
                try Data(one.message).write(to: file)
                let algorithm = try TestKeys.key(one.key).algorithm
                let out = folder.appendingPathComponent(one.name).path
                jobs +=
                    "\(file.path) \(TestKeys.path(one.key)) \(algorithm) \(one.canonicalization) \(one.key) \(out)\n"
            }
            let list = folder.appendingPathComponent("jobs")
            try Data(jobs.utf8).write(to: list)
            _ = try peer.ask(["sign", list.path])
            for one in cases {
                let file = folder.appendingPathComponent(one.name)
                let octets = Array(try Data(contentsOf: file))
                let results = await verify(octets, zone, at: Int64(Date().timeIntervalSince1970)).dkim
                if results.result == .pass {
                    passed += 1
                    continue
                }
                // OpenDKIM folds its field otherwise than it hashed it, when header fields are not to be folded and b= is
                // short. What its own verifier refuses need not pass here.
                let own = try peer.ask(["verify", folder.appendingPathComponent("zone").path, file.path])
                #expect(own.first?.contains("pass") == false, "\(peer.name), \(one.name): \(results.verdicts)")
                refused += 1
            }
        }
        #expect(passed * 2 > cases.count)
        print(
            "interoperability: DKIM signatures of \(peer.name) here: \(passed) of \(cases.count) pass, "
                + "\(refused) are refused by itself too"
        )
    }

    @Test("chains that we seal verify there", arguments: PeerProgram.present.filter { $0.name != "OpenDKIM" })
    func arc(peer: PeerProgram) async throws {
        let zone = try TestKeys.zone()
        let now = Int64(Date().timeIntervalSince1970)
        let lines = try await self.inFolder { folder in
            var octets = try signed(sample, try TestKeys.signer("rsa2048"), at: now)
            var files: [String] = []
            for hop in 1...3 {
                let chain = await verify(octets, zone, at: now).arc
                let sealer = ARC.Sealer(
                    domain: "example.org",
                    selector: "rsa2048",
                    key: try TestKeys.key("rsa2048")
                )
                var sealing = MessageSealer(
                    sealer,
                    chain: chain,
                    authenticationResults: "mx\(hop).example.org; dkim=pass header.d=example.org",
                    secondsSince1970: now
                )
                sealing.receive(octets)
                octets = try sealing.finish().flatMap(\.octets) + octets
                let file = folder.appendingPathComponent("hop\(hop)")
                try Data(octets).write(to: file)
                files.append(file.path)
            }
            return try peer.ask(["arc", folder.appendingPathComponent("zone").path] + files)
        }
        #expect(lines.count == 3)
        for line in lines { #expect(line.count > 1 && line[1] == "pass", "\(peer.name): \(line)") }
        print("interoperability: our ARC chains at \(peer.name): \(lines.count { $0.contains("pass") }) of 3 pass")
    }
}
