/// Reports as reporters write them.
enum Samples {
    /// RFC 9990, with all elements.
    static let aggregate = """
        <?xml version="1.0" encoding="UTF-8"?>
        <feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">
          <version>1.0</version>
          <report_metadata>
            <org_name>Receiver &amp; Sons</org_name>
            <email>noreply@receiver.example</email>
            <extra_contact_info>https://receiver.example/dmarc</extra_contact_info>
            <report_id>20261123.abc@receiver.example</report_id>
            <date_range><begin>1795392000</begin><end>1795478399</end></date_range>
            <error>rua names an address twice</error>
          </report_metadata>
          <policy_published>
            <domain>example.org</domain>
            <discovery_method>treewalk</discovery_method>
            <p>none</p><sp>quarantine</sp><np>reject</np>
            <adkim>r</adkim><aspf>s</aspf><testing>n</testing><fo>1</fo>
          </policy_published>
          <extension><x:a xmlns:x="urn:x"><x:b>1</x:b></x:a></extension>
          <record>
            <row>
              <source_ip>192.0.2.25</source_ip><count>40</count>
              <policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>pass</spf></policy_evaluated>
            </row>
            <identifiers><header_from>example.org</header_from><envelope_from>example.org</envelope_from></identifiers>
            <auth_results>
              <dkim><domain>example.org</domain><selector>gp1</selector><result>pass</result></dkim>
              <spf><domain>example.org</domain><scope>mfrom</scope><result>pass</result></spf>
            </auth_results>
          </record>
          <record>
            <row>
              <source_ip>2001:db8::7</source_ip><count>5</count>
              <policy_evaluated>
                <disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>
                <reason><type>mailing_list</type><comment>known list</comment></reason>
              </policy_evaluated>
            </row>
            <identifiers><header_from>news.example.org</header_from><envelope_from/></identifiers>
            <auth_results>
              <dkim><domain>example.org</domain><selector>gp1</selector><result>fail</result></dkim>
              <dkim><domain>list.example</domain><selector>l</selector><result>pass</result></dkim>
              <spf><domain>list.example</domain><result>pass</result></spf>
            </auth_results>
          </record>
        </feedback>
        """

    /// RFC 7489 as reporters bend it: no namespace, elements out of order, several `auth_results`, an ampersand alone, a
    /// record without an address.
    static let bentAggregate = """
        <feedback>
        <policy_published><p>REJECT</p><domain>Example.ORG.</domain><pct>100</pct><adkim>relaxed</adkim></policy_published>
        <record><row><count>2</count><source_ip>::ffff:198.51.100.9</source_ip>
        <policy_evaluated><spf>Fail</spf><disposition>reject</disposition></policy_evaluated></row>
        <identities><header_from>example.org</header_from></identities>
        <auth_results><spf><domain>example.org</domain><result>softfail</result></spf></auth_results>
        <auth_results><dkim><domain>mailer.example</domain><result>pass</result></dkim></auth_results></record>
        <record><row><source_ip>nobody</source_ip><count>1</count></row></record>
        <report_metadata><email>a@b.example</email><org_name>Tick & Trick</org_name><unknown a='>'/>
        <date_range><begin>1795392000</begin><end>1795392000</end></date_range></report_metadata>
        </feedback>
        """

    static let tls = """
        {"organization-name": "Sender Inc", "contact-info": "tls@sender.example", "report-id": "2026-11-23T00Z_example.org",
         "date-range": {"start-datetime": "2026-11-23T00:00:00Z", "end-datetime": "2026-11-23T23:59:59.999+00:00"},
         "policies": [{
           "policy": {"policy-type": "sts", "policy-domain": "Example.org", "mx-host": "*.example.org",
                      "policy-string": ["version: STSv1", "mode: testing"]},
           "summary": {"total-successful-session-count": 120, "total-failure-session-count": "4"},
           "failure-details": [
             {"result-type": "certificate-expired", "sending-mta-ip": "192.0.2.1",
              "receiving-mx-hostname": "mx1.example.org", "failed-session-count": 3},
             {"result-type": "starttls-not-supported", "receiving-mx-hostname": "mx2.example.org",
              "failed-session-count": 1, "failure-reason-code": "no \\u0053TARTTLS \\ud83d\\ude00"}
           ]}]}
        """

    /// A message with a part.
    static func message(
        type: String,
        encoding: String = "base64",
        name: String? = nil,
        body: String,
        before: String = "--b\r\nContent-Type: text/plain\r\n\r\nA report <you> wanted.\r\n"
    ) -> [UInt8] {
        let disposition = name.map { "Content-Disposition: attachment;\r\n filename=\"\($0)\"\r\n" } ?? ""
        return Array(
            """
            From: r@receiver.example\r
            Subject: Report Domain: example.org\r
            Content-Type: multipart/mixed;\r
             boundary="b"\r
            \r
            preamble\r
            \(before)--b\r
            Content-Type: \(type)\r
            Content-Transfer-Encoding: \(encoding)\r
            \(disposition)\r
            \(body)\r
            --b--\r

            """.utf8
        )
    }

    /// A zip archive of one file.
    static func zip(
        name: String,
        data: [UInt8],
        method: UInt16,
        size: Int,
        checksum: UInt32,
        flags: UInt16 = 0,
        offset: UInt32 = 0
    ) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let common =
            number(Int(flags), 2) + number(Int(method), 2) + number(0, 4) + number(Int(checksum), 4)
            + number(data.count, 4) + number(size, 4) + number(name.utf8.count, 2) + number(0, 2)
        let local: [UInt8] = [0x50, 0x4B, 3, 4, 20, 0] + common + Array(name.utf8) + data
        let directory: [UInt8] =
            [0x50, 0x4B, 1, 2, 20, 0, 20, 0] + common + number(0, 2) + number(0, 2) + number(0, 2) + number(0, 4)
            + number(Int(offset), 4) + Array(name.utf8)
        return local + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + number(1, 2) + number(1, 2)
            + number(directory.count, 4) + number(local.count, 4) + number(0, 2)
    }
}
