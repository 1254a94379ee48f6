internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer

struct DKIMVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dkim",
        abstract: "The keys that domains sign their mail with.",
        discussion: """
            A new key is published first and signs once the server sees its record in DNS; until then the key before it signs. \
            That one's record has to stay until no mail is under way that it signed: 'dkim list' tells when it may be retired.
            """,
        subcommands: [DKIMAdd.self, DKIMList.self, DKIMRotate.self, DKIMActivate.self, DKIMRetire.self]
    )

    /// Shows keys that were just made or changed: what is to be done goes to people, the records to standard output.
    static func show(_ keys: [DKIMKeyReport], json: Bool) throws {
        if json { return try Terminal.json(keys) }
        for key in keys {
            Terminal.message("\(key.selector) of \(key.domain), \(key.algorithm.rawValue): \(key.state.rawValue)")
            switch key.state {
            case .pending, .active: Terminal.result("\(key.name). TXT \"\(key.record)\"")
            case .retiring, .retired: if let note = key.note { Terminal.message("  \(Terminal.visible(note))") }
            }
        }
        if keys.contains(where: { $0.state == .pending }) {
            Terminal.message("publish this; the key signs once it is seen in DNS ('gatepost dkim list' tells)")
            Terminal.message("text over 255 octets is split for most name servers: 'gatepost domain records' does it")
        }
    }
}

extension StoreOptions {
    /// Sends one request about keys, and shows those that it is about.
    fileprivate func change(_ request: DKIMRequest) async throws {
        try await self.withSession { session, _ in
            guard case .dkimKeys(let keys) = try await session.perform(.dkim(request)) else {
                throw StoreOptions.misunderstood
            }
            try DKIMVerbs.show(keys, json: self.json)
        }
    }
}

extension DKIMKey.Algorithm: ExpressibleByArgument {}

struct DKIMAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Make keys for a local domain and print the records to publish."
    )

    @Argument(help: "The domain.")
    var domain: String

    @Option(name: .long, help: "Under which the record stands. [gp and the year, then a letter: gp2026a]")
    var selector: String?

    @Option(name: .long, help: "What kind of key. [one of each]")
    var algorithm: DKIMKey.Algorithm?

    @Flag(name: .long, help: "Sign at once, without waiting for DNS: the record is there already.")
    var now = false

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(
            .add(domain: self.domain, selector: self.selector, algorithm: self.algorithm, isActive: self.now)
        )
    }
}

struct DKIMList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List keys with their state and what is to be done."
    )

    @Argument(help: "The domain. [all]")
    var domain: String?

    @Flag(name: .long, help: "Show the keys of the past too.")
    var all = false

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            guard case .dkimKeys(let found) = try await session.perform(.dkim(.list(domain: self.domain))) else {
                throw StoreOptions.misunderstood
            }
            let keys = found.filter { self.all || $0.state != .retired }
            if self.store.json { return try Terminal.json(keys) }
            Terminal.table(
                ["DOMAIN", "SELECTOR", "ALGORITHM", "STATE", "SINCE"],
                keys.map { key in
                    let since: String? =
                        switch key.state {
                        case .pending: key.created
                        case .active: key.activated
                        case .retiring: key.replaced
                        case .retired: key.retired
                        }
                    return [key.domain, key.selector, key.algorithm.rawValue, key.state.rawValue, since ?? "-"]
                }
            )
            for key in keys {
                if let note = key.note {
                    Terminal.result("\n\(key.selector) of \(key.domain): \(Terminal.visible(note))")
                }
            }
            if keys.isEmpty { Terminal.message("no keys; 'gatepost dkim add DOMAIN' makes them") }
        }
    }
}

struct DKIMRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Make a successor for each key of a domain. It takes over once it is seen in DNS."
    )

    @Argument(help: "The domain.")
    var domain: String

    @Flag(name: .long, help: "Let the new keys sign at once, without waiting for DNS.")
    var now = false

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.rotate(domain: self.domain, isActive: self.now))
    }
}

struct DKIMActivate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "activate",
        abstract: "Let a key sign without waiting for DNS, or let the one before sign again."
    )

    @Argument(help: "The domain.")
    var domain: String

    @Argument(help: "The key's selector.")
    var selector: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.activate(domain: self.domain, selector: self.selector))
    }
}

struct DKIMRetire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "End a key for good, once no mail is under way that it signed."
    )

    @Argument(help: "The domain.")
    var domain: String

    @Argument(help: "The key's selector.")
    var selector: String

    @Flag(name: .long, help: "Whatever may be under way; a key that signs stops signing.")
    var force = false

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.retire(domain: self.domain, selector: self.selector, force: self.force))
    }
}
