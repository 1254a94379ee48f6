import GatepostModel
import MailSyntax
import SASL
import SMTP
import Testing

@Suite("Who may send as whom")
struct AccountTests {
    @Test(
        "own address, subaddresses and grants",
        arguments: [
            ("alice@example.org", true), ("Alice@EXAMPLE.org", true), ("alice+news@example.org", true),
            ("alice+@example.org", true), ("alicea@example.org", false), ("alic@example.org", false),
            ("alice-news@example.org", false), ("alice@sub.example.org", false), ("alice@example.com", false),
            ("sales@example.org", true), ("sales+eu@example.org", true), ("x@example.net", true),
            ("x@EXAMPLE.NET", true), ("x@sub.example.net", false), ("\"a b\"@example.net", true),
            ("*@example.org", false), ("+alice@example.org", false), ("\"alice+a b\"@example.org", true),
            ("alice@[192.0.2.1]", false), ("älice@example.org", false),
        ]
    )
    func maySend(_ address: String, _ isAllowed: Bool) throws {
        let account = Account.test("alice@example.org", identities: ["sales@example.org", "*@example.net"])
        let mailbox = try mailbox(address)
        #expect(account.maySend(as: mailbox) == isAllowed)
        let verdict = SubmissionPolicy.mayUse(.mailbox(mailbox), account: account)
        #expect(verdict == (isAllowed ? .allowed : .refused(mailbox, .reversePath)))
        if let reply = verdict.reply {
            #expect(reply.code == 550)
            #expect(reply.enhanced == EnhancedStatusCode(5, 7, 1))
            #expect(reply.text.contains(mailbox.description))
        }
    }

    @Test("a quoted asterisk is an address, not all of them")
    func quotedAsterisk() throws {
        let pattern = try #require(IdentityPattern("\"*\"@example.org"))
        #expect(pattern.matches(try mailbox("*@example.org")))
        #expect(!pattern.matches(try mailbox("bob@example.org")))
    }

    @Test("patterns print as they are read", arguments: ["*@example.org", "bob@example.org", "\"a b\"@example.org"])
    func description(_ text: String) {
        #expect(IdentityPattern(text)?.description == text)
    }

    @Test(
        "nothing else is a pattern",
        arguments: ["", "*", "@example.org", "example.org", "*@", "a@b@c", "*@*", "a@b\r\n"]
    )
    func malformed(_ text: String) {
        #expect(IdentityPattern(text) == nil)
    }

    @Test("the null reverse-path is allowed")
    func nullPath() {
        #expect(SubmissionPolicy.mayUse(.null, account: .test("alice@example.org")) == .allowed)
    }

    @Test("a credential prints its number, never its keys")
    func printsNoKeys() {
        let keys = NewCredential(argon2id: "$argon2id$hash", scram: [], sealedSecret: [65, 66, 67])
        #expect("\(Credential(id: 7, version: 2, keys: keys))" == "credential 7 version 2")
        #expect("\(keys)" == "keys argon2id")
    }
}

@Suite("Verification cache")
struct VerificationCacheTests {
    private let password = Secret(Array("correct horse".utf8))
    private let credential = Credential(id: 3, version: 1, keys: NewCredential(argon2id: nil, scram: []))

    private func cache(_ maximum: Int = 100) -> VerificationCache {
        VerificationCache(key: Array(repeating: 7, count: 32), timeToLive: .seconds(300), maximumEntries: maximum)
    }

    @Test("knows the password that proved right, and no other")
    func contains() {
        var cache = self.cache()
        #expect(!cache.contains(self.password, for: self.credential, now: noon))
        cache.insert(self.password, for: self.credential, now: noon)
        #expect(cache.contains(self.password, for: self.credential, now: noon))
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            #expect(!cache.contains(Secret(Array(wrong.utf8)), for: self.credential, now: noon))
        }
    }

    @Test("a proof ends with its time, and when the clock is set back")
    func expiry() {
        var cache = self.cache()
        cache.insert(self.password, for: self.credential, now: noon)
        #expect(cache.contains(self.password, for: self.credential, now: noon + .milliseconds(299_999)))
        #expect(!cache.contains(self.password, for: self.credential, now: noon + .seconds(300)))
        #expect(!cache.contains(self.password, for: self.credential, now: noon - .seconds(1)))
    }

    @Test("another version, another credential and a forgotten one are not known")
    func versions() {
        var cache = self.cache()
        cache.insert(self.password, for: self.credential, now: noon)
        var changed = self.credential
        changed.version = 2
        #expect(!cache.contains(self.password, for: changed, now: noon))
        var other = self.credential
        other.id = 4
        #expect(!cache.contains(self.password, for: other, now: noon))
        cache.forget(credential: 3)
        #expect(!cache.contains(self.password, for: self.credential, now: noon))
    }

    @Test("holds no more than it may, and keeps the youngest")
    func bounded() {
        var cache = self.cache(16)
        for id in 0..<100 as Range<Int64> {
            let credential = Credential(id: id, version: 1, keys: self.credential.keys)
            cache.insert(self.password, for: credential, now: noon + .milliseconds(id))
            #expect(cache.count <= 16)
            #expect(cache.contains(self.password, for: credential, now: noon + .milliseconds(id)))
        }
    }

    @Test("a time to live of nothing turns it off")
    func off() {
        var cache = VerificationCache(key: [1], timeToLive: .zero)
        cache.insert(self.password, for: self.credential, now: noon)
        #expect(cache.count == 0)
    }
}

@Suite("Values around accounts")
struct AccountValueTests {
    @Test("a reference can be read over the telephone")
    func reference() {
        let reference = AuthenticationReference(random: [0x12, 0x34, 0x56, 0x78, 0x9a])
        #expect(reference.description == "28T5-CY4T")
        #expect(AuthenticationReference("28t5cy4t") == reference)
        #expect(AuthenticationReference(reference.description) == reference)
        #expect(AuthenticationReference("O1IL-0000")?.description == "0111-0000")
        #expect(AuthenticationReference(random: [0, 0, 0, 0, 0]).description == "0000-0000")
        #expect(AuthenticationReference(random: [255, 255, 255, 255, 255]).description == "ZZZZ-ZZZZ")
        for text in ["", "28T5-CY4", "28T5-CY4TT", "28T5-CY4U", "28T5_CY4T"] {
            #expect(AuthenticationReference(text) == nil)
        }
    }

    @Test(
        "PHC strings come back as they were read",
        arguments: [
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA",
            "$pbkdf2-sha256$$aGFzaA",
        ]
    )
    func phc(_ text: String) {
        #expect(PHCString(text)?.description == text)
    }

    @Test("parameters are read by name")
    func phcParameters() throws {
        let phc = try #require(PHCString("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"))
        #expect(phc.function == "argon2id")
        #expect(phc.version == 19)
        #expect(phc.number("m") == 19_456)
        #expect(phc.number("x") == nil)
        #expect(phc.salt == Array("salt".utf8))
        #expect(phc.hash == Array("hash".utf8))
    }

    @Test(
        "nothing else is one",
        arguments: [
            "", "$", "argon2id$a$b", "$argon2id", "$argon2id$$", "$Argon2id$c2FsdA$aGFzaA", "$a$v=x$c2FsdA$aGFzaA",
            "$a$m$c2FsdA$aGFzaA", "$a$m=1,$c2FsdA$aGFzaA", "$a$c2FsdA==$aGFzaA", "$a$c2FsdA$aGFzaA$x",
            "$a$c2 sd$aGFzaA",
            "$a$c2FsdA$" + String(repeating: "a", count: 1100),
        ]
    )
    func malformedPHC(_ text: String) {
        #expect(PHCString(text) == nil)
    }
}
