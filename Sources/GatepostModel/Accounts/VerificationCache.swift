internal import Crypto
package import SASL

/// Remembers for some minutes which passwords proved right, so that a client that reconnects pays no second Argon2id.
///
/// Kept is a keyed digest under a key that lives in this value only: what is found in a memory dump later cannot be compared with guesses
/// elsewhere. Only right passwords are kept, one a credential version. A value; whoever shares it guards it.
package struct VerificationCache: Sendable {
    private struct Entry: Sendable {
        var version: Int64
        var digest: [UInt8]
        var expires: Timestamp
    }

    private let key: SymmetricKey
    private let timeToLive: Duration
    private let maximumEntries: Int
    private var entries: [Int64: Entry] = [:]

    /// - Parameters:
    ///   - key: 32 random octets, made anew at each start.
    ///   - timeToLive: How long a proof counts; zero or less turns the cache off.
    package init(key: some Collection<UInt8>, timeToLive: Duration, maximumEntries: Int = 10_000) {
        self.key = SymmetricKey(data: Array(key))
        self.timeToLive = timeToLive
        self.maximumEntries = max(1, maximumEntries)
    }

    package var count: Int { self.entries.count }

    /// Whether this password proved right for this version of the credential not long ago.
    ///
    /// - Parameter circumstances: What else the proof depended on; a proof counts for no other.
    package func contains(
        _ password: Secret,
        for credential: Credential,
        under circumstances: String = "",
        now: Timestamp
    ) -> Bool {
        guard let entry = self.entries[credential.id], entry.version == credential.version, now < entry.expires
        else { return false }
        // A clock that was set back must not make a proof live longer than it may.
        guard entry.expires <= now + self.timeToLive else { return false }
        return ConstantTime.equals(entry.digest, self.digest(of: password, for: credential, under: circumstances))
    }

    /// Remembers that the password proved right.
    package mutating func insert(
        _ password: Secret,
        for credential: Credential,
        under circumstances: String = "",
        now: Timestamp
    ) {
        guard self.timeToLive > .zero else { return }
        if self.entries[credential.id] == nil, self.entries.count >= self.maximumEntries {
            self.makeRoom(now: now)
        }
        self.entries[credential.id] = Entry(
            version: credential.version,
            digest: self.digest(of: password, for: credential, under: circumstances),
            expires: now + self.timeToLive
        )
    }

    /// For a credential that was changed or revoked.
    package mutating func forget(credential id: Int64) {
        self.entries[id] = nil
    }

    /// For an account that was changed: forgets each of its credentials.
    package mutating func forget(_ account: Account) {
        for credential in account.credentials { self.forget(credential: credential.id) }
    }

    package mutating func forgetAll() {
        self.entries.removeAll()
    }

    /// Drops what is expired and, when that is too little, the eighth that expires first: one sort in many insertions.
    private mutating func makeRoom(now: Timestamp) {
        self.entries = self.entries.filter { now < $0.value.expires }
        guard self.entries.count >= self.maximumEntries else { return }
        let oldestFirst = self.entries.sorted { $0.value.expires < $1.value.expires }
        for (id, _) in oldestFirst.prefix(max(1, self.maximumEntries / 8)) { self.entries[id] = nil }
    }

    private func digest(of password: Secret, for credential: Credential, under circumstances: String) -> [UInt8] {
        var hmac = HMAC<SHA256>(key: self.key)
        withUnsafeBytes(of: (credential.id.littleEndian, credential.version.littleEndian)) { hmac.update(data: $0) }
        withUnsafeBytes(of: UInt64(circumstances.utf8.count).littleEndian) { hmac.update(data: $0) }
        hmac.update(data: Array(circumstances.utf8))
        password.withUnsafeBytes { hmac.update(data: $0) }
        return Array(hmac.finalize())
    }
}
