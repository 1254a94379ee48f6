import DNS
import DNSClient
import Testing

@Suite(
    "Resolver over libunbound against a name server on loopback",
    .enabled(if: NameServer.program != nil, "nsd is not installed"),
    .timeLimit(.minutes(2))
)
struct UnboundResolverTests {
    static let zone = """
        $ORIGIN example.test.
        $TTL 300
        @ SOA ns hostmaster 1 3600 600 86400 60
          NS  ns
          MX  10 mx1
          MX  20 mx2.example.test.
          TXT "v=spf1 " "-all"
        ns    A     127.0.0.1
        mx1   A     192.0.2.1
              AAAA  2001:db8::1
        mx2   60 A  192.0.2.2
        nomail MX   0 .
        alias CNAME mx1
        odd\\032name TXT found
        _25._tcp.mx1 TLSA 3 1 1 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF

        """
    static let reverse = """
        $ORIGIN 10.in-addr.arpa.
        @ 300 SOA ns.example.test. hostmaster.example.test. 1 3600 600 86400 60
          300 NS ns.example.test.
        1.2.0 300 PTR mx1.example.test.

        """

    static func options(_ server: NameServer) -> UnboundResolver.Options {
        var options = UnboundResolver.Options()
        options.servers = .forward([.init(address: "127.0.0.1", port: server.port)])
        return options
    }

    @Test("every type, aliases, absence; with and without DNSSEC asked for", arguments: [false, true])
    func types(dnssec: Bool) async throws {
        let server = try NameServer(zones: ["example.test": Self.zone, "10.in-addr.arpa": Self.reverse])
        let resolver = try UnboundResolver(servers: [("127.0.0.1", server.port)], dnssec: dnssec)
        let mx = try await resolver.mx("Example.test")
        #expect(
            Set(mx.records) == [
                MXRecord(preference: 10, exchange: "mx1.example.test"),
                MXRecord(preference: 20, exchange: "mx2.example.test"),
            ]
        )
        #expect(mx.ttl > .zero && mx.ttl <= .seconds(300))
        #expect(!mx.isAuthenticated)
        #expect(try await resolver.mx("nomail.example.test").records.map(\.isNull) == [true])
        let addresses = try await resolver.addresses("alias.example.test.")
        #expect(addresses.records.map(\.description) == ["2001:db8::1", "192.0.2.1"])
        #expect(addresses.canonicalName == "mx1.example.test")
        #expect(try await resolver.addresses("mx2.example.test").records.map(\.description) == ["192.0.2.2"])
        #expect(try await resolver.txt("example.test").records.map(\.description) == ["v=spf1 -all"])
        #expect(try await resolver.txt("odd\\032name.example.test").records.count == 1)
        #expect(try await resolver.tlsa("_25._tcp.mx1.example.test").records.first?.data.count == 32)
        #expect(try await resolver.ptr(#require(DNSAddress("10.0.2.1"))).records == ["mx1.example.test"])
        #expect(try await resolver.cname("alias.example.test").records == ["mx1.example.test"])
        #expect(try await resolver.mx("mx1.example.test").isEmpty)
        await #expect(throws: DNSError.nameDoesNotExist) { try await resolver.mx("nope.example.test") }
        await #expect(throws: DNSError.malformedName) { try await resolver.mx("a..b") }
        // NSD refuses what it does not serve.
        let error = await #expect(throws: DNSError.self) { try await resolver.mx("elsewhere.example") }
        #expect(error?.isTemporary == true)
        await resolver.close()
    }

    @Test("a zone text for NSD is one for `Zone` too, with the same answers")
    func sameAsZone() async throws {
        let server = try NameServer(zones: ["example.test": Self.zone])
        let resolver = try UnboundResolver(options: Self.options(server))
        let zone = try Zone(parsing: Self.zone)
        for name in [
            "example.test", "mx1.example.test", "alias.example.test", "nomail.example.test", "nope.example.test",
            "_tcp.mx1.example.test",
        ] {
            for type in [RecordType.mx, .a, .aaaa, .txt, .cname] {
                let real = await Self.outcome(resolver, type, name)
                #expect(real == (await Self.outcome(zone, type, name)), "\(type) \(name)")
            }
        }
    }

    private static func outcome(
        _ resolver: any Resolver,
        _ type: RecordType,
        _ name: String
    ) async -> Result<Set<Record>, DNSError> {
        do throws(DNSError) {
            return .success(Set(try await resolver.records(type, at: name).records))
        } catch {
            return .failure(error)
        }
    }

    @Test("many questions at once")
    func many() async throws {
        let server = try NameServer(zones: ["example.test": Self.zone])
        let resolver = try UnboundResolver(options: Self.options(server))
        let found = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<2000 {
                group.addTask {
                    try await resolver.records(index % 2 == 0 ? .mx : .txt, at: "example.test").records.count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(found == 3000)
    }

    @Test("a server that does not answer in time is a temporary failure")
    func timeout() async throws {
        let server = try NameServer(zones: ["example.test": Self.zone])
        server.suspend()
        defer { server.resume() }
        var options = Self.options(server)
        options.timeout = .milliseconds(200)
        let resolver = try UnboundResolver(options: options)
        await #expect(throws: DNSError.temporary("no answer in time")) { try await resolver.mx("example.test") }
    }

    @Test("cancelling ends the wait at once; closing ends all others")
    func cancellation() async throws {
        let server = try NameServer(zones: ["example.test": Self.zone])
        server.suspend()
        defer { server.resume() }
        let resolver = try UnboundResolver(options: Self.options(server))
        let cancelled = Task { try await resolver.mx("example.test") }
        let waiting = Task { try await resolver.txt("example.test") }
        cancelled.cancel()
        await #expect(throws: DNSError.temporary("the question was cancelled")) { try await cancelled.value }
        await resolver.close()
        await #expect(throws: DNSError.temporary("the resolver is closed")) { try await waiting.value }
        await #expect(throws: DNSError.temporary("the resolver is closed")) { try await resolver.mx("example.test") }
        await resolver.close()
    }

    @Test("releasing a resolver with no close is clean, many times")
    func release() async throws {
        let server = try NameServer(zones: ["example.test": Self.zone])
        for _ in 0..<20 {
            let resolver = try UnboundResolver(options: Self.options(server))
            #expect(try await resolver.mx("example.test").records.count == 2)
        }
    }

    @Test("no more questions are open than allowed")
    func overload() async throws {
        let server = try NameServer(zones: ["example.test": Self.zone])
        server.suspend()
        defer { server.resume() }
        var options = Self.options(server)
        options.maximumOpenQuestions = 0
        let resolver = try UnboundResolver(options: options)
        await #expect(throws: DNSError.temporary("too many open questions")) { try await resolver.mx("example.test") }
    }

    @Test(
        "what is no server is refused at the start",
        arguments: [("nonsense", 53), ("127.0.0.1", 0), ("127.0.0.1", 65_536)]
    )
    func badServer(_ address: String, _ port: Int) {
        #expect(throws: UnboundError.self) { try UnboundResolver(servers: [(address, port)], dnssec: false) }
    }
}
