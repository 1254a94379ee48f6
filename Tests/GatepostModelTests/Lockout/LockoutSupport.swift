import GatepostModel
import MailSyntax
import SASL

let owner = "owner@example.org"

func ip(_ text: String) -> IPAddress { IPAddress(text) ?? IPAddress(v4: 0) }

func attempt(
    _ account: String? = owner,
    from text: String? = "198.51.100.7",
    client: String = "bot",
    mechanism: MechanismName = .plain,
    tag: UInt16? = nil,
    at time: Timestamp = noon
) -> LoginAttempt {
    LoginAttempt(
        time: time,
        loginName: account ?? "nobody",
        account: account,
        mechanism: mechanism,
        address: text.map(ip),
        listener: "submission:587",
        clientName: client,
        secretTag: tag
    )
}

extension Lockout {
    static func test(_ policy: LockoutPolicy = LockoutPolicy()) -> Lockout {
        Lockout(policy: policy, key: [UInt8](repeating: 3, count: 16))
    }

    /// One attempt with a wrong secret, if it is let in. Returns whether it was.
    @discardableResult
    mutating func guess(_ attempt: LoginAttempt, _ reason: AuthenticationReason = .wrongPassword) -> Bool {
        if case .refused(_, let because) = self.admission(of: attempt, now: attempt.time) {
            let reason: AuthenticationReason = because == .tooManyFailures ? .tooMany : .locked
            _ = self.ended(attempt, .refused(reason), now: attempt.time)
            return false
        }
        _ = self.ended(attempt, .refused(reason), now: attempt.time)
        return true
    }

    /// Whether the right secret is accepted.
    @discardableResult
    mutating func logIn(_ attempt: LoginAttempt) -> Bool {
        if case .refused = self.admission(of: attempt, now: attempt.time) { return false }
        return self.ended(attempt, .succeeded, now: attempt.time).result == .succeeded
    }
}
