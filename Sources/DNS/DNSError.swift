/// Why a question to DNS has no answer. That a name has no record of a type is no error but an empty ``Answer``.
public enum DNSError: Error, Hashable, Sendable {
    /// The name does not exist (NXDOMAIN, RFC 2308 §2.1): trying again is of no use.
    case nameDoesNotExist
    /// No answer now: time-out, SERVFAIL, REFUSED, resolver closed. The reason is for logs.
    case temporary(String)
    /// DNSSEC shows the answer to be forged or broken (RFC 4035 §5.5). It must be treated as no answer now, never as an
    /// unsigned one. The reason is for logs.
    case bogus(String)
    /// What was asked for is no domain name.
    case malformedName

    /// Whether asking later may help.
    public var isTemporary: Bool {
        switch self {
        case .temporary, .bogus: true
        case .nameDoesNotExist, .malformedName: false
        }
    }
}

extension DNSError: CustomStringConvertible {
    /// The error in words.
    public var description: String {
        switch self {
        case .nameDoesNotExist: "the name does not exist"
        case .temporary(let reason): "no answer: \(reason)"
        case .bogus(let reason): "the answer fails DNSSEC validation: \(reason)"
        case .malformedName: "not a domain name"
        }
    }
}
