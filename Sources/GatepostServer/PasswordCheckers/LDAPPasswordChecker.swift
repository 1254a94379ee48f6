#if LDAP
package import GatepostModel
package import Logging
internal import SASL
internal import Synchronization

/// Asks a directory by binding as the user.
package final class LDAPPasswordChecker: PasswordChecker {
    private static let threads = 4
    private static let queue = 64

    package let name: String
    private let configuration: Configuration.LDAP
    private let timeout: Duration
    private let library: LDAPLibrary
    private let pool: HashingPool
    private let logger: Logger
    /// Connections bound for searching that nobody uses now; no more than threads.
    private let idle = Mutex<[LDAPConnection]>([])

    /// - Throws: `SharedLibrary.Missing` where libldap is not installed.
    package init(_ configuration: Configuration.LDAP, timeout: Duration, logger: Logger) throws {
        self.name = "ldap \(configuration.url)"
        self.configuration = configuration
        self.timeout = timeout
        self.logger = logger
        self.library = try LDAPLibrary()
        self.pool = HashingPool(threads: LDAPPasswordChecker.threads, queue: LDAPPasswordChecker.queue)
    }

    package func verdict(on login: PasswordLogin) async throws -> PasswordVerdict {
        // The library's own limits are for each step, this one is for all.
        let late = PasswordCheckerUnreachable(self.name, "no answer within \(self.timeout)")
        return try await Deadline.run(within: self.timeout, orThrow: late) {
            try await self.pool.run {
                do {
                    return try self.ask(login)
                } catch let failure as LDAPConnection.Failure {
                    throw PasswordCheckerUnreachable(self.name, failure.description)
                }
            }
        }
    }

    package func shutdown() async throws {
        self.idle.withLock { $0.removeAll() }
        try await self.pool.shutdown()
    }

    private func ask(_ login: PasswordLogin) throws -> PasswordVerdict {
        switch self.configuration.lookup {
        case .template(let template):
            return try self.bind(template.filled(localPart: login.localPart, domain: login.domain), login)
        case .search(let search):
            let filter = search.filter.filled(localPart: login.localPart, domain: login.domain)
            switch try self.find(search, filter) {
            case .entry(let name):
                return try self.bind(name, login)
            case .several:
                // Whose password would it be? Refused, and only the operator can see why.
                self.logger.warning(
                    "more than one directory entry fits; nobody is let in",
                    metadata: ["checker": "\(self.name)", "filter": "\(filter)"]
                )
                _ = try self.bind("cn=gatepost-nobody,\(search.base)", login)
                return .wrong
            case .nothing:
                // The same steps as for somebody who is there, or the time would tell who is.
                _ = try self.bind("cn=gatepost-nobody,\(search.base)", login)
                return .unknown
            }
        }
    }

    /// On a connection of its own: a bind changes who the connection belongs to.
    private func bind(_ name: String, _ login: PasswordLogin) throws -> PasswordVerdict {
        let result = try self.connect().bind(name, login.password)
        guard let verdict = result.verdict else {
            let words = result.diagnostic.isEmpty ? "" : " (\(result.diagnostic))"
            throw PasswordCheckerUnreachable(self.name, "bind: \(self.library.text(of: result.code))\(words)")
        }
        return verdict
    }

    private func find(_ search: Configuration.LDAP.Search, _ filter: String) throws -> LDAPConnection.Found {
        if let connection = self.idle.withLock({ $0.popLast() }) {
            do {
                return try self.find(search, filter, on: connection)
            } catch let failure as LDAPConnection.Failure where failure.isConnectionLost {
                // It lay too long: the directory ended it. A new one tells whether the directory is there.
                self.idle.withLock { $0.removeAll() }
            }
        }
        let connection = try self.connect()
        if let name = search.bindName, let password = search.bindPassword {
            let result = try connection.bind(name, password)
            guard result.verdict == .accepted else {
                let text = self.library.text(of: result.code)
                throw PasswordCheckerUnreachable(self.name, "the directory refuses \(name): \(text)")
            }
        }
        return try self.find(search, filter, on: connection)
    }

    private func find(
        _ search: Configuration.LDAP.Search,
        _ filter: String,
        on connection: LDAPConnection
    ) throws -> LDAPConnection.Found {
        let scope: Int32 =
            switch search.scope {
            case .base: 0
            case .one: 1
            case .sub: 2
            }
        let found = try connection.find(base: search.base, scope: scope, filter: filter)
        self.idle.withLock { idle in
            if idle.count < LDAPPasswordChecker.threads { idle.append(connection) }
        }
        return found
    }

    private func connect() throws -> LDAPConnection {
        try LDAPConnection(self.configuration, library: self.library, timeout: self.timeout)
    }
}
#endif
