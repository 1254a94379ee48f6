import GatepostModel
import Testing

@Suite("LDAP templates")
struct LDAPTemplateTests {
    @Test(
        "an address cannot change what is asked",
        arguments: [
            ("(mail=%s)", LDAPTemplate.Syntax.filter, "alice", "(mail=alice@example.org)"),
            ("(mail=%s)", .filter, "*)(uid=*", "(mail=\\2a\\29\\28uid\\3d\\2a@example.org)"),
            ("(&(uid=%u)(o=%d))", .filter, "a\\b", "(&(uid=a\\5cb)(o=example.org))"),
            ("(uid=%u)", .filter, "nul\0", "(uid=nul\\00)"),
            ("(uid=%u)", .filter, "jürgen", "(uid=j\\c3\\bcrgen)"),
            ("uid=%u,ou=people", .distinguishedName, "alice", "uid=alice,ou=people"),
            ("uid=%u,ou=people", .distinguishedName, "a,ou=admins", "uid=a\\2cou\\3dadmins,ou=people"),
            ("uid=%u,ou=people", .distinguishedName, "#1+b=c;\"<>", "uid=\\231\\2bb\\3dc\\3b\\22\\3c\\3e,ou=people"),
            ("uid=%u,ou=people", .distinguishedName, " space ", "uid=\\20space\\20,ou=people"),
            ("uid=%u,dc=%d", .distinguishedName, "%s", "uid=\\25s,dc=example.org"),
            ("cn=100%% %u", .distinguishedName, "a", "cn=100% a"),
        ]
    )
    func filled(template: String, syntax: LDAPTemplate.Syntax, localPart: String, expected: String) throws {
        let template = try #require(LDAPTemplate(template, syntax))
        #expect(template.filled(localPart: localPart, domain: "example.org") == expected)
    }

    @Test(
        "a template with an unknown place, or without any, is none",
        arguments: ["(mail=%x)", "(mail=%", "(mail=*)", "", "(o=%d)", "100%%"]
    )
    func bad(text: String) {
        #expect(LDAPTemplate(text, .filter) == nil)
    }
}
