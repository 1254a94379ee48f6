/// Where a server listens.
public enum Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// A host name, which is looked up with the system's resolver, or an IP address in text without brackets.
    case tcp(host: String, port: Int)
    /// A Unix domain socket, as LMTP servers have.
    case unix(path: String)

    public var description: String {
        switch self {
        case .tcp(let host, let port): host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }
}
