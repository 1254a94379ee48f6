internal import SASL

/// A security context that protects nothing: what the fuzzer says is what the mechanism gets to see, behind every state of a context.
final class OpenContext: SecurityContextAcceptor {
    /// The first octet says how it goes: on, an error of some kind, or it stands, with a last token or without.
    func accept(_ token: [UInt8]) throws(SecurityContextFailure) -> SecurityContextAcceptance {
        switch (token.first ?? 0) % 6 {
        case 0: return .continueNeeded(token: Array(token.prefix(100)))
        case 1: throw SecurityContextFailure(.defectiveToken, "defective")
        case 2: throw SecurityContextFailure(.refused, "refused")
        case 3: return .established(principal: "alice@R", token: nil)
        case 4: return .established(principal: "mallory@R", token: [])
        default: return .established(principal: "alice@R", token: [1])
        }
    }

    func wrap(_ octets: [UInt8]) throws(SecurityContextFailure) -> [UInt8] { octets }

    func unwrap(_ token: [UInt8]) throws(SecurityContextFailure) -> [UInt8] {
        check(!token.isEmpty, "an empty token is given to the library")
        return token
    }
}
