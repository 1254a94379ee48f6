package import GatepostModel
internal import MailSyntax
internal import SASL

/// ``NewCredential`` for the control socket.
package struct CredentialRecord: Codable, Sendable, Hashable, CustomStringConvertible {
    private struct SCRAMKeys: Codable, Sendable, Hashable {
        var hash: String
        var salt: String
        var iterations: Int
        var storedKey: String
        var serverKey: String
    }

    private var argon2id: String?
    private var scram: [SCRAMKeys]
    private var sealedSecret: String?
    private var legacyMechanisms: [String]
    private var foreignHash: String?
    private var digest: String?

    package init(_ credential: NewCredential) {
        self.argon2id = credential.argon2id
        self.scram = credential.scram.map { keys in
            SCRAMKeys(
                hash: keys.hash.mechanism.description,
                salt: CredentialRecord.text(keys.salt),
                iterations: keys.iterations,
                storedKey: CredentialRecord.text(keys.storedKey),
                serverKey: CredentialRecord.text(keys.serverKey)
            )
        }
        self.sealedSecret = credential.sealedSecret.map(CredentialRecord.text)
        self.legacyMechanisms = credential.legacyMechanisms.map(\.description)
        self.foreignHash = credential.foreignHash
        self.digest = credential.digest.map(CredentialRecord.text)
    }

    /// `nil` where a part cannot be read.
    package var credential: NewCredential? {
        var keys: [SCRAMCredential] = []
        for record in self.scram {
            let hashes: [SCRAMHash] = [.sha1, .sha256, .sha512]
            guard let hash = hashes.first(where: { $0.mechanism.description == record.hash }),
                let salt = Base64.decode(record.salt.utf8), !salt.isEmpty, record.iterations > 0,
                let storedKey = Base64.decode(record.storedKey.utf8),
                let serverKey = Base64.decode(record.serverKey.utf8)
            else { return nil }
            keys.append(
                SCRAMCredential(
                    hash: hash,
                    salt: salt,
                    iterations: record.iterations,
                    storedKey: storedKey,
                    serverKey: serverKey
                )
            )
        }
        var sealed: [UInt8]?
        if let text = self.sealedSecret {
            guard let octets = Base64.decode(text.utf8) else { return nil }
            sealed = octets
        }
        if let text = self.foreignHash {
            do {
                _ = try ForeignHash(text)
            } catch {
                return nil
            }
        }
        var digest: [UInt8]?
        if let text = self.digest {
            guard let octets = Base64.decode(text.utf8), octets.count == 32 else { return nil }
            digest = octets
        }
        return NewCredential(
            argon2id: self.argon2id,
            scram: keys,
            sealedSecret: sealed,
            legacyMechanisms: self.legacyMechanisms.compactMap { MechanismName($0) },
            foreignHash: self.foreignHash,
            digest: digest
        )
    }

    /// Says nothing of the keys.
    package var description: String { "(keys)" }

    private static func text(_ octets: [UInt8]) -> String {
        String(decoding: Base64.encode(octets), as: UTF8.self)
    }
}
