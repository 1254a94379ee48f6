internal import GatepostModel
internal import SASL

extension Authenticator {
    /// The keys of all the account's passwords of one salt, so that whichever the client holds is found.
    ///
    /// Those that would be refused are among them, and so are former ones: their proof fails like a wrong one, but the log can say why.
    ///
    /// - Parameters:
    ///   - isLocked: No proof of a password that people choose is accepted.
    ///   - spares: Generated ones are, then.
    func scram(
        _ question: SCRAMQuestion,
        account: Account?,
        peer: LoginPeer,
        isLocked: Bool = false,
        spares: Bool = false
    ) -> Finding {
        // Made for every name, so that it costs everyone the same time; for the address and not the name as typed, or a salt that
        // changes with the case of letters or the domain left out would tell a name that nobody has.
        var answer = SCRAMCredential.fake(
            for: self.directory.address(of: question.authenticationIdentity) ?? question.authenticationIdentity,
            key: self.fakeKey,
            hash: question.hash,
            iterations: self.scramIterations
        )
        guard let account else {
            let refusal = self.absence(of: question.authenticationIdentity)
            return Finding(answer: .scram(answer), account: nil, refusal: refusal)
        }
        guard account.isEnabled else {
            return Finding(answer: .scram(answer), account: account, refusal: .disabled)
        }
        guard let parameters = account.scramParameters(question.hash) else {
            return Finding(answer: .scram(answer), account: account, refusal: .mechanismRefused)
        }
        answer.salt = parameters.salt
        answer.iterations = parameters.iterations
        var first: Credential?
        for credential in account.credentials {
            let keys = credential.scram.filter { SCRAMParameters($0) == parameters }
            if keys.isEmpty { continue }
            let isLookedAt = !isLocked || (spares && credential.kind != .password)
            let isAccepted =
                isLookedAt && self.objection(to: credential, of: account, peer: peer)?.isToldToHolder != false
            for key in keys {
                if isAccepted, first == nil {
                    first = credential
                    (answer.storedKey, answer.serverKey) = (key.storedKey, key.serverKey)
                } else {
                    answer.alternatives.append(SCRAMAlternative(key, label: credential.id, isAccepted: isAccepted))
                }
            }
        }
        for former in account.former {
            for key in former.scram where SCRAMParameters(key) == parameters {
                answer.alternatives.append(SCRAMAlternative(key, label: former.id, isAccepted: false))
            }
        }
        return Finding(answer: .scram(answer), account: account, credential: first)
    }
}

extension SCRAMAlternative {
    fileprivate init(_ key: SCRAMCredential, label: Int64, isAccepted: Bool) {
        self.init(label: label, storedKey: key.storedKey, serverKey: key.serverKey, isAccepted: isAccepted)
    }
}
