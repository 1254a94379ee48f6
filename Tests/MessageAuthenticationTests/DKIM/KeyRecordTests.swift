import MessageAuthentication
import Testing

@Suite("DKIM key records, RFC 6376 §3.6.1")
struct KeyRecordTests {
    private func record(_ text: String) throws -> DKIM.KeyRecord { try DKIM.KeyRecord(parsing: Array(text.utf8)) }

    @Test("what is absent has its default")
    func defaults() throws {
        let record = try self.record("p=AAEC")
        #expect(record.keyType == .rsa)
        #expect(record.publicKey == [0, 1, 2])
        #expect(record.hashes == nil && record.allowsSHA256 && record.allowsMail)
        #expect(!record.isTesting && !record.forbidsSubdomains && !record.isRevoked)
    }

    @Test("reads flags, hashes and services")
    func tags() throws {
        let record = try self.record("v=DKIM1; k=ed25519; h=sha1 : sha256; s=email:x; t=y:s:z; n=a note; g=*; p=AA EC")
        #expect(record.keyType == .ed25519)
        #expect(record.allowsSHA256 && record.allowsMail && record.isTesting && record.forbidsSubdomains)
        #expect(try !self.record("h=sha1;p=AAEC").allowsSHA256)
        #expect(try !self.record("s=tlsrpt;p=AAEC").allowsMail)
        #expect(try self.record("p=").isRevoked)
    }

    @Test(
        "refuses what is no key record",
        arguments: [
            ("v=DKIM2; p=AAEC", DKIM.KeyRecord.Fault.version), ("p=AAEC; v=DKIM1", .version),
            ("v=dkim1; p=AAEC", .version),
            ("k=rsa", .publicKey), ("p=A*EC", .publicKey), ("p=A", .publicKey),
            ("hello world", .malformed(.missingEquals)),
            ("p=AAEC;p=AAEC", .malformed(.duplicate(name: "p"))), ("", .malformed(.emptyTag)),
        ]
    )
    func refuses(text: String, fault: DKIM.KeyRecord.Fault) {
        #expect(throws: fault) { try self.record(text) }
    }

    @Test("what is written reads the same")
    func roundTrip() throws {
        var record = DKIM.KeyRecord(keyType: .ed25519, publicKey: [1, 2, 3])
        #expect(record.description == "v=DKIM1; k=ed25519; p=AQID")
        record.hashes = ["sha256"]
        record.services = ["email"]
        record.isTesting = true
        record.forbidsSubdomains = true
        #expect(try self.record(record.description) == record)
    }
}
