package import GatepostModel

/// What a destination's recent behaviour allows: one that does not answer is left alone as a whole, longer each time, instead of
/// every message knocking for itself.
package struct Standing: Hashable, Sendable {
    /// Why nothing is tried now.
    package struct Refusal: Hashable, Sendable {
        package var until: Timestamp
        package var verdict: Verdict
        /// The host that was tried last.
        package var peer: String?
    }

    /// The wait after the first failure; doubles.
    private let first: Duration
    private let longest: Duration
    private var failures = 0
    private var refusal: Refusal?
    /// Whether the last try to connect worked, so that several connections may be opened at once.
    package private(set) var isProven = false

    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    package func refusal(at now: Timestamp) -> Refusal? {
        self.refusal.flatMap { now < $0.until ? $0 : nil }
    }

    package mutating func connected() {
        self.failures = 0
        self.refusal = nil
        self.isProven = true
    }

    /// - Parameter least: The shortest wait, where the cause asks for one.
    /// - Returns: What holds from now on; a failure while one holds already changes nothing.
    package mutating func failed(_ verdict: Verdict, peer: String?, now: Timestamp, least: Duration = .zero) -> Refusal
    {
        self.isProven = false
        if let refusal = self.refusal(at: now) { return refusal }
        let wait = min(self.first * (1 << min(self.failures, 20)), self.longest)
        self.failures += 1
        let refusal = Refusal(until: now + max(wait, least), verdict: verdict, peer: peer)
        self.refusal = refusal
        return refusal
    }

    /// Somebody says that it is worth a try.
    package mutating func forgive() {
        self.refusal = nil
    }
}
