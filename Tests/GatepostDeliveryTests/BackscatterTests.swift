import GatepostModel
import MailSyntax
import SMTP
import Testing

@testable import GatepostDelivery

@Suite("Who is told that received mail failed", .timeLimit(.minutes(1)))
struct BackscatterTests {
    private static func refusing() async throws -> Sink {
        var script = Sink.Script()
        script.rcpt = { line, _ in line.contains("bob") ? "550 5.1.1 no bob here" : "250 2.1.5 ok" }
        return try await Sink.start(script)
    }

    @Test("not a sender whom nothing proves, but the postmaster")
    func postmaster() async throws {
        let sink = try await Self.refusing()
        let scene = try Scene(port: sink.port) {
            $0.postmaster = Mailbox(localPart: "admin", domain: .name("a.example"))
        }
        try await scene.run {
            try await scene.enqueue(["bob@a.example"], isProved: false)
            scene.runner.notify()
            await sink.observable.wait { $0.messages.count == 1 }
            await scene.store.observable.wait(until: \.isEmpty)
        }
        let notification = try #require(sink.state.messages.first)
        #expect(notification.mail.hasPrefix("MAIL FROM:<>"))
        #expect(notification.recipients.first?.hasPrefix("RCPT TO:<admin@a.example>") == true)
        #expect(sink.state.messages.allSatisfy { $0.recipients.allSatisfy { !$0.contains("alice@sender.example") } })
        try await sink.stop()
    }

    @Test("nobody where there is no postmaster")
    func nobody() async throws {
        let sink = try await Self.refusing()
        let scene = try Scene(port: sink.port)
        try await scene.run {
            try await scene.enqueue(["bob@a.example"], isProved: false)
            scene.runner.notify()
            await scene.store.observable.wait(until: \.isEmpty)
        }
        #expect(scene.store.state.notifications.isEmpty)
        #expect(scene.runner.counters.dropped == 1)
        try await sink.stop()
    }

    @Test("nor is success told to a stranger who asks for it")
    func success() async throws {
        let sink = try await Self.refusing()
        let scene = try Scene(port: sink.port) {
            $0.postmaster = Mailbox(localPart: "admin", domain: .name("a.example"))
        }
        try await scene.run {
            try await scene.enqueue(["carol@a.example"], notify: [.success, .failure], isProved: false)
            scene.runner.notify()
            await scene.store.observable.wait(until: \.isEmpty)
        }
        #expect(scene.store.state.notifications.isEmpty)
        try await sink.stop()
    }

    @Test("the sender behind a return path of ours")
    func returnPath() async throws {
        let sink = try await Self.refusing()
        let sender = Mailbox(localPart: "ann", domain: .name("a.example"))
        let scene = try Scene(port: sink.port) {
            $0.senderBehind = { $0.localPart.hasPrefix("SRS0=") ? sender : $0 }
        }
        try await scene.run {
            try await scene.enqueue(["bob@a.example"], from: "SRS0=x=y=a.example=ann@local.example")
            scene.runner.notify()
            await sink.observable.wait { $0.messages.count == 1 }
            await scene.store.observable.wait(until: \.isEmpty)
        }
        let notification = try #require(sink.state.messages.first)
        #expect(notification.recipients.first?.hasPrefix("RCPT TO:<ann@a.example>") == true)
        try await sink.stop()
    }
}
