import DNS
import Testing

@Suite("Record data as name servers send it")
struct RecordTests {
    @Test("is read")
    func reads() throws {
        #expect(try Record(type: .a, data: [192, 0, 2, 1]) == .a(#require(DNSAddress("192.0.2.1"))))
        let v6: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]
        #expect(try Record(type: .aaaa, data: v6) == .aaaa(#require(DNSAddress("2001:db8::1"))))
        #expect(
            Record(type: .mx, data: [1, 2, 2, 109, 120, 3, 111, 114, 103, 0])
                == .mx(MXRecord(preference: 258, exchange: "mx.org"))
        )
        #expect(Record(type: .txt, data: [1, 97, 0, 2, 98, 99]) == .txt(TXTRecord(strings: [[97], [], [98, 99]])))
        #expect(TXTRecord(strings: [[97], [], [98, 99]]).description == "abc")
        #expect(
            Record(type: .tlsa, data: [3, 1, 1, 0xAB])
                == .tlsa(TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [0xAB]))
        )
        #expect(
            Record(type: .srv, data: [0, 1, 0, 2, 1, 209, 1, 97, 0])
                == .srv(SRVRecord(priority: 1, weight: 2, port: 465, target: "a"))
        )
        #expect(try Record(type: .ptr, data: [1, 97, 0]) == .ptr(#require(DNSName("a"))))
        #expect(try Record(type: .cname, data: [1, 97, 0]) == .cname(#require(DNSName("a"))))
    }

    @Test("a null MX is told apart (RFC 7505 §3)")
    func nullMX() throws {
        guard case .mx(let record)? = Record(type: .mx, data: [0, 0, 0]) else {
            Issue.record("not read")
            return
        }
        #expect(record.isNull)
        #expect(!MXRecord(preference: 0, exchange: "mx.example").isNull)
    }

    @Test(
        "what does not follow the format to its last octet is refused",
        arguments: [
            (.a, []), (.a, [1, 2, 3]), (.a, [1, 2, 3, 4, 5]), (.aaaa, [1, 2, 3, 4]), (.mx, []), (.mx, [0]),
            (.mx, [0, 1]),
            (.mx, [0, 1, 5, 97]), (.mx, [0, 1, 0xC0, 0x0C]), (.mx, [0, 1, 1, 97, 0, 0]), (.txt, []), (.txt, [1]),
            (.txt, [2, 97]),
            (.tlsa, [3, 1, 1]), (.tlsa, []), (.srv, []), (.srv, [0, 1, 0, 2, 1]),
            (.srv, [0, 1, 0, 2, 1, 209, 1, 97, 0, 0]), (.ptr, []), (.ptr, [1, 97]), (.cname, [0, 0]),
            (RecordType(rawValue: 99), [1]),
        ] as [(RecordType, [UInt8])]
    )
    func refuses(_ type: RecordType, _ data: [UInt8]) {
        #expect(Record(type: type, data: data) == nil)
    }

    @Test(
        "addresses print in canonical form and read as themselves",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("::", "::"), ("::1", "::1"), ("1::", "1::"),
            ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"), ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ]
    )
    func addresses(_ text: String, _ printed: String) throws {
        let address = try #require(DNSAddress(text))
        #expect(address.description == printed)
        #expect(DNSAddress(printed) == address)
    }

    @Test(
        "what is no address",
        arguments: [
            "", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4.", ":", ":::", "1:", ":1", "::1::", "1::2::3", "12345::",
            "::-1", "::+1", "::g",
            "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "1.2.3.4::", "::%lo",
        ]
    )
    func noAddresses(_ text: String) {
        #expect(DNSAddress(text) == nil)
    }

    @Test("reverse names")
    func reverse() throws {
        #expect(try #require(DNSAddress("192.0.2.1")).reverseName.description == "1.2.0.192.in-addr.arpa")
        #expect(
            try #require(DNSAddress("2001:db8::567:89ab")).reverseName.description
                == "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
        )
    }
}
