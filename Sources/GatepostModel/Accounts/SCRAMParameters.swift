package import SASL

/// Salt and iterations that all SCRAM keys of one account and hash share.
///
/// A SCRAM client says who it is, not which of its passwords it holds, and is sent one salt. So the passwords of an account share it, and the
/// server tries the keys of each (``SASL/SCRAMAlternative``).
package struct SCRAMParameters: Hashable, Sendable {
    package var hash: SCRAMHash
    package var salt: [UInt8]
    package var iterations: Int

    package init(hash: SCRAMHash, salt: [UInt8], iterations: Int) {
        self.hash = hash
        self.salt = salt
        self.iterations = iterations
    }

    package init(_ credential: SCRAMCredential) {
        self.init(hash: credential.hash, salt: credential.salt, iterations: credential.iterations)
    }
}

extension Account {
    /// What keys of this hash are made with; nil where the account has none yet.
    ///
    /// The main password's count, else those of the oldest credential, else those of the last former password, so that an old one is known
    /// again.
    package func scramParameters(_ hash: SCRAMHash) -> SCRAMParameters? {
        let mainFirst =
            self.credentials.filter { $0.kind == .password } + self.credentials.filter { $0.kind != .password }
        let key =
            mainFirst.lazy.flatMap(\.scram).first { $0.hash == hash }
            ?? self.former.lazy.flatMap(\.scram).first { $0.hash == hash }
        return key.map { SCRAMParameters($0) }
    }

    /// Whether the keys are those of a password that the account had before, or has.
    package func had(_ keys: NewCredential) -> Bool {
        let new = Set(keys.scram)
        return self.credentials.contains { $0.kind == .password && !new.isDisjoint(with: $0.scram) }
            || self.former.contains { $0.kind == .password && !new.isDisjoint(with: $0.scram) }
    }
}
