package import MailSyntax

extension Lockout {
    /// Something that happened before the start.
    package enum Happening: Hashable, Sendable {
        case login(LoginAttempt, LoginResult)
        case lifted(account: String, at: Timestamp)
        case liftedNetwork(IPNetwork, at: Timestamp)

        package var time: Timestamp {
            switch self {
            case .login(let attempt, _): attempt.time
            case .lifted(_, let time), .liftedNetwork(_, let time): time
            }
        }
    }

    /// The state that a server which never stopped would have, from what the audit trail tells of its logins.
    ///
    /// - Parameter history: In the order in which it happened.
    package static func rebuilt(
        policy: LockoutPolicy,
        key: some Collection<UInt8>,
        from history: some Sequence<Happening>
    ) -> Lockout {
        var lockout = Lockout(policy: policy, key: key)
        for event in history { lockout.replay(event) }
        return lockout
    }

    package mutating func replay(_ event: Happening) {
        switch event {
        case .login(let attempt, let result):
            // A refusal is as it was; a success then is one now, whatever today's policy says of it.
            let isProven = result == .succeeded
            _ = self.ended(attempt, result, isGuessable: !isProven, now: attempt.time)
        case .lifted(let account, let time):
            _ = self.lift(account: account, now: time)
        case .liftedNetwork(let network, let time):
            _ = self.lift(network: network, now: time)
        }
    }
}
