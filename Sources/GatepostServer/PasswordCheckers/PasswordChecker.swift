package import SASL

/// Another store of passwords: knows whether one is right, and lends no secret.
package protocol PasswordChecker: Sendable {
    /// What the log calls it, such as `pam gatepost`.
    var name: String { get }

    /// - Throws: ``PasswordCheckerUnreachable`` when it cannot be asked, ``HashingPool/Busy`` when too many wait for it.
    func verdict(on login: PasswordLogin) async throws -> PasswordVerdict

    /// Ends connections and threads.
    func shutdown() async throws
}

/// What a checker is asked about.
package struct PasswordLogin: Sendable {
    /// Of the account's address, lower case, not empty.
    package var localPart: String
    package var domain: String
    /// Prepared with SASLprep; not empty, no NUL.
    package var password: Secret
    /// From where; empty where it is not known.
    package var peer: LoginPeer

    package init(localPart: String, domain: String, password: Secret, peer: LoginPeer = LoginPeer()) {
        self.localPart = localPart
        self.domain = domain
        self.password = password
        self.peer = peer
    }

    package var address: String { "\(self.localPart)@\(self.domain)" }
}

/// The client's side of a login, as far as other stores want to know it.
package struct LoginPeer: Sendable, Hashable {
    /// The client's IP address; nil on a local socket.
    package var address: String?
    /// Whether the password came over TLS.
    package var isTLS: Bool

    package init(address: String? = nil, isTLS: Bool = false) {
        self.address = address
        self.isTLS = isTLS
    }
}

package enum PasswordVerdict: Sendable, Hashable {
    case accepted
    /// Wrong, or unknown: few stores tell.
    case wrong
    /// The store has nobody of this name.
    case unknown
    /// Right, but it must be changed first.
    case expired
    /// The store knows the name and lets it in with no password: disabled, locked, out of its hours.
    case disabled
}

/// The store could not be asked: `454 4.7.0`.
package struct PasswordCheckerUnreachable: Error, Sendable, Hashable, CustomStringConvertible {
    package var checker: String
    /// For the log.
    package var reason: String

    package init(_ checker: String, _ reason: String) {
        self.checker = checker
        self.reason = reason
    }

    package var description: String { "\(self.checker): \(self.reason)" }
}
