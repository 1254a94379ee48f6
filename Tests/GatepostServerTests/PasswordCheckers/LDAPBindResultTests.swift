import GatepostServer
import Testing

@Suite("What a directory's answer to a bind means")
struct LDAPBindResultTests {
    private static func activeDirectory(_ data: String) -> String {
        "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data \(data), v3839"
    }

    @Test(
        "result codes, password policies and Active Directory's words",
        arguments: [
            (LDAPBindResult(code: 0), PasswordVerdict?.some(.accepted)),
            (LDAPBindResult(code: 0, policyError: .changeAfterReset), .expired),
            (LDAPBindResult(code: 49), .wrong),
            (LDAPBindResult(code: 49, policyError: .passwordExpired), .expired),
            (LDAPBindResult(code: 49, policyError: .accountLocked), .disabled),
            (LDAPBindResult(code: 49, diagnostic: activeDirectory("52e")), .wrong),
            (LDAPBindResult(code: 49, diagnostic: activeDirectory("525")), .unknown),
            (LDAPBindResult(code: 49, diagnostic: activeDirectory("532")), .expired),
            (LDAPBindResult(code: 49, diagnostic: activeDirectory("773")), .expired),
            (LDAPBindResult(code: 49, diagnostic: activeDirectory("533")), .disabled),
            (LDAPBindResult(code: 49, diagnostic: activeDirectory("775")), .disabled),
            (LDAPBindResult(code: 49, diagnostic: ", data "), .wrong),
            (LDAPBindResult(code: 32), .unknown),
            (LDAPBindResult(code: 34), .unknown),
            (LDAPBindResult(code: 53, diagnostic: "Account inactivated."), .disabled),
            (LDAPBindResult(code: 19), .disabled),
            // Busy, unavailable, wants TLS, refers to another server, other: nothing was said about the password.
            (LDAPBindResult(code: 51), nil), (LDAPBindResult(code: 52), nil), (LDAPBindResult(code: 13), nil),
            (LDAPBindResult(code: 10), nil), (LDAPBindResult(code: 80), nil), (LDAPBindResult(code: 1), nil),
        ]
    )
    func verdict(result: LDAPBindResult, verdict: PasswordVerdict?) {
        #expect(result.verdict == verdict)
    }
}
