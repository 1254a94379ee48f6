internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer

struct DomainReports: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reports",
        abstract: "What DMARC and TLS reports say of a domain.",
        subcommands: [DomainReportsShow.self, DomainReportsImport.self],
        defaultSubcommand: DomainReportsShow.self
    )
}

struct DomainReportsShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "How much mail in a domain's name passes, where the rest comes from, and what to do about it."
    )

    @Argument(help: "The domain.")
    var domain: String

    @Option(name: .long, help: "Only reports about the time since: 30d (ago) or 2026-11-24. [30d]")
    var since: TimeArgument?

    @Flag(name: .long, help: "TLS reports: sessions to the domain's mail servers that failed.")
    var tls = false

    @OptionGroup var store: StoreOptions

    func run() async throws {
        let since = self.since?.moment ?? SystemClock().now() - .seconds(30 * 86_400)
        try await self.store.withSession { session, _ in
            if self.tls {
                guard case .tlsReports(let report) = try await session.perform(.tlsReports(self.domain, since: since))
                else { throw StoreOptions.misunderstood }
                if self.store.json { return try Terminal.json(report) }
                self.show(report)
            } else {
                guard
                    case .aggregateReports(let report) =
                        try await session.perform(.aggregateReports(self.domain, since: since))
                else { throw StoreOptions.misunderstood }
                if self.store.json { return try Terminal.json(report) }
                self.show(report)
            }
        }
    }

    private func show(_ report: AggregateReportsReport) {
        Terminal.result("domain    \(report.domain), since \(report.since.prefix(10))")
        Terminal.result("reports   \(report.reports) from \(Self.list(report.reporters, 5))")
        if report.messages > 0 {
            let share = report.passing * 1000 / report.messages
            Terminal.result(
                "messages  \(report.messages), of which \(report.passing) pass DMARC (\(share / 10).\(share % 10) %) and "
                    + "\(report.failing) fail"
            )
        }
        if let policy = report.policy { Terminal.result("policy    p=\(policy)") }
        if report.days.count > 1 {
            Terminal.result(
                "by day    \(Sparkline.text(report.days.map { $0.passing + $0.failing }))  all, to \(report.days.last?.day ?? "")"
            )
            if report.failing > 0 {
                Terminal.result("          \(Sparkline.text(report.days.map(\.failing)))  failing")
            }
        }
        if !report.sources.isEmpty { Terminal.result("") }
        Terminal.table(
            ["SOURCE", "MESSAGES", "PASS", "DKIM", "SPF", "FAIL", "LIKELY"],
            report.sources.prefix(40).map { source in
                [
                    source.address, "\(source.messages)", "\(source.passing)", "\(source.dkimAligned)",
                    "\(source.spfAligned)", "\(source.failing)", source.cause ?? "-",
                ]
            }
        )
        if report.sources.count > 40 || report.otherMessages > 0 {
            let listed = report.sources.prefix(40).reduce(0) { $0 + $1.messages }
            Terminal.result("(\(report.messages - listed) messages of further sources; --json lists more)")
        }
        var told: Set<String> = []
        let advice = report.sources.compactMap { source in source.cause.flatMap { c in source.advice.map { (c, $0) } } }
            .filter { told.insert($0.0).inserted }.prefix(6)
        if !advice.isEmpty || report.advice != nil { Terminal.result("\nWhat to do") }
        if let next = report.advice { Terminal.result("- \(next)") }
        for (cause, text) in advice { Terminal.result(Terminal.visible("- \(cause): \(text)")) }
        Self.tellUnread(report.unread)
    }

    private func show(_ report: TLSReportsReport) {
        Terminal.result("domain    \(report.domain), since \(report.since.prefix(10))")
        Terminal.result("reports   \(report.reports)")
        Terminal.result("sessions  \(report.successes) with TLS as the policy wants it, \(report.failures) without")
        if !report.causes.isEmpty { Terminal.result("") }
        Terminal.table(
            ["FAILURE", "SERVER", "POLICY", "SESSIONS", "REPORTED BY"],
            report.causes.prefix(40).map { cause in
                [
                    cause.type, cause.mailExchanger.isEmpty ? "-" : cause.mailExchanger, cause.policy,
                    "\(cause.sessions)", cause.reporters.joined(separator: ", "),
                ]
            }
        )
        if report.otherFailures > 0 {
            Terminal.result("(\(report.otherFailures) failures that no report tells more of)")
        }
        var told: Set<String> = []
        let advice = report.causes.filter { told.insert($0.type).inserted }.prefix(6)
        if !advice.isEmpty { Terminal.result("\nWhat to do") }
        for cause in advice { Terminal.result(Terminal.visible("- \(cause.type): \(cause.advice)")) }
        if report.reports == 0 {
            Terminal.message(
                "no TLS report came; senders write them to the address in the record at _smtp._tls.\(report.domain)"
            )
        }
        Self.tellUnread(report.unread)
    }

    private static func list(_ names: [String], _ limit: Int) -> String {
        let text = names.prefix(limit).joined(separator: ", ")
        return Terminal.visible(
            names.count > limit ? "\(text) and \(names.count - limit) more" : names.isEmpty ? "nobody" : text
        )
    }

    private static func tellUnread(_ count: Int) {
        if count > 0 { Terminal.message("\(count) reports were not read; a shorter time with --since reads fewer") }
    }
}

struct DomainReportsImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Keep reports from files: mail messages, mboxes, gzip and zip archives, XML and JSON.",
        discussion: "A report that is there already counts once. Exit code 1: a file had no report that could be read."
    )

    @Argument(help: "Files; '-' reads standard input.")
    var files: [String]

    @OptionGroup var store: StoreOptions

    private static let maximumOctets = 64 << 20

    func run() async throws {
        try await self.store.withSession { session, _ in
            var bad = 0
            for file in self.files {
                let octets =
                    file == "-"
                    ? try Terminal.readInput(limit: Self.maximumOctets)
                    : try LocalFile.read(file, limit: Self.maximumOctets)
                for (number, message) in Mbox.messages(octets).enumerated() {
                    let place = number == 0 ? file : "\(file), message \(number + 1)"
                    let outcome = try await self.take(message, session)
                    if !outcome.isGood { bad += 1 }
                    Terminal.message(Terminal.visible("\(place): \(outcome.text)"))
                }
            }
            guard bad == 0 else { throw Failure(.no, "\(bad) without a report that could be kept") }
        }
    }

    private func take(_ octets: [UInt8], _ session: AdministrationSession) async throws -> (isGood: Bool, text: String)
    {
        switch ReportIntake.found(octets, received: SystemClock().now()) {
        case .failure(let problem): return (false, problem.reason)
        case .success(let records):
            var kept: [String] = []
            for record in records {
                guard record.fits else { return (false, "the report is too large to be handed over") }
                guard case .reportAddition(let addition) = try await session.perform(.importReport(record)) else {
                    throw StoreOptions.misunderstood
                }
                kept.append("\(record.domain): \(addition.rawValue)")
            }
            return (true, kept.joined(separator: ", "))
        }
    }
}

/// A file of messages, each behind a line that begins with `From ` (RFC 4155); any other file is one message.
enum Mbox {
    static func messages(_ octets: [UInt8]) -> [[UInt8]] {
        let mark = Array("From ".utf8)
        guard octets.starts(with: mark) else { return [octets] }
        var messages: [[UInt8]] = []
        for line in octets.split(separator: 0x0A, omittingEmptySubsequences: false) {
            if line.starts(with: mark) {
                messages.append([])
            } else if let last = messages.indices.last {
                // Header sections are read with CRLF.
                messages[last] += line.last == 0x0D ? line.dropLast() : line
                messages[last] += [0x0D, 0x0A]
            }
        }
        return messages
    }
}

/// Numbers as a line of bars.
enum Sparkline {
    private static let bars = Array("▁▂▃▄▅▆▇█")

    /// At most 60 bars, of several days each when there are more; a space for nothing at all.
    static func text(_ values: [Int]) -> String {
        let width = max(1, (values.count + 59) / 60)
        let sums = stride(from: 0, to: values.count, by: width).map { start in
            values[start..<min(values.count, start + width)].reduce(0) { $0 + max(0, $1) }
        }
        guard let most = sums.max(), most > 0 else { return String(repeating: " ", count: sums.count) }
        return String(
            sums.map { sum in
                sum == 0 ? " " : self.bars[min(self.bars.count - 1, Int(Double(sum) / Double(most) * 7.999))]
            }
        )
    }
}
