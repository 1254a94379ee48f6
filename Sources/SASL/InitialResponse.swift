/// What came with the command that started the exchange (RFC 4954 §4).
///
/// "Nothing" and "a response of zero octets" are different things on the wire (`AUTH PLAIN` and `AUTH PLAIN =`), so they are
/// different cases here.
public enum InitialResponse: Hashable, Sendable {
    /// No initial response; the client waits for a challenge.
    case absent
    /// An initial response, decoded from base64; it may have zero octets.
    case present([UInt8])
}
