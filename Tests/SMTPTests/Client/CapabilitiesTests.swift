import SASL
import SMTP
import Testing

@Suite("What a server offers, RFC 5321 §4.1.1.1")
struct CapabilitiesTests {
    @Test("is read whatever the case, with unknown lines kept")
    func reads() {
        let capabilities = Capabilities(
            reply: Reply(
                250,
                nil,
                "mail.test PIPELINING is not offered here",
                "size 1000",
                "8bitmime",
                "STARTTLS",
                "Auth plain LOGIN plain",
                "AUTH=PLAIN CRAM-MD5",
                "chunking",
                "X-Odd a=b c",
                "",
                "LIMITS RCPTMAX=20 MAILMAX=5 X=1 RCPTDOMAINMAX=0"
            )
        )
        #expect(!capabilities.isPipelining)
        #expect(capabilities.size == .octets(1000))
        #expect(capabilities.isEightBitMIME)
        #expect(capabilities.isSTARTTLS)
        #expect(capabilities.isChunking)
        #expect(!capabilities.isSMTPUTF8)
        #expect(capabilities.authenticationMechanisms == [.plain, .login, .cramMD5])
        #expect(capabilities.others == [ServiceExtension("X-ODD", ["a=b", "c"])])
        #expect(capabilities.offers("x-odd"))
        #expect(
            capabilities.limits == TransactionLimits(transactionsPerSession: 5, recipientsPerTransaction: 20)
        )
    }

    @Test(
        "SIZE without a usable number states no limit, RFC 1870 §4",
        arguments: ["SIZE", "SIZE 0", "SIZE x", "SIZE -5", "SIZE 99999999999999999999999999"]
    )
    func unstatedSize(_ line: String) {
        #expect(Capabilities(lines: [line]).size == .unstated)
    }

    @Test("prints what it reads, in one order")
    func printsAndReads() {
        var capabilities = Capabilities()
        capabilities.isPipelining = true
        capabilities.size = .octets(52_428_800)
        capabilities.isSTARTTLS = true
        capabilities.authenticationMechanisms = [.scramSHA256, .plain]
        capabilities.isEightBitMIME = true
        capabilities.isEnhancedStatusCodes = true
        capabilities.isDSN = true
        capabilities.isSMTPUTF8 = true
        capabilities.isChunking = true
        capabilities.limits = TransactionLimits(recipientsPerTransaction: 100)
        capabilities.others = [ServiceExtension("HELP")]
        let lines = [
            "PIPELINING", "SIZE 52428800", "STARTTLS", "AUTH SCRAM-SHA-256 PLAIN", "8BITMIME", "ENHANCEDSTATUSCODES",
            "DSN",
            "SMTPUTF8", "CHUNKING", "LIMITS RCPTMAX=100", "HELP",
        ]
        #expect(capabilities.ehloLines() == lines)
        #expect(Capabilities(reply: capabilities.ehloReply(greeting: "mail.test")) == capabilities)
    }
}
