/// The little of HTTP that the checker of tokens needs.
package protocol HTTPFetcher: Sendable {
    /// One request and its whole response. Redirections are not followed: what the operator wrote is what is asked.
    ///
    /// - Throws: When there is no complete response within the request's limits.
    func fetch(_ request: HTTPFetchRequest) async throws -> HTTPFetchResponse
}

/// What is asked, and the limits of the answer.
package struct HTTPFetchRequest: Sendable {
    package enum Method: Sendable {
        case get
        /// `application/x-www-form-urlencoded`
        case post(form: [UInt8])
    }

    package var endpoint: OAuthEndpoint
    package var method: Method
    /// The value of an `Authorization` field.
    package var authorization: String?
    package var maximumOctets: Int
    package var timeout: Duration

    package init(
        _ endpoint: OAuthEndpoint,
        method: Method = .get,
        authorization: String? = nil,
        maximumOctets: Int = 262_144,
        timeout: Duration = .seconds(5)
    ) {
        self.endpoint = endpoint
        self.method = method
        self.authorization = authorization
        self.maximumOctets = maximumOctets
        self.timeout = timeout
    }
}

package struct HTTPFetchResponse: Sendable {
    package var status: Int
    package var body: [UInt8]

    package init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// Why there is no response that can be used.
package enum HTTPFetchError: Error, Hashable, CustomStringConvertible {
    case tooLarge(limit: Int)
    case tookTooLong

    package var description: String {
        switch self {
        case .tooLarge(let limit): "the answer has more than \(limit) octets"
        case .tookTooLong: "no complete answer in time"
        }
    }
}
