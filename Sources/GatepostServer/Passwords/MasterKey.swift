internal import Crypto
internal import Foundation
internal import Glibc
package import SASL

/// The server's own secret, 32 random octets in `master.key`: seals what must be readable again, and yields keys for other uses.
package struct MasterKey: Sendable {
    package enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        case file(LocalFile.Failure)
        case wrongSize(path: String)
        /// Others than its owner may read it.
        case open(path: String, mode: UInt32)
        /// Sealed under another key, for another account, or changed.
        case cannotOpen

        package var description: String {
            switch self {
            case .file(let failure): "\(failure)"
            case .wrongSize(let path): "\(path) is not a master key: it must hold 32 octets"
            case .open(let path, let mode):
                "\(path) can be read by others (mode \(String(mode, radix: 8))): chmod 600 \(path)"
            case .cannotOpen: "a stored secret was not sealed with this master key"
            }
        }
    }

    private static let octets = 32
    private let key: SymmetricKey

    private init(_ octets: [UInt8]) {
        self.key = SymmetricKey(data: octets)
    }

    /// A key that is in no file, for tests.
    package static func random() -> MasterKey {
        MasterKey(RandomOctets.make(MasterKey.octets))
    }

    /// Reads `master.key` of a data directory, and makes it where it is missing.
    package static func open(inDirectory directory: String) throws(Failure) -> MasterKey {
        let path = MasterKey.path(inDirectory: directory)
        do {
            return try MasterKey.read(path)
        } catch {
            guard case .file(let failure) = error, failure.isAbsent else { throw error }
        }
        let octets = RandomOctets.make(MasterKey.octets)
        do {
            try LocalFile.create(path, octets, mode: 0o600)
            return MasterKey(octets)
        } catch {
            // Another process was first.
            guard error.isAlreadyThere else { throw .file(error) }
            return try MasterKey.read(path)
        }
    }

    /// Makes a key and its file, which must not exist yet; durable when the call returns.
    static func create(_ path: String) throws(LocalFile.Failure) -> MasterKey {
        let octets = RandomOctets.make(MasterKey.octets)
        try LocalFile.create(path, octets, mode: 0o600)
        try LocalFile.syncDirectory(of: path)
        return MasterKey(octets)
    }

    static func path(inDirectory directory: String) -> String { directory + "/master.key" }

    static func read(_ path: String) throws(Failure) -> MasterKey {
        let octets: [UInt8]
        do {
            octets = try LocalFile.read(path, limit: 4096)
        } catch {
            throw .file(error)
        }
        let mode: UInt32
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            mode = (attributes[.posixPermissions] as? NSNumber)?.uint32Value ?? 0o777
        } catch {
            throw .file(LocalFile.Failure(path: path, action: "read", code: EACCES))
        }
        guard mode & 0o077 == 0 else { throw .open(path: path, mode: mode & 0o777) }
        guard octets.count == MasterKey.octets else { throw .wrongSize(path: path) }
        return MasterKey(octets)
    }

    /// A key for one purpose (HKDF, RFC 5869): the same for the same label, and no hint at any other.
    package func derived(_ label: String) -> Secret {
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: self.key,
            info: Array("gatepost \(label)".utf8),
            outputByteCount: 32
        )
        return Secret(derived.withUnsafeBytes { Array($0) })
    }

    /// Encrypts with AES-256-GCM: nonce, ciphertext and tag in one.
    ///
    /// - Parameter owner: The account's address; a sealed secret that was moved to another account does not open.
    package func seal(_ secret: Secret, owner: String) throws -> [UInt8] {
        let box = try AES.GCM.seal(
            secret.octets,
            using: self.sealingKey,
            authenticating: Array(owner.utf8)
        )
        guard let combined = box.combined else { throw Failure.cannotOpen }
        return Array(combined)
    }

    package func open(_ sealed: [UInt8], owner: String) throws(Failure) -> Secret {
        do {
            let box = try AES.GCM.SealedBox(combined: sealed)
            return Secret(Array(try AES.GCM.open(box, using: self.sealingKey, authenticating: Array(owner.utf8))))
        } catch {
            throw .cannotOpen
        }
    }

    private var sealingKey: SymmetricKey {
        SymmetricKey(data: self.derived("sealed secrets").octets)
    }
}
