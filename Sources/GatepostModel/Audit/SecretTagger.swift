internal import Crypto
package import SASL

/// Tells one wrong secret from another without telling which: 16 bits under a key that lives for a day.
///
/// The same tag fourteen times is a device with an old password; fourteen tags are a guesser. Sixteen bits of a keyed digest cannot be looked
/// up, and tomorrow nobody has the key to try guesses against today's log. A value; whoever shares it guards it, and keeps the key where a
/// restart finds it.
package struct SecretTagger: Sendable {
    /// A day, counted in UTC from 1970, and its key.
    package struct DayKey: Sendable {
        package var day: Int64
        package var key: Secret

        package init(day: Int64, key: Secret) {
            self.day = day
            self.key = key
        }
    }

    package static let keyOctets = 32

    private var current: DayKey?

    /// - Parameter current: The key of an earlier run; one of another day counts as none.
    package init(current: DayKey? = nil) {
        self.current = current
    }

    package static func day(of moment: Timestamp) -> Int64 {
        let seconds = moment.secondsSince1970
        return seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    }

    /// - Parameters:
    ///   - random: Called for 32 random octets when a day has begun.
    ///   - renewed: Called with the key of a day that has begun.
    package mutating func tag(
        of secret: Secret,
        now: Timestamp,
        random: () -> [UInt8],
        renewed: (DayKey) -> Void = { _ in }
    ) -> UInt16 {
        let day = Self.day(of: now)
        let key: Secret
        if let current = self.current, current.day == day {
            key = current.key
        } else {
            key = Secret(random())
            let fresh = DayKey(day: day, key: key)
            self.current = fresh
            renewed(fresh)
        }
        var hmac = key.withUnsafeBytes { HMAC<SHA256>(key: SymmetricKey(data: $0)) }
        secret.withUnsafeBytes { hmac.update(data: $0) }
        return hmac.finalize().prefix(2).reduce(0) { $0 << 8 | UInt16($1) }
    }
}
