/// What a SCRAM client says about channel binding (RFC 5802 §6).
enum SCRAMClientBinding: Hashable, Sendable {
    /// `n`: this connection has nothing to bind to.
    case unsupported
    /// `y`: it has, but the server did not offer -PLUS; a server that did then knows that somebody took the offer out.
    case notOffered
    /// `p=`: the -PLUS form.
    case bound(ChannelBindingType, [UInt8])

    var flag: String {
        switch self {
        case .unsupported: "n"
        case .notOffered: "y"
        case .bound(let type, _): "p=\(type)"
        }
    }

    var data: [UInt8] {
        if case .bound(_, let data) = self { return data }
        return []
    }
}
