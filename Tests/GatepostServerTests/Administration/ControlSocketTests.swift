import GatepostModel
import GatepostSQLite
import GatepostServer
import Glibc
import Logging
import NIOCore
import NIOPosix
import SASL
import Synchronization
import Testing

@Suite("Administration over the control socket")
struct ControlSocketTests {
    /// Runs a service over a store of its own, with what it told its server.
    private func withService(
        directory: String,
        _ body:
            @Sendable (_ perform: @Sendable (AdministrationRequest) async throws -> AdministrationResponse) async throws
            -> Void
    ) async throws -> [String] {
        let store = try await SQLiteStore.open(dataDirectory: directory)
        let trail = try SQLiteAuditTrail.open(
            dataDirectory: directory,
            key: try AuditKeyFile.open(inDirectory: directory),
            clock: SystemClock()
        )
        let changed = Mutex<[String]>([])
        let administration = Administration(
            accounts: store,
            queue: store,
            inboxes: store,
            clock: SystemClock(),
            spool: store.spoolDirectory,
            masterKeys: Administration.MasterKeys(
                directory: directory,
                keyring: MasterKeyring(try MasterKey.open(inDirectory: directory))
            ),
            defaultDomain: nil,
            hooks: Administration.Hooks(
                accountChanged: { account in changed.withLock { $0.append(account.address) } },
                domainsChanged: { changed.withLock { $0.append("domains") } },
                queueChanged: { changed.withLock { $0.append("queue") } },
                status: {
                    ServerStatus(
                        version: "1",
                        hostname: "h.example",
                        processIdentifier: 7,
                        started: nil,
                        listeners: ["l"],
                        counters: ["c": 1]
                    )
                }
            ),
            trail: trail
        )
        let service = ControlService(
            administration: administration,
            dataDirectory: directory,
            group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await service.run() }
            // The client blocks: it gets a thread that nobody else needs.
            let threads = NIOThreadPool.singleton
            while try await threads.runIfActive({ try ControlClient.connect(dataDirectory: directory) == nil }) {
                await Task.yield()
            }
            try await body { request in
                try await threads.runIfActive {
                    try #require(try ControlClient.connect(dataDirectory: directory)).perform(request)
                }
            }
            tasks.cancelAll()
            while try await tasks.next() != nil {}
        }
        #expect(try ControlClient.connect(dataDirectory: directory) == nil)
        try await store.close()
        return changed.withLock { $0 }
    }

    private static let credential = Result {
        CredentialRecord(
            try PasswordDerivation.derive(Secret("x"), owner: "alice@example.org", masterKey: .random())
        )
    }

    @Test("accounts and domains: each verb answers, and the server hears of each change")
    func accounts() async throws {
        let directory = try TemporaryDirectory()
        let credential = try ControlSocketTests.credential.get()
        let changed = try await self.withService(directory: directory.path) { perform in
            #expect(try await perform(.addDomain("Example.ORG")) == .done("example.org: local"))
            #expect(try await perform(.resolve(name: "Alice")) == .address("alice@example.org"))
            let alice = AccountAddition(address: "Alice@Example.org", isSandbox: false, credential: credential)
            guard case .additions(let reports) = try await perform(.addAccounts([alice, alice])) else {
                Issue.record("no additions")
                return
            }
            #expect(reports.map(\.added) == [true, false])
            #expect(
                try await perform(.grant(address: "alice", identity: "*@example.org"))
                    == .done("alice@example.org: may send as *@example.org")
            )
            guard case .accounts(let accounts) = try await perform(.listAccounts(after: nil, limit: 10)) else {
                Issue.record("no accounts")
                return
            }
            #expect(accounts.map(\.address) == ["alice@example.org"])
            #expect(accounts.first?.identities == ["*@example.org"])
            #expect(accounts.first?.mechanisms == ["LOGIN", "PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"])
            #expect(
                try await perform(.setEnabled(address: "alice", isEnabled: false))
                    == .done("alice@example.org: disabled")
            )
            #expect(
                try await perform(.setPassword(address: "alice", credential: credential))
                    == .done("alice@example.org: new password")
            )
            #expect(try await perform(.removeAccount(address: "alice")) == .done("alice@example.org: removed"))
        }
        #expect(changed == ["domains"] + Array(repeating: "alice@example.org", count: 5))
    }

    @Test("what cannot be done is told with its kind")
    func failures() async throws {
        let directory = try TemporaryDirectory()
        _ = try await self.withService(directory: directory.path) { perform throws in
            func kind(_ request: AdministrationRequest) async throws -> AdministrationFailure.Kind? {
                guard case .failure(let failure) = try await perform(request) else { return nil }
                return failure.kind
            }
            #expect(try await kind(.showAccount(address: "nobody@example.org")) == .notFound)
            #expect(try await kind(.showAccount(address: "nobody")) == .invalid)
            #expect(try await kind(.removeAccount(address: "a@b@c")) == .invalid)
            #expect(try await kind(.addDomain("[192.0.2.1]")) == .invalid)
            #expect(try await kind(.removeDomain("example.org")) == .notFound)
            #expect(try await kind(.showMessage(identifier: "x")) == .invalid)
            #expect(try await kind(.showInbox(identifier: "latest")) == .notFound)
            #expect(try await kind(.grant(address: "a@b.example", identity: "everybody")) == .invalid)
        }
    }

    @Test("queue, inboxes and status answer")
    func others() async throws {
        let directory = try TemporaryDirectory()
        let changed = try await self.withService(directory: directory.path) { perform in
            #expect(try await perform(.listQueue(QueueFilter(), after: nil, limit: 10)) == .messages([]))
            #expect(try await perform(.changeQueue(.retry, QueueFilter())) == .changed(recipients: 0))
            #expect(try await perform(.listInbox(account: nil, limit: 10)) == .inbox([]))
            let wait = InboxQuery(account: nil, subject: nil, after: nil, timeoutMilliseconds: 1)
            #expect(try await perform(.waitForInbox(wait)) == .nothing)
            guard case .status(let status) = try await perform(.status) else {
                Issue.record("no status")
                return
            }
            #expect(status.processIdentifier == 7)
            #expect(status.queue?.messages == 0)
        }
        #expect(changed == ["queue"])
    }

    @Test("the socket is its owner's only, and reached through a long path too")
    func longPath() async throws {
        let directory = try TemporaryDirectory()
        let deep = directory.path + "/" + String(repeating: "d", count: 100) + "/" + String(repeating: "e", count: 100)
        try LocalFile.makeDirectory(deep)
        _ = try await self.withService(directory: deep) { perform in
            // Once it answers it is whole: the mode is set between binding and answering.
            let domains = try await perform(.listDomains)
            #expect(domains == .domains([]))
            var status = stat()
            #expect(stat("\(deep)/control.sock", &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
        }
        #expect(!LocalFile.exists("\(deep)/control.sock"))
    }
}
