/// Why the store could not do what it was asked: always our own trouble, never a verdict about what was asked.
package struct StoreError: Error, Hashable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// No space, no inode or the quota is used up: `452 4.3.1`. Reading still works.
        case noSpace
        /// Anything else that keeps the store from working now: `451 4.3.0`.
        case unavailable
        /// What lies in the store cannot be read as what it should be.
        case damaged
        /// Another process holds the data directory.
        case inUse
    }

    package var code: Code
    /// For the operator and the log; never for the peer.
    package var reason: String

    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    package static func == (first: StoreError, second: StoreError) -> Bool { first.code == second.code }

    package func hash(into hasher: inout Hasher) { hasher.combine(self.code) }

    package var description: String {
        switch self.code {
        case .noSpace: "no space left in the store: \(self.reason)"
        case .unavailable: "the store is not available: \(self.reason)"
        case .damaged: "the store is damaged: \(self.reason)"
        case .inUse: "the data directory is in use: \(self.reason)"
        }
    }
}
