package import GatepostModel
internal import SASL

/// Checks a password against whatever is stored of one.
enum StoredPassword {
    /// Whether the prepared password is the credential's: by our own hash where there is one, else by what another server left.
    ///
    /// However cheap the foreign hash is, a refusal costs no less than for an account that does not exist: time does not tell which exist.
    static func verify(_ password: Secret, against credential: Credential?) throws -> Bool {
        if let argon2id = credential?.argon2id { return try Argon2id.verify(password, argon2id) }
        if let credential, try StoredPassword.isForeignMatch(password, credential) { return true }
        try Argon2id.verifyNothing(password)
        return false
    }

    enum Judgement: Sendable {
        case right
        /// Right for a password that the account had before.
        case old
        case wrong
    }

    /// The same, and whether it is a former password. Whatever is not right costs one Argon2id and one PBKDF2.
    ///
    /// - Parameters:
    ///   - former: Former main passwords.
    ///   - parameters: What those of them that can be compared share; something of the kind where there are none.
    static func judge(
        _ password: Secret,
        against credential: Credential?,
        former: [FormerCredential],
        parameters: SCRAMParameters
    ) throws -> Judgement {
        if try StoredPassword.verify(password, against: credential) { return .right }
        let candidate = try SCRAMCredential(
            preparedPassword: password,
            salt: parameters.salt,
            iterations: parameters.iterations,
            hash: parameters.hash
        )
        var isOld = false
        for key in former.flatMap(\.scram) where SCRAMParameters(key) == parameters {
            if ConstantTime.equals(key.storedKey, candidate.storedKey) { isOld = true }
        }
        return isOld ? .old : .wrong
    }

    private static func isForeignMatch(_ password: Secret, _ credential: Credential) throws -> Bool {
        if let text = credential.foreignHash {
            let hash: ForeignHash
            do {
                hash = try ForeignHash(text)
            } catch {
                // Kept by a later version that knew the scheme.
                return false
            }
            return try hash.verify(password)
        }
        return credential.scram.first?.verify(password: password) ?? false
    }
}

extension Credential {
    /// Whether PLAIN and LOGIN work, and the next one brings our own keys.
    package var awaitsUpgrade: Bool {
        self.kind == .password && self.argon2id == nil && (self.foreignHash != nil || !self.scram.isEmpty)
    }

    /// What another server made and is still in use: `SSHA`, `SCRAM-SHA-256` …; nil where all keys are our own.
    package var foreignKind: String? {
        guard self.awaitsUpgrade else { return nil }
        guard let text = self.foreignHash else { return self.scram.first?.hash.mechanism.description }
        do {
            return try ForeignHash(text).kind
        } catch {
            return "unknown"
        }
    }
}
