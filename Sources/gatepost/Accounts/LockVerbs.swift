internal import ArgumentParser
internal import GatepostServer

struct LockVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "What is locked or banned because of wrong passwords.",
        subcommands: [LockList.self, LockLift.self]
    )
}

struct LockList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what is locked, why, and until when."
    )

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            guard case .locks(let locks) = try await session.perform(.listLocks) else {
                throw StoreOptions.misunderstood
            }
            if self.store.json { return try Terminal.json(locks) }
            Terminal.table(
                ["LOCKED", "ACCOUNT", "FROM", "UNTIL", "WHY"],
                locks.map { lock in
                    [
                        lock.kind.rawValue, lock.account ?? "-", lock.from ?? "everywhere else", lock.until,
                        lock.reason,
                    ]
                }
            )
            if locks.isEmpty { Terminal.message("nothing is locked") }
        }
    }
}

struct LockLift: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lift",
        abstract: "Undo the locks of an account, or what is counted against an address or network.",
        discussion: "Exits 1 when there was nothing to undo."
    )

    @Argument(help: "An account, or an address or network such as 192.0.2.7 or 2001:db8::/64.")
    var target: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.lift(.liftLocks(target: self.target))
    }
}

struct AccountUnlock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract: "Undo the locks that wrong passwords brought on an account.",
        discussion:
            "Exits 1 when it was not locked. An account that was disabled is enabled with 'gatepost account enable'."
    )

    @Argument(help: "The account.")
    var address: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.lift(.unlockAccount(name: self.address))
    }
}

extension StoreOptions {
    fileprivate func lift(_ request: AdministrationRequest) async throws {
        try await self.withSession { session, _ in
            guard case .locks(let lifted) = try await session.perform(request) else { throw StoreOptions.misunderstood }
            if self.json {
                try Terminal.json(lifted)
            } else {
                for lock in lifted {
                    let place = lock.from.map { " from \($0)" } ?? ""
                    Terminal.result(
                        "lifted  \(Terminal.visible(lock.account ?? "every account"))\(place): \(lock.reason)"
                    )
                }
            }
            guard lifted.isEmpty else { return }
            throw Failure(.no, "nothing was locked; what was counted is forgotten")
        }
    }
}
