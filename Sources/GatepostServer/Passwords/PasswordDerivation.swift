package import GatepostModel
package import SASL

/// Turns a new password into the keys that are kept of it.
package enum PasswordDerivation {
    package enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        case unusable(SASLprepError)
        /// Not a mechanism that needs the password itself.
        case notLegacy(MechanismName)
        case failed(String)

        package var description: String {
            switch self {
            case .unusable(let error):
                switch error {
                case .empty: "the password is empty"
                case .tooLong: "the password is longer than 1,024 octets"
                case .invalidUTF8: "the password is not UTF-8 text"
                case .prohibitedCharacter: "the password holds a control or other character that passwords cannot have"
                case .mixedDirections: "the password mixes left-to-right and right-to-left text"
                case .unassignedCodePoint: "the password holds a character that is not assigned"
                }
            case .notLegacy(let name): "\(name) needs no stored password: --legacy is for cram-md5, digest-md5 and ntlm"
            case .failed(let reason): reason
            }
        }
    }

    /// Rounds of PBKDF2 in SCRAM keys: the least that RFC 7677 §4 allows.
    ///
    /// The client pays them at every login, phones and scripts too. What guards stolen keys is that they lie in the same file
    /// as the Argon2id hash, readable to the server only; more rounds would slow an attacker down by the same factor as every client.
    package static let scramIterations = 4096

    /// The hashes that SCRAM keys are made for.
    package static let scramHashes: [SCRAMHash] = SCRAMHash.allCases

    /// What the SCRAM keys of an account without any are made with.
    ///
    /// The salt comes from the master key and the address: it is the one that a client is sent who asks for a name that nobody has, so that
    /// not even the making of an account changes what a stranger sees.
    package static func scramParameters(owner: String, masterKey: MasterKey) -> [SCRAMParameters] {
        let key = masterKey.derived(PasswordDerivation.fakeLabel)
        return PasswordDerivation.scramHashes.map { hash in
            SCRAMParameters(
                SCRAMCredential.fake(for: owner, key: key, hash: hash, iterations: PasswordDerivation.scramIterations)
            )
        }
    }

    /// What the key of fake SCRAM credentials is derived by.
    static let fakeLabel = "fake SCRAM credentials"

    /// Derives everything. Slow on purpose: Argon2id, and PBKDF2 for each SCRAM hash, some tens of milliseconds.
    ///
    /// - Parameters:
    ///   - owner: The account's canonical address.
    ///   - legacy: Mechanisms for which the password is kept under the master key.
    ///   - scram: What the account's SCRAM keys are made with, where it has any.
    package static func derive(
        _ password: Secret,
        owner: String,
        legacy: [MechanismName] = [],
        masterKey: MasterKey,
        scram: [SCRAMParameters] = []
    ) throws(Failure) -> NewCredential {
        for mechanism in legacy where ![.cramMD5, .digestMD5, .ntlm].contains(mechanism) { throw .notLegacy(mechanism) }
        let prepared: Secret
        do {
            prepared = try password.preparedPassword()
        } catch {
            throw .unusable(error)
        }
        do {
            let salt = RandomOctets.make(Argon2id.saltOctets)
            return NewCredential(
                argon2id: try Argon2id.hash(prepared, salt: salt).description,
                scram: try PasswordDerivation.scramKeys(
                    prepared,
                    PasswordDerivation.parameters(scram, owner: owner, masterKey: masterKey)
                ),
                sealedSecret: legacy.isEmpty ? nil : try masterKey.seal(prepared, owner: owner),
                legacyMechanisms: legacy
            )
        } catch {
            throw .failed("\(error)")
        }
    }

    /// Derives the keys of an app password: no slow hash, for nobody guesses it, and SCRAM keys for each way to type it.
    ///
    /// - Parameter password: As `AppSecret.password(random:)` made it.
    package static func derive(
        appPassword password: String,
        owner: String,
        masterKey: MasterKey,
        scram: [SCRAMParameters] = []
    ) throws(Failure) -> NewCredential {
        let parameters = PasswordDerivation.parameters(scram, owner: owner, masterKey: masterKey)
        do {
            return NewCredential(
                argon2id: nil,
                scram: try AppSecret.spellings(of: password).flatMap { spelling in
                    try PasswordDerivation.scramKeys(try Secret(spelling).preparedPassword(), parameters)
                },
                digest: AppSecret.passwordDigest(password.utf8)
            )
        } catch {
            throw .failed("\(error)")
        }
    }

    private static func scramKeys(
        _ prepared: Secret,
        _ parameters: [SCRAMParameters]
    ) throws(SCRAMCredentialError) -> [SCRAMCredential] {
        var keys: [SCRAMCredential] = []
        for item in parameters {
            keys.append(
                try SCRAMCredential(
                    preparedPassword: prepared,
                    salt: item.salt,
                    iterations: item.iterations,
                    hash: item.hash
                )
            )
        }
        return keys
    }

    /// The account's own where it has some, else new ones, for each hash.
    private static func parameters(
        _ own: [SCRAMParameters],
        owner: String,
        masterKey: MasterKey
    ) -> [SCRAMParameters] {
        PasswordDerivation.scramParameters(owner: owner, masterKey: masterKey).map { new in
            own.first { $0.hash == new.hash } ?? new
        }
    }
}
