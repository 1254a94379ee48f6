import DNS
import DNSClient
import Foundation
import Testing

@Suite(
    "DNSSEC",
    .enabled(if: NameServer.canSign, "nsd or ldnsutils is not installed"),
    .timeLimit(.minutes(2))
)
struct DNSSECTests {
    static let zone = """
        $ORIGIN signed.test.
        $TTL 300
        @ SOA ns.signed.test. hostmaster.signed.test. 1 3600 600 86400 60
        @ NS  ns.signed.test.
        @ MX  10 mx.signed.test.
        ns A 127.0.0.1
        mx A 192.0.2.1
        forged A 192.0.2.66

        """

    /// A server for the signed zone, `change` made after signing, and the key to trust.
    static func start(change: (String) -> String = { $0 }) throws -> (server: NameServer, anchor: String) {
        let folder = try NameServer.makeFolder()
        let file = folder.appendingPathComponent("zone")
        try Self.zone.write(to: file, atomically: true, encoding: .utf8)
        let key = try NameServer.run(
            NameServer.keyMaker,
            ["-a", "ECDSAP256SHA256", "-k", "-r", "/dev/urandom", "signed.test"],
            in: folder
        )
        _ = try NameServer.run(NameServer.signer, ["-o", "signed.test", "-f", "zone.signed", "zone", key], in: folder)
        let signed = folder.appendingPathComponent("zone.signed")
        try change(String(contentsOf: signed, encoding: .utf8)).write(to: signed, atomically: true, encoding: .utf8)
        let anchor = try String(contentsOf: folder.appendingPathComponent("\(key).key"), encoding: .utf8)
        return (try NameServer(folder: folder, files: [("signed.test", "zone.signed")]), anchor)
    }

    static func resolver(_ server: NameServer, anchor: String) throws -> UnboundResolver {
        var options = UnboundResolverTests.options(server)
        options.trustAnchorFiles = []
        options.trustAnchors = [String(anchor.prefix { $0 != ";" && $0 != "\n" })]
        return try UnboundResolver(options: options)
    }

    @Test("a good signature authenticates, and a proof of absence too")
    func secure() async throws {
        let (server, anchor) = try Self.start()
        let resolver = try Self.resolver(server, anchor: anchor)
        #expect(resolver.isValidating)
        #expect(try await resolver.mx("signed.test").isAuthenticated)
        #expect(try await resolver.mx("mx.signed.test").isAuthenticated)
        await #expect(throws: DNSError.nameDoesNotExist) { try await resolver.mx("nope.signed.test") }
    }

    @Test("an answer that was changed is bogus, the others stay good")
    func bogus() async throws {
        let (server, anchor) = try Self.start { $0.replacing("192.0.2.66", with: "192.0.2.67") }
        let resolver = try Self.resolver(server, anchor: anchor)
        let error = await #expect(throws: DNSError.self) { try await resolver.addresses("forged.signed.test") }
        guard case .bogus(let reason)? = error else {
            Issue.record("not bogus: \(String(describing: error))")
            return
        }
        #expect(!reason.isEmpty)
        #expect(try await resolver.addresses("mx.signed.test").isAuthenticated)
    }

    @Test("the same answer without validation is unauthenticated")
    func unvalidated() async throws {
        let (server, _) = try Self.start()
        let resolver = try UnboundResolver(servers: [("127.0.0.1", server.port)], dnssec: false)
        #expect(!resolver.isValidating)
        #expect(try await !resolver.mx("signed.test").isAuthenticated)
    }

    @Test(
        "stripped signatures are bogus where they are demanded, unsigned where the server is trusted",
        arguments: [true, false]
    )
    func stripped(accepts: Bool) async throws {
        let (signed, anchor) = try Self.start()
        _ = signed
        let server = try NameServer(zones: ["signed.test": Self.zone])
        var options = UnboundResolverTests.options(server)
        options.trustAnchorFiles = []
        options.trustAnchors = [String(anchor.prefix { $0 != ";" && $0 != "\n" })]
        options.acceptsStrippedDNSSEC = accepts
        let resolver = try UnboundResolver(options: options)
        if accepts {
            let answer = try await resolver.mx("signed.test")
            #expect(answer.records.count == 1 && !answer.isAuthenticated)
        } else {
            let error = await #expect(throws: DNSError.self) { try await resolver.mx("signed.test") }
            #expect(error?.isTemporary == true)
        }
    }
}
