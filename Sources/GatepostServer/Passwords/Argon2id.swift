internal import CArgon2
package import GatepostModel
package import SASL

/// Argon2id (RFC 9106) over libargon2, with the parameters that new passwords get.
package enum Argon2id {
    package struct Parameters: Sendable, Hashable {
        package var memoryKiB: Int
        package var passes: Int
        package var lanes: Int

        package init(memoryKiB: Int, passes: Int, lanes: Int) {
            self.memoryKiB = memoryKiB
            self.passes = passes
            self.lanes = lanes
        }

        /// 19 MiB, two passes, one lane.
        package static let standard = Parameters(memoryKiB: 19 * 1024, passes: 2, lanes: 1)

        /// What a stored string may ask for: a forged one must not be able to take the host's memory.
        var isAcceptable: Bool {
            (8...1_048_576).contains(self.memoryKiB) && (1...64).contains(self.passes) && (1...16).contains(self.lanes)
        }
    }

    /// The library could not do its work: no memory.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package var description: String
    }

    package static let saltOctets = 16
    private static let hashOctets = 32

    /// Hashes a prepared password. Slow on purpose: tens of milliseconds and `memoryKiB` of memory.
    ///
    /// - Parameter salt: ``saltOctets`` random octets.
    package static func hash(
        _ password: Secret,
        salt: [UInt8],
        parameters: Parameters = .standard
    ) throws(Failure) -> PHCString {
        let hash = try Argon2id.raw(password, salt: salt, parameters: parameters, count: Argon2id.hashOctets)
        return PHCString(
            function: "argon2id",
            version: 19,
            parameters: [
                .init(name: "m", value: "\(parameters.memoryKiB)"),
                .init(name: "t", value: "\(parameters.passes)"),
                .init(name: "p", value: "\(parameters.lanes)"),
            ],
            salt: salt,
            hash: hash
        )
    }

    /// Whether the prepared password has this hash, compared in constant time; `false` for a string of another kind.
    package static func verify(_ password: Secret, _ phc: String) throws(Failure) -> Bool {
        guard let stored = PHCString(phc), stored.function == "argon2id", stored.version == 19,
            let memory = stored.number("m"), let passes = stored.number("t"), let lanes = stored.number("p"),
            (8...64).contains(stored.salt.count), (16...64).contains(stored.hash.count)
        else { return false }
        let parameters = Parameters(memoryKiB: memory, passes: passes, lanes: lanes)
        guard parameters.isAcceptable else { return false }
        let hash = try Argon2id.raw(password, salt: stored.salt, parameters: parameters, count: stored.hash.count)
        return ConstantTime.equals(hash, stored.hash)
    }

    /// Does the work of checking a password where there is none, so that time does not tell an unknown account.
    package static func verifyNothing(_ password: Secret) throws(Failure) {
        _ = try Argon2id.raw(
            password,
            salt: [UInt8](repeating: 0x5A, count: Argon2id.saltOctets),
            parameters: .standard,
            count: Argon2id.hashOctets
        )
    }

    private static func raw(
        _ password: Secret,
        salt: [UInt8],
        parameters: Parameters,
        count: Int
    ) throws(Failure) -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: count)
        let code = password.withUnsafeBytes { password in
            salt.withUnsafeBytes { salt in
                hash.withUnsafeMutableBytes { hash in
                    argon2id_hash_raw(
                        UInt32(clamping: parameters.passes),
                        UInt32(clamping: parameters.memoryKiB),
                        UInt32(clamping: parameters.lanes),
                        password.baseAddress,
                        password.count,
                        salt.baseAddress,
                        salt.count,
                        hash.baseAddress,
                        hash.count
                    )
                }
            }
        }
        guard code == ARGON2_OK.rawValue else {
            throw Failure(description: "Argon2id: \(String(cString: argon2_error_message(code)))")
        }
        return hash
    }
}
