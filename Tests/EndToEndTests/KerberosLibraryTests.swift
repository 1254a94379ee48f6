#if Kerberos
import Glibc
import SASL
import SASLKerberos
import Testing

/// Both halves of real security contexts in one process, with a real KDC between them.
@Suite(.serialized, .enabled(if: KerberosRealm.canStart, Program.howToInstall), .ownRealm)
struct KerberosLibraryTests {
    @Test func `initiator and acceptor come to an understanding`() async throws {
        let realm = try OwnRealm.current
        let (initiator, acceptor) = (try await alice(realm).makeContext(), try keys(realm).makeContext())
        let first = try #require(try token(initiator.initiate(nil)))
        guard case .established(let principal, let answer?) = try acceptor.accept(first) else {
            Issue.record("no mutual authentication")
            return
        }
        #expect(principal == "alice@\(KerberosRealm.name)")
        guard case .established(nil) = try initiator.initiate(answer) else {
            Issue.record("the client wants more")
            return
        }
        let offer = try acceptor.wrap([1, 0, 0, 0])
        #expect(try initiator.unwrap(offer) == [1, 0, 0, 0])
        let choice = try initiator.wrap([1, 0, 0, 0, 0x61])
        #expect(try acceptor.unwrap(choice) == [1, 0, 0, 0, 0x61])
        #expect(throws: SecurityContextFailure.self, "a second time is a replay") { try acceptor.unwrap(choice) }
        #expect(throws: SecurityContextFailure.self, "one's own token is not the other's") {
            try acceptor.unwrap(offer)
        }
    }

    @Test func `one flipped bit in a ticket or a wrapped choice is noticed`() async throws {
        let realm = try OwnRealm.current
        let source = try await alice(realm)
        let keys = try keys(realm)
        let first = try #require(try token(source.makeContext().initiate(nil)))
        let places = Array(stride(from: 0, to: first.count, by: 7))
        var refused = 0
        for octet in places {
            var damaged = first
            damaged[octet] ^= 0x10
            do throws(SecurityContextFailure) {
                // The lengths, tags and optional fields of the ticket are not all under a checksum; who it is for is.
                if case .established(let principal, _) = try keys.makeContext().accept(damaged) {
                    #expect(principal == "alice@\(KerberosRealm.name)")
                }
            } catch {
                refused += 1
            }
        }
        // Ticket and authenticator, nearly all of the token, are.
        #expect(refused * 10 >= places.count * 9, "\(refused) of \(places.count)")
        let (initiator, acceptor) = (source.makeContext(), keys.makeContext())
        try shakeHands(initiator, acceptor)
        let choice = try initiator.wrap([1, 0, 0, 0])
        // The count by which the octets are rotated is no part of what is protected (RFC 4121 §4.2.4): a whole turn changes nothing.
        for octet in choice.indices where octet != 6 && octet != 7 {
            var damaged = choice
            damaged[octet] ^= 1
            #expect(throws: SecurityContextFailure.self) { try acceptor.unwrap(damaged) }
        }
        #expect(throws: SecurityContextFailure.self) { try acceptor.unwrap([]) }
        #expect(try acceptor.unwrap(choice) == [1, 0, 0, 0])
    }

    @Test func `an authenticator that was overheard is not taken again`() async throws {
        let realm = try OwnRealm.current
        let keys = try keys(realm, .file(realm.folder.path("rcache")))
        let first = try #require(try token(try await alice(realm).makeContext().initiate(nil)))
        _ = try keys.makeContext().accept(first)
        do throws(SecurityContextFailure) {
            _ = try keys.makeContext().accept(first)
            Issue.record("a replay is accepted")
        } catch {
            #expect(error.kind == .refused)
            #expect(error.description.contains("replay"), "\(error)")
        }
        // A second server with the same file knows it too.
        let other = try self.keys(realm, .file(realm.folder.path("rcache")))
        #expect(throws: SecurityContextFailure.self) { try other.makeContext().accept(first) }
    }

    @Test func `garbage and empty tokens are defective`() async throws {
        let keys = try keys(try OwnRealm.current)
        for token in [[], [0], Array("no token at all".utf8), [UInt8](repeating: 0x60, count: 4096)] as [[UInt8]] {
            do throws(SecurityContextFailure) {
                _ = try keys.makeContext().accept(token)
                Issue.record("accepted")
            } catch {
                #expect(error.kind == .defectiveToken, "\(error)")
            }
        }
    }

    @Test func `the key table is read at every exchange`() async throws {
        let realm = try OwnRealm.current
        let path = realm.folder.path("moving.keytab")
        try realm.folder.write("moving.keytab", contents(of: realm.keytab), mode: 0o600)
        let keys = try KerberosAcceptor(keytab: path, replayCache: .none)
        let source = try await alice(realm)
        try shakeHands(source.makeContext(), keys.makeContext())
        try realm.folder.write("moving.keytab", contents(of: realm.keytab(of: "host")), mode: 0o600)
        do throws(SecurityContextFailure) {
            try shakeHands(source.makeContext(), keys.makeContext())
            Issue.record("keys that are gone still count")
        } catch {
            #expect(error.kind == .refused, "\(error)")
        }
        unlink(path)
        do throws(SecurityContextFailure) {
            try shakeHands(source.makeContext(), keys.makeContext())
            Issue.record("keys that are gone still count")
        } catch {
            #expect(error.kind == .unavailable, "\(error)")
        }
        try realm.folder.write("moving.keytab", contents(of: realm.keytab), mode: 0o600)
        try shakeHands(source.makeContext(), keys.makeContext())
    }

    @Test func `a program logs in with keys of its own`() async throws {
        let realm = try OwnRealm.current
        let source = KerberosInitiator(
            host: "127.0.0.1",
            principal: "relay/mail.gatepost.test",
            tickets: .keytab(realm.keytab(of: "relay"))
        )
        let principal = try shakeHands(source.makeContext(), try keys(realm).makeContext())
        #expect(principal == "relay/mail.gatepost.test@\(KerberosRealm.name)")
    }

    @Test func `many exchanges at a time keep apart`() async throws {
        let realm = try OwnRealm.current
        let (source, keys) = (try await alice(realm), try keys(realm, .file(realm.folder.path("rcache-many"))))
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<64 {
                group.addTask { try self.shakeHands(source.makeContext(), keys.makeContext()) }
            }
            for try await principal in group { #expect(principal == "alice@\(KerberosRealm.name)") }
        }
    }

    // MARK: -

    private func alice(_ realm: KerberosRealm) async throws -> KerberosInitiator {
        let ticket = try await realm.ticket(of: "alice", password: "secret")
        return KerberosInitiator(host: "127.0.0.1", tickets: .cache(ticket.cache))
    }

    private func keys(
        _ realm: KerberosRealm,
        _ cache: KerberosAcceptor.ReplayCache = .none
    ) throws(SecurityContextFailure) -> KerberosAcceptor {
        try KerberosAcceptor(keytab: realm.keytab, replayCache: cache)
    }

    private func token(_ initiation: SecurityContextInitiation) -> [UInt8]? {
        switch initiation {
        case .continueNeeded(let token): token
        case .established(let token): token
        }
    }

    /// Lets two contexts stand; the client's principal as the server sees it.
    @discardableResult
    private func shakeHands(
        _ initiator: any SecurityContextInitiator,
        _ acceptor: any SecurityContextAcceptor
    ) throws(SecurityContextFailure) -> String {
        let first = token(try initiator.initiate(nil)) ?? []
        guard case .established(let principal, let answer) = try acceptor.accept(first) else { return "" }
        if let answer { _ = try initiator.initiate(answer) }
        return principal
    }
}

/// A realm that this process itself takes part in.
enum OwnRealm {
    @TaskLocal fileprivate static var running: KerberosRealm?

    static var current: KerberosRealm {
        get throws {
            guard let running else { throw MissingSite() }
            return running
        }
    }
}

struct OwnRealmTrait: SuiteTrait, TestScoping {
    func provideScope(for test: Test, testCase: Test.Case?, performing function: () async throws -> Void) async throws {
        let realm = try await KerberosRealm.start(
            people: ["alice": "secret"],
            services: ["host/127.0.0.1", "relay/mail.gatepost.test"]
        )
        // The library has no other way to be told. Programs that tests start have their own value (`ChildProcess.ambient`).
        setenv("KRB5_CONFIG", realm.configuration, 1)
        try await OwnRealm.$running.withValue(realm) { try await function() }
    }
}

extension Trait where Self == OwnRealmTrait {
    static var ownRealm: Self { OwnRealmTrait() }
}
#endif
