internal import GatepostModel
internal import SASL
internal import Synchronization

/// Exchanges `master.key` and seals every stored secret again.
///
/// The new key is on the disk as `master.key.new` before any secret is sealed with it, all secrets change in one transaction, and only
/// then the file takes the old one's place. So at every moment the keys on the disk open all secrets, and which of the two does tells
/// how far a rotation came that was interrupted.
enum MasterKeyRotation {
    struct Failure: Error, Sendable, CustomStringConvertible {
        var description: String
    }

    /// - Returns: Whose secrets were sealed again: addresses of accounts, and ``DKIMKey/owner`` of keys.
    static func rotate(
        inDirectory directory: String,
        store: any AccountStore,
        keyring: MasterKeyring
    ) async throws -> [String] {
        try await MasterKeyRotation.finish(inDirectory: directory, store: store)
        let old = keyring.current
        let lost = try await MasterKeyRotation.accounts(of: store) { !old.opens($0, owner: $1) }
        guard lost.isEmpty else {
            throw Failure(
                description: """
                    the secrets of \(lost.sorted().joined(separator: ", ")) do not open with the present master key: \
                    give these accounts new passwords, and retire these DKIM keys, first
                    """
            )
        }
        let path = MasterKey.path(inDirectory: directory)
        let new = try MasterKey.create(path + ".new")
        keyring.expect(new)
        let changed: [String]
        do {
            changed = try await MasterKeyRotation.reseal(store, from: old, to: new)
        } catch {
            // Nothing is known for sure after a failed commit: finishing looks which key the secrets have.
            let isCommitted = try await MasterKeyRotation.finish(inDirectory: directory, store: store)
            if isCommitted { keyring.switchTo(new) } else { keyring.forgetExpected() }
            throw error
        }
        keyring.switchTo(new)
        // Those that were sealed with the old key just now and stored after the others changed.
        let late = try await MasterKeyRotation.reseal(store, from: old, to: new)
        try LocalFile.rename(path + ".new", to: path)
        return changed + late
    }

    /// Ends a rotation that a crash interrupted: forwards when its transaction was committed, else back.
    ///
    /// - Returns: Whether the new key is in force now; `false` also when there was nothing to finish.
    @discardableResult
    static func finish(inDirectory directory: String, store: any AccountStore) async throws -> Bool {
        let path = MasterKey.path(inDirectory: directory)
        guard LocalFile.exists(path + ".new") else { return false }
        let new: MasterKey
        do {
            new = try MasterKey.read(path + ".new")
        } catch MasterKey.Failure.wrongSize {
            // It was not written to its end, so nothing was sealed with it.
            try LocalFile.remove(path + ".new")
            return false
        }
        guard try await !MasterKeyRotation.accounts(of: store, where: new.opens).isEmpty else {
            try LocalFile.remove(path + ".new")
            return false
        }
        _ = try await MasterKeyRotation.reseal(store, from: try MasterKey.read(path), to: new)
        try LocalFile.rename(path + ".new", to: path)
        return true
    }

    /// Seals again what the old key opens; leaves everything else.
    private static func reseal(
        _ store: any AccountStore,
        from old: MasterKey,
        to new: MasterKey
    ) async throws -> [String] {
        try await store.reseal { sealed, owner in
            guard old.opens(sealed, owner: owner) else { return nil }
            return try new.seal(try old.open(sealed, owner: owner), owner: owner)
        }
    }

    /// Whose sealed secret the condition fits: accounts and keys of domains.
    private static func accounts(
        of store: any AccountStore,
        where condition: @escaping @Sendable ([UInt8], String) -> Bool
    ) async throws -> Set<String> {
        let found = FoundAddresses()
        _ = try await store.reseal { sealed, owner in
            if condition(sealed, owner) { found.add(owner) }
            return nil
        }
        return found.all
    }
}

/// Filled from a transaction, which may run twice.
private final class FoundAddresses: Sendable {
    private let addresses = Mutex<Set<String>>([])

    var all: Set<String> { self.addresses.withLock { $0 } }

    func add(_ address: String) {
        self.addresses.withLock { _ = $0.insert(address) }
    }
}

extension MasterKey {
    /// Whether the secret was sealed with this key for this account.
    func opens(_ sealed: [UInt8], owner: String) -> Bool {
        do {
            _ = try self.open(sealed, owner: owner)
            return true
        } catch {
            return false
        }
    }
}
