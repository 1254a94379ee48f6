import DNS
import Foundation
import MailSyntax
import MessageAuthentication
import Testing

/// Memory that stays the same however long a message is.
@Suite("DKIM of large messages", .serialized)
struct StreamingTests {
    /// The resident memory of this process, octets.
    private func resident() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = try #require(text.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        return pages * 4096
    }

    /// What is built without optimisation takes its time with each octet.
    #if DEBUG
    static let mebibytes = 12
    #else
    static let mebibytes = 100
    #endif

    static let bodies: [(name: String, unit: String)] = [
        ("lines of text", "The quick brown fox jumps over the lazy dog.\r\n"),
        ("empty lines that may be the last", "\r\n"),
        ("white space that may be the last", " \t"),
        ("one long line", "abcdefgh"),
    ]

    @Test("long messages are signed and verified in little memory", arguments: StreamingTests.bodies)
    func flat(body: (name: String, unit: String)) async throws {
        let header = Array("From: a@example.org\r\nSubject: x\r\n\r\n".utf8)
        let chunk = Array(String(repeating: body.unit, count: 65_536 / body.unit.utf8.count).utf8)
        let chunks = StreamingTests.mebibytes * 1_048_576 / chunk.count
        let signers = [try TestKeys.signer("ed25519"), try TestKeys.signer("ed25519", .simple)]
        var signer = MessageSigner(signers, secondsSince1970: 1_800_000_000)
        signer.receive(header)
        for _ in 0..<8 { signer.receive(chunk) }
        let before = try self.resident()
        for _ in 8..<chunks { signer.receive(chunk) }
        signer.receive(Array("end".utf8))
        let fields = try signer.finish().fields.flatMap(\.octets)

        var verifier = MessageVerifier()
        verifier.receive(fields + header)
        for _ in 0..<chunks { verifier.receive(chunk) }
        verifier.receive(Array("end".utf8))
        let results = await verifier.finish(resolver: try TestKeys.zone(), secondsSince1970: 1_800_000_000).dkim
        let growth = try self.resident() - before
        #expect(results.verdicts.count == 2 && results.verdicts.allSatisfy { $0.passes }, "\(results.verdicts)")
        // Other tests run at the same time in this process.
        #expect(growth < StreamingTests.mebibytes * 1_048_576 / 2, "grew by \(growth) octets")
        print("memory: \(StreamingTests.mebibytes) MiB of \(body.name): grew by \(growth / 1024) KiB")
    }
}
