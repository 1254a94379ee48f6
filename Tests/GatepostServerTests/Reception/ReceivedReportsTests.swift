import GatepostModel
import GatepostTesting
import MailSyntax
import MessageReports
import Testing

@testable import GatepostServer

@Suite("Reports that other servers bring, and what is noted for ours")
struct ReceivedReportsTests {
    private static func report(domain: String = "example.org", author: String = "r@sender.example") -> String {
        """
        From: \(author)
        Subject: Report Domain: \(domain)
        Date: Tue, 24 Nov 2026 12:00:00 +0000
        Message-ID: <r@sender.example>
        Content-Type: text/xml; name=r.xml

        <feedback><report_metadata><org_name>sender</org_name><report_id>1</report_id>
        <date_range><begin>86400</begin><end>172799</end></date_range></report_metadata>
        <policy_published><domain>\(domain)</domain><p>none</p></policy_published>
        <record><row><source_ip>192.0.2.1</source_ip><count>3</count></row></record></feedback>
        """
    }

    private let store = MemoryReportStore()

    private func scene(_ change: (inout Configuration.Reports) -> Void = { _ in }) async throws -> ReceptionScene {
        var settings = Configuration.Reports()
        change(&settings)
        return try await ReceptionScene(reports: (settings, self.store))
    }

    private func kept(_ domain: String = "example.org") async -> Int {
        await self.store.reports(.aggregate, of: domain, since: Timestamp(milliseconds: 0), skip: 0, limit: 9).count
    }

    @Test("a report is kept before it is answered, and lands in no queue")
    func taken() async throws {
        let scene = try await self.scene()
        #expect(await scene.recipient("dmarc-reports@example.org").hasPrefix("250"))
        #expect(await scene.recipient("TLS-reports@example.org").hasPrefix("250"))
        #expect(await scene.recipient("other-reports@example.org").hasPrefix("550 5.1.1"))
        #expect(await scene.send(Self.report(), to: ["dmarc-reports@example.org"]).hasPrefix("250"))
        #expect(await self.kept() == 1 && scene.queue.kept.isEmpty)
        #expect(await scene.send(Self.report(), to: ["dmarc-reports@example.org"]).hasPrefix("250"))
        #expect(await self.kept() == 1)
    }

    @Test("what is no report, is about a foreign domain, or is not trusted, is refused where nobody else is to get it")
    func refused() async throws {
        let scene = try await self.scene()
        #expect(await scene.send(ReceptionScene.message(), to: ["dmarc-reports@example.org"]).hasPrefix("554 5.6.0"))
        let foreign = Self.report(domain: "elsewhere.example")
        #expect(await scene.send(foreign, to: ["dmarc-reports@example.org"]).hasPrefix("554 5.6.0"))
        let forged = Self.report(author: "boss@wary.example")
        #expect(await scene.send(forged, to: ["dmarc-reports@example.org"]).hasPrefix("554 5.6.0"))
        #expect(await self.kept() == 0 && scene.queue.kept.isEmpty)
        let both = ["dmarc-reports@example.org", "alice@example.org"]
        #expect(await scene.send(ReceptionScene.message(), to: both).hasPrefix("250"))
        #expect(scene.queue.kept.map { $0.recipients.count } == [1])
    }

    @Test("an address of the operator's choice takes them for all local domains, and the others none")
    func chosen() async throws {
        let scene = try await self.scene { $0.address = Mailbox(localPart: "alice", domain: .name("example.org")) }
        #expect(await scene.recipient("dmarc-reports@example.org").hasPrefix("550 5.1.1"))
        #expect(await scene.send(Self.report(), to: ["alice@example.org"]).hasPrefix("250"))
        // Alice has the address, so that she gets the mail as well.
        #expect(await self.kept() == 1 && scene.queue.kept.count == 1)
    }

    @Test("verdicts are noted for domains that want reports, where that is on")
    func observed() async throws {
        var settings = Configuration.Reports()
        settings.sendAggregate = true
        let zone = ReceptionScene.zone
            .replacing("p=reject\"", with: "p=reject; rua=mailto:a@strict.example\"")
        let scene = try await ReceptionScene(zone: zone, reports: (settings, self.store))
        #expect(await scene.send(ReceptionScene.message(from: "boss@strict.example")).hasPrefix("550 5.7.26"))
        #expect(
            await scene.send(ReceptionScene.message(from: "boss@strict.example"), from: "a@strict.example").hasPrefix(
                "250"
            )
        )
        #expect(await scene.send(ReceptionScene.message()).hasPrefix("250"))
        let days = await self.store.observedDays(before: .max, limit: 9)
        #expect(days.map(\.domain) == ["strict.example"])
        let mail = try #require(await self.store.observations(of: days[0]))
        let records = try mail.rows.map { try AggregateReport.Record(parsing: $0.row) }
        #expect(Set(records.map(\.disposition)) == [.reject, .pass])
        #expect(Set(records.map(\.isSPFAligned)) == [true, false])
        #expect(records.allSatisfy { $0.source == IPAddress("192.0.2.25") && $0.headerFrom == "strict.example" })
    }

    @Test("nothing is noted where it is off")
    func off() async throws {
        let scene = try await self.scene()
        _ = await scene.send(ReceptionScene.message(from: "boss@strict.example"))
        #expect(await self.store.observedDays(before: .max, limit: 9).isEmpty)
    }
}
