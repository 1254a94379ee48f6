internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer

struct DomainCheckVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Compare what a local domain should publish with what DNS holds.",
        discussion: """
            Every valid form counts: text split otherwise, tags in another order, aliases, another SPF record that permits this host. \
            Exits 1 when something is wrong that loses mail or makes it unbelievable, 75 when DNS does not answer.
            """
    )

    @Argument(help: "The domain.")
    var domain: String

    @Option(name: .long, help: "Look again until all is well, for so long at most, such as 30m.")
    var wait: DurationArgument?

    @OptionGroup var store: StoreOptions

    private static let interval = Duration.seconds(15)

    func run() async throws {
        let configuration = try self.store.configuration.load().configuration
        let records = try await self.store.records(of: self.domain)
        let deadline = ContinuousClock.now + (self.wait?.duration ?? .zero)
        var report = try await self.report(records, configuration)
        while report.status >= .unknown, ContinuousClock.now < deadline {
            let open = report.findings.filter { $0.status >= .unknown }
            Terminal.message("\(open.count) to go: \(open.map { "\($0.name) \($0.type)" }.joined(separator: ", "))")
            try await Task.sleep(for: min(Self.interval, max(.zero, deadline - ContinuousClock.now)))
            report = try await self.report(records, configuration)
        }
        if self.store.json { try Terminal.json(report) } else { Self.show(report) }
        switch report.status {
        case .fault: throw Failure(.no, "")
        case .unknown: throw Failure(.temporaryFailure, "")
        case .good, .note, .warning: return
        }
    }

    private func report(
        _ records: DomainRecords,
        _ configuration: Configuration
    ) async throws -> DomainCheck.Report {
        try await DomainChecking.report(records, configuration: configuration) { done, total, part in
            Terminal.message("[\(done)/\(total)] \(part)")
        }
    }

    private static func show(_ report: DomainCheck.Report) {
        for finding in report.findings {
            Terminal.result(
                "\(Self.mark(finding.status)) \(finding.name) \(finding.type): \(Terminal.visible(finding.text))"
            )
            guard finding.status != .good else { continue }
            for text in finding.found { Terminal.result("    found:  \(Terminal.visible(text))") }
            if let wanted = finding.wanted { Terminal.result("    wanted: \(wanted)") }
            if let advice = finding.advice { Terminal.result("    \(Terminal.visible(advice))") }
        }
        let counts = Dictionary(grouping: report.findings, by: \.status).mapValues(\.count)
        let words = DomainCheck.Status.allCases.compactMap { status in
            counts[status].map { "\($0) \(status.rawValue)" }
        }
        Terminal.result("\(report.domain): \(words.joined(separator: ", "))")
    }

    private static func mark(_ status: DomainCheck.Status) -> String {
        switch status {
        case .good: "ok     "
        case .note: "note   "
        case .warning: "warning"
        case .unknown: "unknown"
        case .fault: "FAULT  "
        }
    }
}
