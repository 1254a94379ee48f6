/// The little of HTTP that a token client needs; implement it over whatever HTTP client a program has.
public protocol TokenEndpointTransport: Sendable {
    /// Posts `application/x-www-form-urlencoded` content, and returns the whole answer whatever its status. TLS certificates are
    /// to be verified, redirections not followed, and a body of more than 64 KiB need not be read (RFC 6749 §3.2).
    ///
    /// - Parameter url: An absolute URL, `https` but for loopback.
    /// - Throws: Anything, when there is no complete answer.
    func post(_ form: [UInt8], to url: String) async throws -> TokenEndpointResponse
}

public struct TokenEndpointResponse: Sendable {
    public var status: Int
    public var body: [UInt8]

    public init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}
