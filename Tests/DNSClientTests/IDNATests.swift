import DNSClient
import Testing

@Suite("IDNA, RFC 5891")
struct IDNATests {
    @Test(
        "to A-labels",
        arguments: [
            ("example.org", "example.org"), ("Example.ORG", "example.org"),
            ("_dmarc.example.org", "_dmarc.example.org"),
            ("bücher.example", "xn--bcher-kva.example"), ("BÜCHER.example", "xn--bcher-kva.example"),
            ("faß.de", "xn--fa-hia.de"),
            ("βόλος.com", "xn--nxasmm1c.com"), ("郵件.商務", "xn--5nqv22n.xn--lhr59c"),
            ("bu\u{308}cher.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"), ("ｅｘａｍｐｌｅ。org", "example.org"),
        ]
    )
    func toASCII(_ name: String, _ expected: String) throws {
        #expect(try IDNA.toASCII(name) == expected)
    }

    @Test(
        "what is no name",
        arguments: [
            "☃.example", "\u{200D}é.example", "é\0.example", "-é.example",
            String(repeating: "é", count: 64) + ".example",
        ]
    )
    func refuses(_ name: String) {
        #expect(throws: IDNA.Failure.self) { try IDNA.toASCII(name) }
    }

    @Test(
        "to U-labels",
        arguments: [
            ("xn--bcher-kva.example", "bücher.example"), ("example.org", "example.org"),
            ("XN--BCHER-KVA.Example", "bücher.example"),
        ]
    )
    func toUnicode(_ name: String, _ expected: String) throws {
        #expect(try IDNA.toUnicode(name) == expected)
    }

    @Test(
        "A-labels that stand for nothing valid are refused",
        arguments: ["xn--n3h.example", "xn--a.example", "xn--zzzzzzz99999.example", "xn--\0"]
    )
    func refusesUnicode(_ name: String) {
        #expect(throws: IDNA.Failure.self) { try IDNA.toUnicode(name) }
    }
}
