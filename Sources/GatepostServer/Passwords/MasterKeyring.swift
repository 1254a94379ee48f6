package import SASL
internal import Synchronization

/// The master key of a running server, which a rotation exchanges.
///
/// While one is under way, and after it, what the former key sealed still opens: a login that looked its secret up a moment ago does not fail.
package final class MasterKeyring: Sendable {
    private struct Keys {
        var current: MasterKey
        var other: MasterKey?
    }

    private let keys: Mutex<Keys>

    package init(_ key: MasterKey) {
        self.keys = Mutex(Keys(current: key))
    }

    /// What new secrets are sealed with.
    package var current: MasterKey { self.keys.withLock { $0.current } }

    /// Opens under the current key or the one before or after it.
    package func open(_ sealed: [UInt8], owner: String) throws(MasterKey.Failure) -> Secret {
        let keys = self.keys.withLock { $0 }
        do {
            return try keys.current.open(sealed, owner: owner)
        } catch {
            guard let other = keys.other else { throw error }
            return try other.open(sealed, owner: owner)
        }
    }

    /// A key is about to become the current one: what it sealed opens from now on.
    func expect(_ key: MasterKey) {
        self.keys.withLock { $0.other = key }
    }

    /// Nothing came of it.
    func forgetExpected() {
        self.keys.withLock { $0.other = nil }
    }

    func switchTo(_ key: MasterKey) {
        self.keys.withLock { $0 = Keys(current: key, other: $0.current) }
    }
}
