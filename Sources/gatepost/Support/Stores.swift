internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer
internal import Glibc

/// What verbs that work on accounts, domains and the queue share.
struct StoreOptions: ParsableArguments {
    @OptionGroup var configuration: ConfigurationOption
    @OptionGroup var output: JSONOption

    var json: Bool { self.output.json }

    /// Runs a command against the running server or the stores.
    func withSession<Result>(
        _ body: (AdministrationSession, Configuration) async throws -> Result
    ) async throws -> Result {
        let configuration = try self.configuration.load().configuration
        let session = try await AdministrationSession.open(configuration)
        let result: Result
        do {
            result = try await body(session, configuration)
        } catch {
            try await session.close()
            throw error
        }
        try await session.close()
        return result
    }

    /// Sends one request whose answer is a sentence.
    func change(_ request: AdministrationRequest) async throws {
        try await self.withSession { session, _ in
            guard case .done(let text) = try await session.perform(request) else { throw StoreOptions.misunderstood }
            Terminal.message(text)
        }
    }

    static let misunderstood = Failure(.unavailable, "the server answered something else; it may be of another version")
}

extension AdministrationSession {
    /// All pages of a list.
    func pages<Element>(
        _ request: (String?) -> AdministrationRequest,
        _ elements: (AdministrationResponse) -> [Element]?,
        key: (Element) -> String
    ) async throws -> [Element] {
        var all: [Element] = []
        var after: String?
        while true {
            guard let page = elements(try await self.perform(request(after))) else { throw StoreOptions.misunderstood }
            all += page
            guard page.count == AdministrationRequest.maximumPage, let last = page.last else { return all }
            after = key(last)
        }
    }
}
