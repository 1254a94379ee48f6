internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer

/// How much somebody may send.
struct SendingLimitOptions: ParsableArguments {
    @Option(
        name: [.customLong("messages-per-hour"), .customLong("per-hour")],
        help: ArgumentHelp("The most messages in an hour.", valueName: "count")
    )
    var messagesPerHour: String?

    @Option(name: .long, help: ArgumentHelp("The most messages in a day.", valueName: "count"))
    var messagesPerDay: String?

    @Option(
        name: .long,
        help: ArgumentHelp("The most recipients in an hour; a message to three counts three.", valueName: "count")
    )
    var recipientsPerHour: String?

    @Option(name: .long, help: ArgumentHelp("The most recipients in a day.", valueName: "count"))
    var recipientsPerDay: String?

    @Option(
        name: .long,
        help: ArgumentHelp("The most people in a day to whom the account never sent before.", valueName: "count")
    )
    var newRecipientsPerDay: String?

    @Option(name: .long, help: ArgumentHelp("The largest message, such as 10MiB.", valueName: "size"))
    var messageSize: String?

    @Option(name: .long, help: ArgumentHelp("The most sessions at the same time.", valueName: "count"))
    var sessions: String?

    /// By name, those that were given.
    var texts: [String: String] {
        let given: [(SendingLimit, String?)] = [
            (.messagesPerHour, self.messagesPerHour), (.messagesPerDay, self.messagesPerDay),
            (.recipientsPerHour, self.recipientsPerHour), (.recipientsPerDay, self.recipientsPerDay),
            (.newRecipientsPerDay, self.newRecipientsPerDay), (.messageSize, self.messageSize),
            (.sessions, self.sessions),
        ]
        return Dictionary(uniqueKeysWithValues: given.compactMap { limit, text in text.map { (limit.rawValue, $0) } })
    }
}

struct AccountLimits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Show or change how much an account may send.",
        discussion: """
            Each limit is a number, none, or default for what the configuration says (submission.limits). Without any the limits are shown, \
            with what is used up.
            """
    )

    @Argument(help: "The account.")
    var address: String

    @OptionGroup var limits: SendingLimitOptions

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            let texts = self.limits.texts
            if !texts.isEmpty {
                guard
                    case .done(let text) = try await session.perform(
                        .setLimits(address: self.address, limits: texts)
                    )
                else { throw StoreOptions.misunderstood }
                return Terminal.message(text)
            }
            guard case .limits(let report) = try await session.perform(.showLimits(address: self.address)) else {
                throw StoreOptions.misunderstood
            }
            if self.store.json { return try Terminal.json(report) }
            Terminal.table(
                ["LIMIT", "AT MOST", "USED", "SAID BY"],
                report.limits.map { limit in
                    [
                        SendingLimit(rawValue: limit.limit)?.words ?? limit.limit,
                        limit.maximum.map { "\($0)" } ?? "none",
                        limit.used.map { "\($0)" } ?? "-", limit.from,
                    ]
                }
            )
            Terminal.message("what is over a limit is \(report.action == "hold" ? "held" : "refused")")
        }
    }
}
