internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer

struct AuditVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Who logged in or tried to, what was changed, what was sent; and why a login was refused.",
        subcommands: [
            AuditList.self, AuditFollow.self, AuditExplain.self, AuditVerify.self, AuditExport.self,
        ]
    )
}

/// Which records a verb is about.
struct AuditFilterOptions: ParsableArguments {
    @Option(name: .long, help: "Only of this account.")
    var account: String?

    @Option(name: .long, help: "Only from this address or network.")
    var address: String?

    @Option(name: .long, help: "Only with this reason code, such as wrong-password.")
    var reason: String?

    @Option(name: .long, help: "Only of this kind: authentication, administration, sending, lockout or gap.")
    var kind: String?

    @Flag(name: .long, help: "Only logins that succeeded.")
    var succeeded = false

    @Option(name: .long, help: "Only since: 2h (ago), 2026-11-24, 2026-11-24T10:00 (here) or 2026-11-24T10:00Z.")
    var since: TimeArgument?

    @Option(name: .long, help: "Only before.")
    var until: TimeArgument?

    func validate() throws {
        if let kind = self.kind {
            let kinds = AuditEvent.Kind.allCases.map { "\($0)" }
            guard kinds.contains(kind) else {
                throw ValidationError("'\(kind)' is none of the kinds \(kinds.joined(separator: ", ")).")
            }
        }
        if self.succeeded, self.reason != nil {
            throw ValidationError("A login that succeeded has no reason: give one of --succeeded and --reason.")
        }
    }

    var filter: AuditFilter {
        var filter = AuditFilter()
        filter.account = self.account
        filter.address = self.address
        filter.reason = self.reason
        filter.isSuccess = self.succeeded
        filter.kind = self.kind
        filter.since = self.since?.moment.milliseconds
        filter.until = self.until?.moment.milliseconds
        return filter
    }
}

struct TimeZoneOption: ParsableArguments {
    @Flag(name: .long, help: "Show times in UTC and not in this host's time zone.")
    var utc = false

    func text(_ time: String) -> String {
        self.utc ? time : LocalTime.text(time)
    }
}

/// One record as a row of a list.
extension AuditReport {
    static let headings = ["TIME", "REF", "KIND", "RESULT", "REASON", "ACCOUNT", "ADDRESS", "WHAT"]

    func row(_ zone: TimeZoneOption) -> [String] {
        [
            zone.text(self.time), self.reference ?? "#\(self.sequence)", self.kind, self.result, self.reason ?? "-",
            self.account ?? self.loginName ?? "-", self.address ?? self.network ?? "-", self.summary,
        ]
    }

    var cursor: AuditCursor? {
        Timestamp(self.time).map { AuditCursor(milliseconds: $0.milliseconds, sequence: self.sequence) }
    }
}

struct AuditList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List records, newest first."
    )

    @OptionGroup var filter: AuditFilterOptions

    @Option(name: .long, help: "The most records to list.")
    var limit = 100

    @OptionGroup var zone: TimeZoneOption
    @OptionGroup var store: StoreOptions

    func validate() throws {
        guard self.limit > 0 else { throw ValidationError("--limit must be 1 or more.") }
    }

    func run() async throws {
        try await self.store.withSession { session, _ in
            let records = try await session.auditRecords(self.filter.filter, limit: self.limit)
            if self.store.json { return try Terminal.json(records) }
            Terminal.table(AuditReport.headings, records.map { $0.row(self.zone) })
            if records.isEmpty { Terminal.message("no such record") }
        }
    }
}

struct AuditFollow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "follow",
        abstract: "Print records as they come, until interrupted.",
        discussion: "Needs a running server. With --json each record is one line."
    )

    @OptionGroup var filter: AuditFilterOptions

    @Option(name: .long, help: "End when nothing came for so long; a bare number counts seconds. [never]")
    var timeout: DurationArgument?

    @OptionGroup var zone: TimeZoneOption
    @OptionGroup var option: ConfigurationOption
    @OptionGroup var output: JSONOption

    func run() async throws {
        let configuration = try self.option.load().configuration
        guard let session = try AdministrationSession.connect(configuration) else {
            throw Failure(.unavailable, "no server runs on \(configuration.data), so nothing will come")
        }
        var after = try await session.auditRecords(AuditFilter(), limit: 1).first?.sequence ?? 0
        let wait = (self.timeout?.duration ?? .seconds(50)).wholeMilliseconds
        while true {
            let request = AdministrationRequest.readAudit(
                self.filter.filter,
                after: after,
                limit: AdministrationRequest.maximumPage,
                timeoutMilliseconds: wait
            )
            guard case .auditPage(let records, let next) = try await session.perform(request) else {
                throw StoreOptions.misunderstood
            }
            for record in records {
                if self.output.json {
                    try Terminal.jsonLine(record)
                } else {
                    Terminal.result(Terminal.visible(record.row(self.zone).joined(separator: "  ")))
                }
            }
            if next == after, self.timeout != nil { return }
            after = next
        }
    }
}

struct AuditExplain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tell why a login was refused, what it was not, and what to try."
    )

    @Argument(help: "The reference from the reply or the log, such as 7K3Q-9FDM.")
    var reference: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            guard
                case .explanation(let explanation) = try await session.perform(.explainLogin(reference: self.reference))
            else { throw StoreOptions.misunderstood }
            if self.store.json { return try Terminal.json(explanation) }
            for line in explanation.lines { Terminal.result(Terminal.visible(line)) }
        }
    }
}

struct AuditVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that no record was changed, removed, added or reordered.",
        discussion: """
            Prints the last signed head. Note it elsewhere, and give it with --head the next time: then not even somebody who can read \
            the server's key can have changed what came before. Exit code 1: something does not fit.
            """
    )

    @Option(name: .long, help: "A head that was printed before, SEQUENCE:HASH.")
    var head: String?

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            guard case .verification(let report) = try await session.perform(.verifyAudit(head: self.head)) else {
                throw StoreOptions.misunderstood
            }
            if self.store.json {
                try Terminal.json(report)
            } else {
                Terminal.result("records  \(report.records), from number \(report.first)")
                if report.erased > 0 { Terminal.result("erased   \(report.erased) without personal fields") }
                if report.expired > 0 { Terminal.result("expired  \(report.expired) of which only the hash is left") }
                if let head = report.head { Terminal.result("head     \(head)") }
                Terminal.result("result   \(report.fault ?? "all fits")")
            }
            guard report.isGood else {
                throw Failure(.no, self.store.json ? "" : report.fault ?? "something does not fit")
            }
        }
    }
}

struct AuditExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print records as JSON lines, oldest first."
    )

    @OptionGroup var filter: AuditFilterOptions
    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            var after: Int64 = 0
            while true {
                let request = AdministrationRequest.readAudit(
                    self.filter.filter,
                    after: after,
                    limit: AdministrationRequest.maximumPage,
                    timeoutMilliseconds: 0
                )
                guard case .auditPage(let records, let next) = try await session.perform(request) else {
                    throw StoreOptions.misunderstood
                }
                for record in records { try Terminal.jsonLine(record) }
                guard next > after else { return }
                after = next
            }
        }
    }
}

extension AdministrationSession {
    /// Records, newest first, up to a number.
    func auditRecords(_ filter: AuditFilter, limit: Int) async throws -> [AuditReport] {
        var all: [AuditReport] = []
        var cursor: AuditCursor?
        while all.count < limit {
            let wanted = min(limit - all.count, AdministrationRequest.maximumPage)
            guard case .audit(let page) = try await self.perform(.listAudit(filter, before: cursor, limit: wanted))
            else {
                throw StoreOptions.misunderstood
            }
            all += page
            guard page.count == wanted, let last = page.last?.cursor else { break }
            cursor = last
        }
        return all
    }
}
