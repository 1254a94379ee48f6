package import OAuthClient

/// Token endpoints over this server's HTTP client.
package struct HTTPTokenTransport: TokenEndpointTransport {
    private let http: any HTTPFetcher

    package init(_ http: any HTTPFetcher) {
        self.http = http
    }

    package func post(_ form: [UInt8], to url: String) async throws -> TokenEndpointResponse {
        guard let endpoint = OAuthEndpoint(url) else { throw RefusedEndpoint(url: url) }
        let response = try await self.http.fetch(
            HTTPFetchRequest(endpoint, method: .post(form: form), maximumOctets: 65_536, timeout: .seconds(20))
        )
        return TokenEndpointResponse(status: response.status, body: response.body)
    }
}

/// A token endpoint that anyone on the way could impersonate.
struct RefusedEndpoint: Error, CustomStringConvertible {
    var url: String
    var description: String { "\(self.url) is no https URL" }
}
