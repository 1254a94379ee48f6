import DNS
import GatepostModel
import Logging
import MailSyntax
import NIOPosix
import SASL
import SMTP
import SMTPClient

@testable import GatepostDelivery

/// A queue runner with its surroundings.
struct Scene: Sendable {
    let store = MemoryQueueStore()
    let time = MockTime()
    let runner: QueueRunner

    init(
        port: Int,
        zone: String = Scene.zone,
        route: Configuration.Delivery.Route = .mx,
        local: Configuration.LocalStore? = nil,
        localDomains: Set<String> = ["local.example"],
        connectionsPerDestination: Int = 5,
        spool: String = "/nonexistent",
        change: (inout DeliveryConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = DeliveryConfiguration(
            hostname: "mail.local.example",
            spool: spool,
            delivery: Configuration.Delivery(
                route: route,
                local: local,
                port: port,
                connectionsPerDestination: connectionsPerDestination
            ),
            timeouts: Timeouts(all: .seconds(20))
        )
        configuration.leaseInterval = .zero
        configuration.settleInterval = .zero
        change(&configuration)
        self.runner = QueueRunner(
            store: self.store,
            configuration: configuration,
            resolver: try Zone(parsing: zone),
            localDomains: { localDomains },
            toASCII: { _ in throw StoreError(.unavailable, "no IDNA here") },
            group: .singletonMultiThreadedEventLoopGroup,
            clock: self.time,
            sleep: self.time.sleep,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    /// `a.example` has one exchanger on loopback; `two.example` a dead one before it.
    static let zone = """
        $TTL 300
        a.example. MX 10 mx.a.example.
        mx.a.example. A 127.0.0.1
        sender.example. MX 10 mx.a.example.
        two.example. MX 10 dead.two.example.
        two.example. MX 20 mx.a.example.
        dead.two.example. A 127.0.0.2
        dead.example. MX 10 dead.two.example.
        null.example. MX 0 .
        relay.example. A 127.0.0.1
        """

    static func path(_ address: String) throws -> ForwardPath { .mailbox(try Mailbox(parsing: address)) }

    /// A message for these recipients, stored but not announced.
    @discardableResult
    func enqueue(
        _ recipients: [String],
        from: String? = "alice@sender.example",
        notify: DSNNotify? = nil,
        isProved: Bool = true,
        content: MessageContent? = nil
    ) async throws -> MessageIdentifier {
        var generator = SystemRandomNumberGenerator()
        let message = NewMessage(
            identifier: MessageIdentifier(created: self.time.now(), using: &generator),
            envelope: Envelope(
                reversePath: try from.map { .mailbox(try Mailbox(parsing: $0)) } ?? .null,
                isReversePathProved: isProved
            ),
            recipients: try recipients.map { EnvelopeRecipient(forwardPath: try Self.path($0), notify: notify) },
            content: content ?? .inline(Array("Subject: test\r\n\r\nhello\r\n.dot\r\n".utf8)),
            received: self.time.now()
        )
        try await self.store.enqueue(message)
        return message.identifier
    }

    /// Runs the runner around the body, then shuts it down in good order.
    @discardableResult
    func run<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        let running = Task { try await self.runner.run() }
        do {
            let value = try await body()
            self.runner.shutDown()
            try await running.value
            return value
        } catch {
            running.cancel()
            throw error
        }
    }
}
