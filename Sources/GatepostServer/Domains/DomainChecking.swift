internal import DNSClient
package import GatepostModel
internal import MailSyntax

/// Checks what a domain publishes, with the name servers of the configuration.
package enum DomainChecking {
    /// - Parameter progress: Told of each part that was looked at.
    package static func report(
        _ records: DomainRecords,
        configuration: Configuration,
        progress: @escaping @Sendable (_ done: Int, _ of: Int, _ part: String) -> Void
    ) async throws -> DomainCheck.Report {
        var options = UnboundResolver.Options(configuration.dns)
        options.timeout = .seconds(10)
        // Each check asks anew: what a former one saw is of no interest.
        let resolver = try UnboundResolver(options: options)
        let http = AsyncHTTPFetcher()
        let check = DomainCheck(
            records,
            resolver: resolver,
            own: try GatepostService.interfaceAddresses().filter { DomainCheck.isPublic($0) },
            clock: ContinuousClock(),
            fetch: { url in
                do {
                    guard let endpoint = OAuthEndpoint(url) else { return .failed("not a URL") }
                    let response = try await http.fetch(HTTPFetchRequest(endpoint, maximumOctets: 65_536))
                    guard response.status == 200 else { return .failed("the web server says \(response.status)") }
                    return .text(String(decoding: response.body, as: UTF8.self))
                } catch {
                    return .failed("\(error)")
                }
            }
        )
        let report = await check.report(progress: progress)
        try await http.shutdown()
        await resolver.close()
        return report
    }
}
