internal import ArgumentParser
internal import GatepostServer

struct QueueVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "What is accepted and not yet delivered.",
        subcommands: [
            QueueList.self, QueueShow.self, QueueRetry.self, QueueHold.self, QueueRelease.self, QueueCancel.self,
            QueueStats.self,
        ]
    )
}

/// Which messages a verb is about.
struct QueueSelectionOptions: ParsableArguments {
    @Option(name: .long, help: "Recipients of this domain.")
    var domain: String?

    @Option(name: .long, help: "What this account submitted.")
    var account: String?
}

struct QueueList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List queued messages, oldest first."
    )

    @OptionGroup var selection: QueueSelectionOptions
    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            let filter = QueueFilter(domain: self.selection.domain, account: self.selection.account)
            let messages = try await session.pages(
                { .listQueue(filter, after: $0, limit: AdministrationRequest.maximumPage) },
                { if case .messages(let page) = $0 { page } else { nil } },
                key: { $0.identifier }
            )
            if self.store.json { return try Terminal.json(messages) }
            Terminal.table(
                ["MESSAGE", "RECEIVED", "SIZE", "FROM", "RECIPIENT", "STATE", "ATTEMPTS", "NEXT", "HELD BY"],
                messages.flatMap { message in
                    message.recipients.map { recipient in
                        [
                            message.identifier, message.received, "\(message.size)",
                            message.from.isEmpty ? "<>" : message.from, recipient.address, recipient.state,
                            "\(recipient.attempts)", recipient.nextAttempt ?? "-", recipient.reason ?? "-",
                        ]
                    }
                }
            )
            if messages.isEmpty { Terminal.message("the queue is empty") }
        }
    }
}

struct QueueShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Tell a message's life, attempt by attempt, in the peers' words."
    )

    @Argument(help: "The message's identifier.")
    var identifier: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            guard case .messages(let messages) = try await session.perform(.showMessage(identifier: self.identifier)),
                let message = messages.first
            else { throw StoreOptions.misunderstood }
            if self.store.json { return try Terminal.json(message) }
            Terminal.result("message   \(message.identifier)")
            Terminal.result("received  \(message.received)")
            Terminal.result("from      \(message.from.isEmpty ? "<>" : Terminal.visible(message.from))")
            if let account = message.account { Terminal.result("account   \(account)") }
            if let subject = message.subject { Terminal.result("subject   \(Terminal.visible(subject))") }
            Terminal.result("size      \(message.size)")
            for recipient in message.recipients {
                let next = recipient.nextAttempt.map { ", next \($0)" } ?? recipient.reason.map { ", by \($0)" } ?? ""
                Terminal.result(
                    "to        \(Terminal.visible(recipient.address)): \(recipient.state), \(recipient.attempts) attempts\(next)"
                )
            }
            for attempt in message.attempts {
                let peer = attempt.peer.map { " at \(Terminal.visible($0))\(attempt.encrypted ? " (TLS)" : "")" } ?? ""
                Terminal.result("\(attempt.at)  \(attempt.outcome) \(Terminal.visible(attempt.recipient))\(peer)")
                if let reply = attempt.reply { Terminal.result("    \(Terminal.visible(reply))") }
                if let note = attempt.note { Terminal.result("    \(Terminal.visible(note))") }
            }
        }
    }
}

/// What `retry`, `hold`, `release` and `cancel` share.
struct QueueChangeOptions: ParsableArguments {
    @Argument(help: "Messages, by their identifiers.")
    var identifiers: [String] = []

    @Flag(name: .long, help: "The whole queue.")
    var all = false

    @OptionGroup var selection: QueueSelectionOptions
    @OptionGroup var store: StoreOptions

    func validate() throws {
        let ways = [!self.identifiers.isEmpty, self.all, self.selection.domain != nil, self.selection.account != nil]
        guard ways.count(where: { $0 }) == 1 else {
            throw ValidationError("Name messages, or one of --all, --domain and --account.")
        }
    }

    func perform(_ change: QueueChange, done: String) async throws {
        try await self.store.withSession { session, _ in
            let filters =
                self.identifiers.isEmpty
                ? [QueueFilter(domain: self.selection.domain, account: self.selection.account)]
                : self.identifiers.map { QueueFilter(identifier: $0) }
            var total = 0
            for filter in filters {
                guard case .changed(let count) = try await session.perform(.changeQueue(change, filter)) else {
                    throw StoreOptions.misunderstood
                }
                total += count
            }
            if self.store.json { return try Terminal.json(["recipients": total]) }
            Terminal.message("\(total) recipients \(done)")
        }
    }
}

struct QueueRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "retry", abstract: "Try waiting recipients now.")
    @OptionGroup var options: QueueChangeOptions
    func run() async throws { try await self.options.perform(.retry, done: "due now") }
}

struct QueueHold: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Stop trying until they are released."
    )
    @OptionGroup var options: QueueChangeOptions
    func run() async throws { try await self.options.perform(.hold, done: "held") }
}

struct QueueRelease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "release", abstract: "Try held recipients now.")
    @OptionGroup var options: QueueChangeOptions
    func run() async throws { try await self.options.perform(.release, done: "released") }
}

struct QueueCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Remove recipients from the queue. The sender is not told."
    )
    @OptionGroup var options: QueueChangeOptions
    func run() async throws { try await self.options.perform(.cancel, done: "cancelled") }
}

struct QueueStats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "stats", abstract: "Count what is queued.")

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            guard case .statistics(let report) = try await session.perform(.queueStatistics) else {
                throw StoreOptions.misunderstood
            }
            if self.store.json { return try Terminal.json(report) }
            Terminal.result("messages  \(report.messages)")
            Terminal.result("octets    \(report.octets)")
            Terminal.result("waiting   \(report.waiting)")
            Terminal.result("sending   \(report.sending)")
            Terminal.result("held      \(report.held)")
            Terminal.result("oldest    \(report.oldest ?? "-")")
        }
    }
}
