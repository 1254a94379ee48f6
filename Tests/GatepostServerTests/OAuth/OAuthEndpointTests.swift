import Testing

@testable import GatepostServer

@Suite("URLs that keys may come from")
struct OAuthEndpointTests {
    @Test(
        "https, or this host itself",
        arguments: [
            ("https://login.example.org/keys", true), ("HTTPS://login.example.org:8443/keys?x=1", true),
            ("http://localhost:8080/keys", true), ("http://127.0.0.1/keys", true), ("http://[::1]:80/keys", true),
            ("http://login.example.org/keys", false), ("http://127.0.0.1.example.org/", false),
            ("http://localhost.example.org/", false), ("http://[2001:db8::1]/", false), ("ftp://localhost/", false),
            ("https://user@login.example.org/", false), ("https://u:p@login.example.org/", false),
            ("http://localhost@evil.example/", false), ("https:///keys", false), ("https://", false), ("/keys", false),
            ("", false), ("https://login.example.org/\r\nX: y", false), ("https://login.example.org/a b", false),
            ("https://login.example.org/#x", false), ("file:///etc/passwd", false), ("https://exämple.org/", false),
        ]
    )
    func endpoint(_ text: String, _ isAllowed: Bool) {
        #expect((OAuthEndpoint(text) != nil) == isAllowed)
    }

    @Test(
        "where an issuer is discovered",
        arguments: [
            ("https://login.example.org", "https://login.example.org/.well-known/openid-configuration"),
            ("https://login.example.org/", "https://login.example.org/.well-known/openid-configuration"),
            ("https://example.org/realms/mail", "https://example.org/realms/mail/.well-known/openid-configuration"),
            ("example.test", nil), ("http://login.example.org", nil), ("https://login.example.org?x", nil),
        ] as [(String, String?)]
    )
    func discovery(_ issuer: String, _ url: String?) {
        #expect(OAuthEndpoint.discovery(issuer: issuer)?.description == url)
    }
}
