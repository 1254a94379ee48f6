import GatepostModel
import GatepostSQLite
import GatepostServer
import Glibc
import Logging
import MailSyntax
import NIOCore
import NIOPosix
import SASL

/// Both sockets over a store with a few accounts.
struct AuthenticationSocketFixture: Sendable {
    static let password = "s3cret and long"

    let directory: TemporaryDirectory
    let store: SQLiteStore
    let pool: HashingPool
    let log: LogCapture
    let dovecot: AuthenticationSocket
    let saslauthd: AuthenticationSocket

    static func with(
        cleartextWithoutTLS: Bool = false,
        responseTime: Duration = .seconds(300),
        deny: [IPNetwork] = [],
        _ body: @escaping @Sendable (AuthenticationSocketFixture) throws -> Void
    ) async throws {
        let fixture = try await Self.open(cleartextWithoutTLS, responseTime, deny)
        // The dialogs block: they get a thread that nobody else needs.
        try await NIOThreadPool.singleton.runIfActive { try body(fixture) }
        await fixture.dovecot.close()
        await fixture.saslauthd.close()
        try await fixture.pool.shutdown()
        try await fixture.store.close()
    }

    private static func open(
        _ cleartextWithoutTLS: Bool,
        _ responseTime: Duration,
        _ deny: [IPNetwork]
    ) async throws -> AuthenticationSocketFixture {
        let directory = try TemporaryDirectory()
        let store = try await SQLiteStore.open(dataDirectory: directory.path)
        let masterKey = MasterKey.random()
        _ = try await store.addDomain("example.org")
        for name in ["alice", "bob", "sam"] {
            let credential = try PasswordDerivation.derive(
                Secret(Self.password),
                owner: "\(name)@example.org",
                legacy: [.cramMD5, .digestMD5, .ntlm],
                masterKey: masterKey
            )
            let account = NewAccount(address: "\(name)@example.org", credential: credential, isSandbox: name == "sam")
            _ = try await store.add(account)
        }
        _ = try await store.setEnabled(false, of: "bob@example.org")
        var configuration = Configuration(
            hostname: "mail.example.org",
            data: directory.path,
            tls: Configuration.TLS(certificate: "", key: "")
        )
        configuration.authentication.mechanisms = [
            .scramSHA256Plus, .scramSHA256, .scramSHA1, .external, .plain, .login, .digestMD5, .cramMD5, .ntlm,
        ]
        configuration.authentication.cleartextWithoutTLS = cleartextWithoutTLS
        configuration.networks.deny = deny
        configuration.limits.timeouts.command = responseTime
        let pool = HashingPool(threads: 1, queue: 100)
        let log = LogCapture()
        let context = AuthenticationSocketContext(
            configuration,
            authenticator: Authenticator(
                directory: AccountDirectory(
                    store: store,
                    clock: SystemClock(),
                    defaultDomain: nil,
                    cache: .seconds(60)
                ),
                pool: pool,
                keyring: MasterKeyring(masterKey),
                scramIterations: PasswordDerivation.scramIterations
            ),
            counters: SubmissionCounters(),
            clock: SystemClock(),
            logger: log.logger
        )
        func open(_ kind: AuthenticationSocket.Kind) async throws -> AuthenticationSocket {
            try await AuthenticationSocket.open(
                kind,
                path: "\(directory.path)/run/\(kind.name)",
                mode: 0o640,
                context: context,
                group: MultiThreadedEventLoopGroup.singleton
            )
        }
        return AuthenticationSocketFixture(
            directory: directory,
            store: store,
            pool: pool,
            log: log,
            dovecot: try await open(.dovecot),
            saslauthd: try await open(.saslauthd)
        )
    }

    /// A connection to the Dovecot socket whose handshake is done.
    func mailServer(version: String = "1\t1") throws -> LocalConnection {
        let connection = try LocalConnection(self.dovecot.path)
        while let line = try connection.line(), line != "DONE" {}
        try connection.send("VERSION\t\(version)\nCPID\t1\n".utf8)
        return connection
    }
}
