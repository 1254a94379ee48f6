internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer
internal import MailSyntax

struct InboxVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inbox",
        abstract: "What sandbox accounts sent.",
        subcommands: [InboxList.self, InboxShow.self, InboxWait.self, InboxClear.self]
    )
}

struct InboxList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List messages, newest first.")

    @Argument(help: "The account whose inbox it is; all without it.")
    var account: String?

    @Option(name: .long, help: "At most so many.")
    var limit = 100

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            guard
                case .inbox(let messages) = try await session.perform(
                    .listInbox(account: self.account, limit: self.limit)
                )
            else { throw StoreOptions.misunderstood }
            if self.store.json { return try Terminal.json(messages) }
            InboxList.printTable(messages)
            if messages.isEmpty { Terminal.message("the inbox is empty") }
        }
    }

    static func printTable(_ messages: [InboxReport]) {
        Terminal.table(
            ["MESSAGE", "RECEIVED", "ACCOUNT", "FROM", "TO", "SIZE", "SUBJECT"],
            messages.map { message in
                [
                    message.identifier, message.received, message.account, message.from.isEmpty ? "<>" : message.from,
                    message.to.joined(separator: " "), "\(message.size)", message.subject ?? "",
                ]
            }
        )
    }
}

struct InboxShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print a message as it was stored, octet by octet."
    )

    @Argument(help: "The message's identifier, or 'latest'.")
    var identifier: String

    @OptionGroup var store: StoreOptions

    private struct Document: Encodable {
        var message: InboxReport
        var content: String
    }

    func run() async throws {
        try await self.store.withSession { session, _ in
            guard
                case .inboxMessage(let report, let content) = try await session.perform(
                    .showInbox(identifier: self.identifier)
                )
            else { throw StoreOptions.misunderstood }
            let octets: [UInt8]
            switch content {
            case .base64(let text):
                guard let decoded = Base64.decode(text.utf8) else { throw StoreOptions.misunderstood }
                octets = decoded
            case .file(let path, let text):
                guard let front = Base64.decode((text ?? "").utf8) else { throw StoreOptions.misunderstood }
                octets = front + (try LocalFile.read(path, limit: Int.max))
            }
            if self.store.json {
                return try Terminal.json(Document(message: report, content: String(decoding: octets, as: UTF8.self)))
            }
            Terminal.result(octets: octets)
        }
    }
}

struct InboxWait: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until a message is there, and print which.",
        discussion:
            "A message that is there already counts, unless --after names one that is not older. Exit code 1: none came."
    )

    @Argument(help: "The account whose inbox it is; all without it.")
    var account: String?

    @Option(name: .long, help: "Part of the subject.")
    var subject: String?

    @Option(name: .long, help: "Only messages that came after this one.")
    var after: String?

    @Option(name: .long, help: "How long to wait.")
    var timeout = DurationArgument(.seconds(10))

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            let wait = InboxQuery(
                account: self.account,
                subject: self.subject,
                after: self.after,
                timeoutMilliseconds: self.timeout.duration.wholeMilliseconds
            )
            switch try await session.perform(.waitForInbox(wait)) {
            case .inbox(let messages):
                if self.store.json {
                    if let message = messages.first { try Terminal.json(message) }
                } else {
                    InboxList.printTable(messages)
                }
            case .nothing: throw Failure(.no, "no such message came")
            default: throw StoreOptions.misunderstood
            }
        }
    }
}

struct InboxClear: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "clear", abstract: "Remove the messages of an inbox.")

    @Argument(help: "The account whose inbox it is; all without it.")
    var account: String?

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.clearInbox(account: self.account))
    }
}
