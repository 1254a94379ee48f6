import GatepostModel
import Testing

@Suite("Principals and accounts")
struct KerberosPrincipalTests {
    private static let rules = Configuration.Kerberos(
        keytab: "/k",
        realm: "EXAMPLE.ORG",
        principals: ["host/web.example.org@EXAMPLE.ORG": "web", "alice@PARTNER.NET": "alice.partner@example.org"]
    )

    @Test(
        "a principal of the realm is the account of its name",
        arguments: ["alice", "alice.b-c", "Alice", "j\u{F6}rg"]
    )
    func ofTheRealm(_ name: String) {
        #expect(Self.rules.loginName(of: "\(name)@EXAMPLE.ORG") == name)
    }

    @Test(
        "other realms, instances and names with escapes are nobody",
        arguments: [
            "alice@OTHER.ORG", "alice@example.org", "alice@EXAMPLE.ORG.EVIL", "alice@X.EXAMPLE.ORG", "aliceEXAMPLE.ORG",
            "host/mail@EXAMPLE.ORG", "alice/admin@EXAMPLE.ORG", "/@EXAMPLE.ORG", "@EXAMPLE.ORG", "", "@",
            "alice\\@other.org@EXAMPLE.ORG", "alice\\/admin@EXAMPLE.ORG", "alice@PARTNER.NET@EXAMPLE.ORG",
            "WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS", "host/web.example.org@OTHER.ORG",
        ]
    )
    func nobody(_ principal: String) {
        #expect(Self.rules.loginName(of: principal) == nil)
    }

    @Test("what is listed counts, whatever its realm and form")
    func listed() {
        #expect(Self.rules.loginName(of: "host/web.example.org@EXAMPLE.ORG") == "web")
        #expect(Self.rules.loginName(of: "alice@PARTNER.NET") == "alice.partner@example.org")
    }
}
