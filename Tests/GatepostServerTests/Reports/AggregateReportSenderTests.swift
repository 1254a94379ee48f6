import DNS
import GatepostDelivery
import GatepostModel
import GatepostTesting
import Logging
import MailSyntax
import MessageAuthentication
import MessageReports
import NIOPosix
import SMTP
import Synchronization
import Testing

@testable import GatepostServer

/// Keeps what is queued.
private actor Intake: MessageIntake {
    private(set) var messages: [NewMessage] = []

    func enqueue(_ messages: [NewMessage], sending: SendingChange?) { self.messages += messages }
}

@Suite("Aggregate reports to others, from verdict to mail")
struct AggregateReportSenderTests {
    private static let zone = """
        $ORIGIN example.
        @                          TXT "v=spf1 -all"
        _dmarc.sender              TXT "v=DMARC1; p=reject; rua=mailto:rua@sender.example"
        _dmarc.outside             TXT "v=DMARC1; p=none; rua=mailto:a@stranger.example"
        _dmarc.small               TXT "v=DMARC1; p=none; rua=mailto:a@small.example!100"
        _dmarc.late                TXT "v=DMARC1; p=none; rua=mailto:a@flaky.example"
        _dmarc.flaky               FAIL
        _dmarc.silent              TXT "v=DMARC1; p=none"
        """

    private let clock = MockClock()
    private let store = MemoryReportStore()
    private let queue = Intake()

    private func sender(
        _ sign: @escaping AggregateReportSender.Signing = { $0 }
    ) throws -> AggregateReportSender {
        AggregateReportSender(
            reports: self.store,
            queue: self.queue,
            spool: SpoolDirectory(path: "/tmp", threads: NIOThreadPool(numberOfThreads: 1)),
            resolver: try Zone(parsing: Self.zone),
            clock: self.clock,
            identity: .init(hostname: "mx.receiver.example", settings: Configuration.Reports()),
            route: .deliver,
            sign: sign,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            queued: {}
        )
    }

    /// A message that claims to be from a domain, judged.
    private func observation(_ domain: String, dkim: String? = nil) async throws -> DMARCObservation? {
        let zone = try Zone(parsing: Self.zone)
        let client = try #require(IPAddress("192.0.2.7"))
        let spf = await SPF.check(
            .mailFrom(
                .mailbox(try Mailbox(parsing: "a@bounce.example")),
                helo: "h.example",
                clientAddress: client,
                receiver: "mx.receiver.example",
                secondsSince1970: 0
            ),
            resolver: zone,
            clock: ContinuousClock()
        )
        var identifiers = [DMARC.Identifier(spf)].compactMap(\.self)
        if let dkim { identifiers.append(.init(.dkim, domain: dkim)) }
        let verdict = await DMARC.check(
            .domain(domain),
            identifiers: identifiers,
            resolver: zone,
            clock: ContinuousClock()
        )
        var verifier = MessageVerifier()
        verifier.receive(Array("From: a@\(domain)\r\n\r\n".utf8))
        return DMARCObservation(
            verdict,
            dkim: await verifier.finish(resolver: zone, secondsSince1970: 0).dkim,
            spf: spf,
            source: client,
            disposition: dkim == nil ? .reject : .pass,
            now: self.clock.now()
        )
    }

    @Test("a day's messages become one report, sent once the day is over")
    func sends() async throws {
        let fails = try #require(try await self.observation("sender.example"))
        let passes = try #require(try await self.observation("news.sender.example", dkim: "sender.example"))
        try await self.store.observe([fails, passes, fails])
        let sender = try self.sender()
        #expect(try await sender.sendDue() == 0)
        self.clock.advance(by: .seconds(86_400))
        #expect(try await sender.sendDue() == 1)
        #expect(try await sender.sendDue() == 0)
        let message = try #require(await self.queue.messages.first)
        #expect(await self.queue.messages.count == 1)
        #expect(message.envelope.reversePath.mailbox?.description == "dmarc-reports@mx.receiver.example")
        #expect(message.recipients.map(\.forwardPath.mailbox?.description) == ["rua@sender.example"])
        guard case .inline(let octets) = message.content,
            case .aggregate(let report) = try ReceivedReport.find(in: octets).report
        else {
            Issue.record("it is no report")
            return
        }
        #expect(report.policy.domain == "sender.example" && report.policy.policy == .reject)
        #expect(report.metadata.end - report.metadata.begin == 86_399 && report.metadata.begin % 86_400 == 0)
        #expect(report.records.map(\.count) == [2, 1])
        #expect(report.records.map(\.passes) == [false, true])
        #expect(report.records.map(\.headerFrom) == ["sender.example", "news.sender.example"])
        #expect(report.records[0].disposition == .reject && report.records[0].source == IPAddress("192.0.2.7"))
        #expect(report.records[0].spf.first?.domain == "bounce.example")
    }

    @Test(
        "whoever has not agreed, or wants smaller reports, gets none, and nothing is kept for him",
        arguments: ["outside", "small"]
    )
    func refused(_ name: String) async throws {
        try await self.store.observe([try #require(try await self.observation("\(name).example"))])
        self.clock.advance(by: .seconds(86_400))
        #expect(try await self.sender().sendDue() == 0)
        #expect(await self.queue.messages.isEmpty)
        #expect(await self.store.observedDays(before: .max, limit: 9).isEmpty)
    }

    @Test("a destination that cannot be looked up is tried again for three days")
    func later() async throws {
        try await self.store.observe([try #require(try await self.observation("late.example"))])
        let sender = try self.sender()
        for _ in 1...3 {
            self.clock.advance(by: .seconds(86_400))
            #expect(try await sender.sendDue() == 0)
            #expect(await self.store.observedDays(before: .max, limit: 9).count == 1)
        }
        self.clock.advance(by: .seconds(86_400))
        #expect(try await sender.sendDue() == 0)
        #expect(await self.store.observedDays(before: .max, limit: 9).isEmpty)
    }

    @Test("nothing is noted for a domain that wants no reports, or whose policy could not be had")
    func unwanted() async throws {
        #expect(try await self.observation("silent.example") == nil)
        #expect(try await self.observation("nothing.example") == nil)
        #expect(try await self.observation("flaky.example") == nil)
    }

    @Test("the message is signed where there is a key")
    func signs() async throws {
        try await self.store.observe([try #require(try await self.observation("sender.example"))])
        self.clock.advance(by: .seconds(86_400))
        let sender = try self.sender { message in
            var signed = message
            if case .inline(let octets) = message.content {
                signed.content = .inline(Array("X-Signed: yes\r\n".utf8) + octets)
            }
            return signed
        }
        #expect(try await sender.sendDue() == 1)
        guard case .inline(let octets)? = await self.queue.messages.first?.content else { return }
        #expect(octets.starts(with: "X-Signed: yes\r\n".utf8))
    }
}

@Suite("Reports that come")
struct ReportIntakeTests {
    private static let report = Array(
        """
        <feedback><report_metadata><org_name>r</org_name><report_id>1</report_id><date_range><begin>1</begin><end>2</end></date_range>
        </report_metadata><policy_published><domain>example.org</domain></policy_published></feedback>
        """.utf8
    )

    @Test("they are kept of local domains, once")
    func kept() async throws {
        let store = MemoryReportStore()
        let intake = ReportIntake(store: store, clock: MockClock())
        #expect(try await intake.take(Self.report, about: ["example.org"]) == .kept(["example.org": .added]))
        #expect(try await intake.take(Self.report, about: ["sub.example.org"]) == .kept(["example.org": .duplicate]))
        #expect(try await intake.take(Self.report, about: ["example.net"]) == .foreign(["example.org"]))
        guard case .refused(let error) = try await intake.take(Array("Subject: x\r\n\r\n".utf8), about: nil) else {
            Issue.record("it is no report")
            return
        }
        #expect(error.code == .noReport)
    }

    @Test("which addresses they come to")
    func addresses() throws {
        var settings = Configuration.Reports()
        #expect(settings.isReportAddress(try Mailbox(parsing: "DMARC-Reports@example.org")))
        #expect(settings.isReportAddress(try Mailbox(parsing: "tls-reports@example.net")))
        #expect(!settings.isReportAddress(try Mailbox(parsing: "alice@example.org")))
        settings.address = try Mailbox(parsing: "reports@example.org")
        #expect(settings.isReportAddress(try Mailbox(parsing: "reports@EXAMPLE.org")))
        #expect(!settings.isReportAddress(try Mailbox(parsing: "dmarc-reports@example.org")))
    }
}
