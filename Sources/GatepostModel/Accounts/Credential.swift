package import SASL

/// What is kept of one password: derived keys, never the password.
package struct Credential: Hashable, Sendable, CustomStringConvertible {
    package var id: Int64
    /// Grows with each change, so that whatever was remembered about an earlier password does not fit any more.
    package var version: Int64
    package var keys: NewCredential

    package init(id: Int64, version: Int64, keys: NewCredential) {
        self.id = id
        self.version = version
        self.keys = keys
    }

    /// Argon2id hash in PHC string form, for PLAIN and LOGIN.
    package var argon2id: String? { self.keys.argon2id }
    package var scram: [SCRAMCredential] { self.keys.scram }
    /// The password under the server's master key (AES-GCM), only for credentials that opted into CRAM-MD5 and the like.
    package var sealedSecret: [UInt8]? { self.keys.sealedSecret }
    /// Mechanisms that need the password itself and that this credential opted into.
    package var legacyMechanisms: [MechanismName] { self.keys.legacyMechanisms }
    /// A hash that another server made, for PLAIN and LOGIN until the next of them brings the password and our own keys replace it.
    package var foreignHash: String? { self.keys.foreignHash }

    /// Names the credential only.
    package var description: String { "credential \(self.id) version \(self.version)" }
}

/// The keys derived from a password that is being set.
package struct NewCredential: Hashable, Sendable, CustomStringConvertible {
    package var argon2id: String?
    package var scram: [SCRAMCredential]
    package var sealedSecret: [UInt8]?
    package var legacyMechanisms: [MechanismName]
    package var foreignHash: String?

    package init(
        argon2id: String?,
        scram: [SCRAMCredential],
        sealedSecret: [UInt8]? = nil,
        legacyMechanisms: [MechanismName] = [],
        foreignHash: String? = nil
    ) {
        self.argon2id = argon2id
        self.scram = scram
        self.sealedSecret = sealedSecret
        self.legacyMechanisms = legacyMechanisms
        self.foreignHash = foreignHash
    }

    /// For an account whose password another store knows.
    package static let elsewhere = NewCredential(argon2id: nil, scram: [])

    /// Whether anything is kept that a password can be compared with.
    package var hasKeys: Bool {
        self.argon2id != nil || !self.scram.isEmpty || self.sealedSecret != nil || self.foreignHash != nil
    }

    /// Says which keys there are, not what they are.
    package var description: String {
        let kinds =
            (self.argon2id == nil ? [] : ["argon2id"]) + self.scram.map(\.hash.rawValue)
            + (self.foreignHash == nil ? [] : ["foreign"])
        return "keys \(kinds.joined(separator: " "))"
    }
}
