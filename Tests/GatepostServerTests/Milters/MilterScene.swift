import GatepostDelivery
import GatepostModel
import GatepostTesting
import Logging
import MailSyntax
import Milter
import NIOCore
import NIOPosix
import SMTP
import SMTPServer

@testable import GatepostServer

/// Filters and a spool, and a session that talks to them.
struct MilterScene {
    let directory: TemporaryDirectory
    let context: MilterContext
    let chain: MilterChain
    let log: LogCapture

    static let section = "Received: ours\r\nFrom: alice@example.org\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\r\n"

    init(_ filters: [Configuration.Milter], maximumBodyOctets: Int = 1 << 20) throws {
        self.directory = try TemporaryDirectory()
        let threads = NIOThreadPool.singleton
        self.log = LogCapture()
        self.context = MilterContext(
            filters: filters,
            hostname: "mail.example.org",
            maximumBodyOctets: maximumBodyOctets,
            group: MultiThreadedEventLoopGroup.singleton,
            contents: ContentReader(spool: self.directory.path, threads: threads),
            spool: SpoolDirectory(path: self.directory.path, threads: threads),
            clock: MockClock(),
            counters: MilterCounters(),
            logger: self.log.logger
        )
        let peer = SessionPeer(address: IPAddress("192.0.2.7"), port: 4711, listener: "submission:587")
        guard let chain = self.context.chain(for: .submission, peer: peer) else { throw Missing() }
        self.chain = chain
    }

    private struct Missing: Error {}

    static func filter(
        _ filter: ScriptedFilter,
        name: String = "one",
        onFailure: Configuration.Milter.FailureAction = .tempfail,
        timeouts: (inout Configuration.Milter.Timeouts) -> Void = { _ in }
    ) -> Configuration.Milter {
        var milter = Configuration.Milter(
            name: name,
            socket: .tcp(host: "127.0.0.1", port: filter.port),
            onFailure: onFailure
        )
        timeouts(&milter.timeouts)
        return milter
    }

    static func sender() throws -> MilterSender {
        MilterSender(
            mail: MailParameters(reversePath: .mailbox(try Mailbox(parsing: "alice@example.org")), size: 100),
            helo: "client.example",
            tlsVersion: "1.3",
            mechanism: "PLAIN",
            account: "alice@example.org"
        )
    }

    static func recipient(_ address: String = "bob@example.net") throws -> RecipientParameters {
        RecipientParameters(forwardPath: .mailbox(try Mailbox(parsing: address)))
    }

    /// MAIL, one RCPT and DATA.
    func envelope() async throws -> MilterRefusal? {
        if let refusal = await self.chain.mail(try Self.sender()) { return refusal }
        if let refusal = await self.chain.recipient(try Self.recipient()) { return refusal }
        return await self.chain.data(self.context.identifier())
    }

    /// A message as the responder hands it over.
    func message(body: String = "hello\r\n") async throws -> MilterMessage {
        var content = ArrivingContent(identifier: self.context.identifier())
        Array(body.utf8).withUnsafeBytes { content.append($0) }
        if content.endsInFile { try await content.write(content.takeBuffer(), to: self.context.spool) }
        return try MilterMessage(
            header: Array(Self.section.utf8),
            hiding: 0..<1,
            body: try await content.finish(),
            in: content,
            mail: try Self.sender().mail,
            recipients: [try Self.recipient()]
        )
    }

    func text(_ content: MessageContent) async throws -> String {
        var octets: [UInt8] = []
        let chunks = try await self.context.contents.chunks(of: content)
        while let chunk = try await chunks.chunk() { octets += chunk.readableBytesView }
        chunks.close()
        return String(decoding: octets, as: UTF8.self)
    }
}
