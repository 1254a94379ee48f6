/// A client's end of a connection to a server, in memory or on the wire.
protocol DialogConnection: AnyObject, Sendable {
    func send(_ octets: [UInt8]) async throws
    /// The next reply line without CRLF; nil when the server has closed the connection.
    func line() async throws -> String?
    /// The client's side of a TLS handshake.
    func startTLS() async throws
    func close() async throws
}

/// The server said nothing though a reply was due.
struct NoReply: Error, CustomStringConvertible {
    var description: String { "no reply, and the connection is open" }
}
