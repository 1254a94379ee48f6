internal import MailSyntax

/// How often each address connects: so many at once, and then evenly as many a minute (the generic cell rate algorithm of ITU-T I.371).
///
/// A value without a clock. It never holds more than twice its capacity: who was not seen for long is forgotten first.
struct ArrivalRates {
    private static let minute: Int64 = 60_000_000_000

    private var young: [IPNetwork: Int64] = [:]
    private var old: [IPNetwork: Int64] = [:]
    private let capacity: Int
    private let perMinute: Int64

    init(perMinute: Int, capacity: Int = 32_768) {
        self.perMinute = Int64(max(1, perMinute))
        self.capacity = max(1, capacity)
    }

    var count: Int { self.young.count + self.old.count }

    /// Counts an arrival, unless it is one too many.
    ///
    /// - Parameter now: Nanoseconds of a clock that only goes forward.
    mutating func arrives(_ network: IPNetwork, now: Int64) -> Bool {
        let step = Self.minute / self.perMinute
        let earliest = max(self.young[network] ?? self.old[network] ?? now, now)
        guard earliest - now <= Self.minute - step else { return false }
        if self.young[network] == nil, self.young.count >= self.capacity {
            self.old = self.young
            self.young = [:]
        }
        self.old[network] = nil
        self.young[network] = earliest + step
        return true
    }
}
