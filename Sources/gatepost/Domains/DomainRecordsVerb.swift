internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer

struct DomainRecordsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "records",
        abstract: "Print the DNS records to publish for a local domain.",
        discussion: """
            zone: a part of a zone file. strings: name, type and value with tabs between, text in one piece, as the forms of most \
            DNS providers take it. split: the same with text in quoted pieces of 255 octets. json: all of it.
            """
    )

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case zone
        case strings
        case split
        case json
    }

    @Argument(help: "The domain.")
    var domain: String

    @Option(name: .long, help: "How.")
    var format: Format = .zone

    @OptionGroup var store: StoreOptions

    func run() async throws {
        let records = try await self.store.records(of: self.domain)
        switch self.store.json ? .json : self.format {
        case .zone: Terminal.result(octets: Array(records.zoneFile.utf8))
        case .strings: Terminal.result(octets: Array(records.singleStrings.utf8))
        case .split: Terminal.result(octets: Array(records.splitStrings.utf8))
        case .json: try Terminal.json(records.document)
        }
    }
}

extension StoreOptions {
    /// What a local domain is to publish.
    func records(of domain: String) async throws -> DomainRecords {
        try await self.withSession { session, _ in
            guard case .domainRecords(let records) = try await session.perform(.domainRecords(domain)) else {
                throw StoreOptions.misunderstood
            }
            return records
        }
    }
}
