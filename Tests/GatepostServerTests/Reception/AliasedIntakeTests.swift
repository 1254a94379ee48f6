import GatepostModel
import GatepostTesting
import MailSyntax
import SMTP
import Testing

@testable import GatepostServer

@Suite("Submitted mail goes by aliases")
struct AliasedIntakeTests {
    @Test("to their targets, each once, and to all others as they were written")
    func follows() async throws {
        let scene = try await ReceptionScene()
        try await scene.alias("team@example.org", "alice@example.org", "x@elsewhere.example")
        let intake = AliasedIntake(store: scene.queue, directory: scene.store, rules: scene.service.recipients)
        let recipients = ["team@example.org", "alice@example.org", "nobody@example.org", "y@other.example"]
        let message = NewMessage(
            identifier: MessageIdentifier(created: scene.clock.now(), random: [1]),
            envelope: Envelope(reversePath: .mailbox(try Mailbox(parsing: "bob@example.org"))),
            recipients: try recipients.map {
                EnvelopeRecipient(forwardPath: .mailbox(try Mailbox(parsing: $0)), notify: .failure)
            },
            content: .inline(Array("Subject: x\r\n\r\n".utf8)),
            account: "bob@example.org",
            received: scene.clock.now()
        )
        try await intake.enqueue([message], sending: nil)
        let kept = try #require(scene.queue.kept.first)
        #expect(
            Set(kept.recipients.map { "\($0.forwardPath)" }) == [
                "alice@example.org", "x@elsewhere.example", "nobody@example.org", "y@other.example",
            ]
        )
        #expect(
            kept.recipients.first { "\($0.forwardPath)".hasPrefix("x@") }?.originalRecipient?.address
                == "team@example.org"
        )
        #expect(kept.recipients.allSatisfy { $0.notify == .failure })
        #expect(kept.envelope.reversePath == message.envelope.reversePath)
    }

    @Test("what the store cannot tell is not kept")
    func trouble() async throws {
        let scene = try await ReceptionScene()
        let intake = AliasedIntake(store: scene.queue, directory: scene.store, rules: scene.service.recipients)
        await scene.store.failLooks(with: StoreError(.unavailable, "test"))
        let message = NewMessage(
            identifier: MessageIdentifier(created: scene.clock.now(), random: [1]),
            envelope: Envelope(reversePath: .null),
            recipients: [EnvelopeRecipient(forwardPath: .mailbox(try Mailbox(parsing: "alice@example.org")))],
            content: .inline([]),
            received: scene.clock.now()
        )
        await #expect(throws: StoreError.self) { try await intake.enqueue([message], sending: nil) }
        #expect(scene.queue.kept.isEmpty)
    }
}
