internal import ArgumentParser
internal import GatepostServer
internal import MailSyntax

struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What the server would decide about a message, and why; nothing is sent.",
        discussion: """
            Asks the running server, or works on its stores where none runs, by the code that decides about real \
            sessions. The password counts as right. Exits 1 when the message would be refused.
            """
    )

    @Option(name: .long, help: "Who would log in, as typed as user name.")
    var account: String

    @Option(name: .long, help: "The name of the app password to log in with.")
    var credential: String?

    @Option(name: .long, help: "The sender on the envelope [the account]; '<>' for none.")
    var from: String?

    @Option(name: .long, parsing: .upToNextOption, help: "The recipients.")
    var to: [String]

    @Option(name: .long, help: "Where the client is [this host].")
    var ip: String?

    @Flag(name: .long, inversion: .prefixedNo, help: "Whether the session is encrypted.")
    var tls = true

    @Option(name: .long, help: "The listener, such as submission:587 [the first for submission].")
    var listener: String?

    @Option(name: .long, help: "A file with the message or its header; '-' for standard input.")
    var message: String?

    @Option(name: .long, help: "Octets of the message, where no file says.")
    var size: Int?

    @Flag(name: .long, help: "Ask no DNS: what receivers will make of the message is not forecast.")
    var offline = false

    @OptionGroup var store: StoreOptions

    func run() async throws {
        var request = SimulationRequest(
            account: self.account,
            credential: self.credential,
            address: self.ip,
            isTLS: self.tls,
            listener: self.listener,
            from: self.from == "<>" ? "" : self.from,
            recipients: self.to,
            size: self.size
        )
        request.asksDNS = !self.offline
        if let message {
            let octets =
                message == "-"
                ? try Terminal.readInput(limit: 64 * 1024 * 1024)
                : try LocalFile.read(message, limit: 64 * 1024 * 1024)
            let canonical = MessageComposer.canonical(octets)
            let header = try HeaderSection(parsing: canonical)
            guard let text = String(validating: canonical[..<header.bodyOffset], as: UTF8.self) else {
                throw Failure(.badInput, "the header in \(message) is not UTF-8, and no header may be anything else")
            }
            request.header = text
            request.size = self.size ?? canonical.count
        }
        let report: SimulationReport = try await self.store.withSession { session, _ in
            guard case .simulation(let report) = try await session.perform(.simulate(request)) else {
                throw StoreOptions.misunderstood
            }
            return report
        }
        if self.store.json {
            try Terminal.json(report)
        } else {
            Simulate.show(report)
        }
        if report.verdict == .refused { throw Failure(.no, "") }
    }

    private static func show(_ report: SimulationReport) {
        Terminal.table(
            ["STEP", "OF", "VERDICT", "RULE", "REPLY"],
            report.steps.map { [$0.stage.rawValue, $0.subject, $0.verdict.rawValue, $0.rule ?? "-", $0.reply] }
        )
        Terminal.result("")
        let route = report.route.map { ", to \($0)" } ?? ""
        Terminal.result("\(report.verdict.rawValue)\(report.rule.map { " by \($0)" } ?? "")\(route)")
        if !report.headerChanges.isEmpty {
            Terminal.result("header: \(Terminal.visible(report.headerChanges.joined(separator: ", ")))")
        }
        if !report.filtersNotAsked.isEmpty {
            Terminal.result("mail filters are not asked: \(report.filtersNotAsked.joined(separator: ", "))")
        }
        if let alignment = report.alignment { Simulate.show(alignment) }
        for limit in report.limits {
            Terminal.result(
                "\(limit.scope) \(limit.limit): \(max(0, limit.left)) of \(limit.maximum) left after it"
            )
        }
    }

    private static func show(_ alignment: AlignmentForecast) {
        Terminal.result(
            "dmarc: \(alignment.outcome == .notAsked ? "not asked" : alignment.outcome.rawValue) for \(alignment.author)"
                + "\(alignment.policy.map { " (p=\($0))" } ?? "")"
        )
        Terminal.result(Terminal.visible("  \(alignment.explanation)"))
        for spf in alignment.spf {
            let aligned = spf.isAligned ? "aligned" : "not aligned"
            Terminal.result(Terminal.visible("  spf \(spf.result) for \(spf.domain) from \(spf.address), \(aligned)"))
        }
        if let signer = alignment.signer {
            Terminal.result(
                Terminal.visible("  dkim d=\(signer), \(alignment.isSignatureAligned ? "aligned" : "not aligned")")
            )
        }
    }
}
