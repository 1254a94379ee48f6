import Foundation
import Testing

@Suite("domain reports")
struct DomainReportsTests {
    private static func aggregate(_ identifier: String, day: Int64, passing: Int, failing: Int) -> String {
        """
        <feedback><report_metadata><org_name>receiver.example</org_name><report_id>\(identifier)</report_id>
        <date_range><begin>\(day * 86_400)</begin><end>\(day * 86_400 + 86_399)</end></date_range></report_metadata>
        <policy_published><domain>example.org</domain><p>none</p></policy_published>
        <record><row><source_ip>192.0.2.25</source_ip><count>\(passing)</count><policy_evaluated><disposition>none</disposition>
        <dkim>pass</dkim><spf>pass</spf></policy_evaluated></row><identifiers><header_from>example.org</header_from></identifiers></record>
        <record><row><source_ip>198.51.100.9</source_ip><count>\(failing)</count><policy_evaluated><disposition>none</disposition>
        <dkim>fail</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>example.org</header_from></identifiers>
        <auth_results><spf><domain>esp.example</domain><result>pass</result></spf></auth_results></record></feedback>
        """
    }

    @Test("reports are imported from files and mboxes, counted once, and explained")
    func imported() async throws {
        let directory = try WorkingDirectory()
        try directory.write("gatepost.yaml", "hostname: mail.example.org\ntls: { certificate: c.pem, key: k.pem }\n")
        let today = Int64(Date().timeIntervalSince1970) / 86_400
        try directory.write("one.xml", Self.aggregate("1", day: today - 3, passing: 90, failing: 10))
        let mail = "From r@x Mon Nov 23 00:00:00 2026\nSubject: r\nContent-Type: text/xml\n\n"
        try directory.write(
            "box.mbox",
            mail + Self.aggregate("2", day: today - 1, passing: 45, failing: 5) + "\n" + mail
                + Self.aggregate("1", day: today - 3, passing: 90, failing: 10)
        )
        try directory.write("bad.txt", "Subject: nothing\r\n\r\n")
        func run(_ arguments: String...) async throws -> CommandLineTool.Result {
            try await CommandLineTool.run(["domain", "reports"] + arguments, in: directory.url)
        }
        let imported = try await run("import", "one.xml", "box.mbox")
        #expect(imported.code == 0, "\(imported.messages)")
        #expect(imported.messages.contains("one.xml: example.org: added"))
        #expect(imported.messages.contains("box.mbox, message 2: example.org: duplicate"))
        #expect(try await run("import", "bad.txt").code == 1)

        let shown = try await run("example.org")
        #expect(shown.code == 0, "\(shown.messages)")
        #expect(shown.output.contains("messages  150, of which 135 pass DMARC (90.0 %) and 15 fail"))
        #expect(shown.output.contains("a service (esp.example)"))
        #expect(shown.output.contains("What to do"))
        #expect(shown.output.contains("by day    █ "))
        let json = try await run("example.org", "--json")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(report["reports"] as? Int == 2 && report["failing"] as? Int == 15)
        let since = try #require(
            try JSONSerialization.jsonObject(
                with: Data(try await run("example.org", "--since", "2d", "--json").output.utf8)
            ) as? [String: Any]
        )
        #expect(since["messages"] as? Int == 50)

        let tls = """
            {"organization-name":"s","date-range":{"start-datetime":"2026-11-23T00:00:00Z","end-datetime":"2036-11-23T00:00:00Z"},
            "report-id":"t","policies":[{"policy":{"policy-type":"sts","policy-domain":"example.org"},
            "summary":{"total-successful-session-count":9,"total-failure-session-count":2},
            "failure-details":[{"result-type":"certificate-expired","receiving-mx-hostname":"mx.example.org","failed-session-count":2}]}]}
            """
        try directory.write("tls.json", tls)
        #expect(try await run("import", "tls.json").code == 0)
        let sessions = try await run("example.org", "--tls")
        #expect(sessions.output.contains("sessions  9 with TLS as the policy wants it, 2 without"))
        #expect(sessions.output.contains("certificate-expired  mx.example.org"))
    }
}
