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

    /// Derives everything. Slow on purpose: Argon2id and PBKDF2 for each SCRAM hash, some tens of milliseconds.
    ///
    /// - Parameters:
    ///   - owner: The account's canonical address.
    ///   - legacy: Mechanisms for which the password is kept under the master key.
    package static func derive(
        _ password: Secret,
        owner: String,
        legacy: [MechanismName] = [],
        masterKey: MasterKey
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
                scram: try SCRAMHash.allCases.map { hash in
                    try SCRAMCredential(
                        preparedPassword: prepared,
                        salt: RandomOctets.make(16),
                        iterations: PasswordDerivation.scramIterations,
                        hash: hash
                    )
                },
                sealedSecret: legacy.isEmpty ? nil : try masterKey.seal(prepared, owner: owner),
                legacyMechanisms: legacy
            )
        } catch {
            throw .failed("\(error)")
        }
    }
}
