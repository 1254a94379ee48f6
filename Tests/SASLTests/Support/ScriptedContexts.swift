import SASL
import Synchronization

/// Both halves of a security context that never was: tokens are words, wrapping puts a letter before the octets.
///
/// The acceptor and the initiator have each their own key letter in common, or they do not understand one another.
struct ScriptedContexts: SecurityContextSource {
    var principal = "alice@EXAMPLE.ORG"
    /// How many tokens the initiator sends before the context stands.
    var rounds = 1
    /// Whether the acceptor's last step gives a token back.
    var isMutual = true
    var key: UInt8 = UInt8(ascii: "k")

    func makeContext() -> any SecurityContextInitiator { ScriptedInitiator(self) }
    func makeAcceptor() -> ScriptedAcceptor { ScriptedAcceptor(self) }

    func wrap(_ octets: [UInt8], from sender: UInt8) -> [UInt8] { [self.key, sender] + octets }

    func unwrap(_ token: [UInt8], from sender: UInt8) throws(SecurityContextFailure) -> [UInt8] {
        guard token.count >= 2, token[1] == sender else { throw SecurityContextFailure(.defectiveToken, "no token") }
        guard token[0] == self.key else { throw SecurityContextFailure(.refused, "wrong key") }
        return Array(token.dropFirst(2))
    }
}

let initiatorMark = UInt8(ascii: "i")
let acceptorMark = UInt8(ascii: "a")

final class ScriptedAcceptor: SecurityContextAcceptor {
    let script: ScriptedContexts
    private let tokens = Mutex<[[UInt8]]>([])

    init(_ script: ScriptedContexts) { self.script = script }

    /// What was accepted, in order.
    var accepted: [[UInt8]] { self.tokens.withLock { $0 } }

    func accept(_ token: [UInt8]) throws(SecurityContextFailure) -> SecurityContextAcceptance {
        let octets = try self.script.unwrap(token, from: initiatorMark)
        let count = self.tokens.withLock { tokens in
            tokens.append(octets)
            return tokens.count
        }
        let answer = self.script.wrap(Array("token \(count)".utf8), from: acceptorMark)
        if count < self.script.rounds { return .continueNeeded(token: answer) }
        return .established(principal: self.script.principal, token: self.script.isMutual ? answer : nil)
    }

    func wrap(_ octets: [UInt8]) -> [UInt8] { self.script.wrap(octets, from: acceptorMark) }
    func unwrap(_ token: [UInt8]) throws(SecurityContextFailure) -> [UInt8] {
        try self.script.unwrap(token, from: initiatorMark)
    }
}

final class ScriptedInitiator: SecurityContextInitiator {
    let script: ScriptedContexts
    private let sent = Mutex(0)

    init(_ script: ScriptedContexts) { self.script = script }

    func initiate(_ token: [UInt8]?) throws(SecurityContextFailure) -> SecurityContextInitiation {
        if let token { _ = try self.script.unwrap(token, from: acceptorMark) }
        let count = self.sent.withLock { sent in
            sent += 1
            return sent
        }
        if count > self.script.rounds { return .established(token: nil) }
        let next = self.script.wrap(Array("ticket \(count)".utf8), from: initiatorMark)
        let isLast = count == self.script.rounds && !self.script.isMutual
        return isLast ? .established(token: next) : .continueNeeded(token: next)
    }

    func wrap(_ octets: [UInt8]) -> [UInt8] { self.script.wrap(octets, from: initiatorMark) }
    func unwrap(_ token: [UInt8]) throws(SecurityContextFailure) -> [UInt8] {
        try self.script.unwrap(token, from: acceptorMark)
    }
}

/// A client without a ticket.
struct NoTicket: SecurityContextSource {
    static let failure = SecurityContextFailure(.unavailable, "No Kerberos credentials available")

    func makeContext() -> any SecurityContextInitiator { Context() }

    private final class Context: SecurityContextInitiator {
        func initiate(_ token: [UInt8]?) throws(SecurityContextFailure) -> SecurityContextInitiation {
            throw NoTicket.failure
        }
        func wrap(_ octets: [UInt8]) throws(SecurityContextFailure) -> [UInt8] { throw NoTicket.failure }
        func unwrap(_ token: [UInt8]) throws(SecurityContextFailure) -> [UInt8] { throw NoTicket.failure }
    }
}
