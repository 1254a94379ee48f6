/// A moment as a message writes it: seconds since 1970 and the writer's zone (RFC 5322 §3.3).
public struct MailDate: Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    public var secondsSince1970: Int64
    /// Minutes that the writer's clock is ahead of UTC.
    public var offsetMinutes: Int

    /// Creates a date.
    public init(secondsSince1970: Int64, offsetMinutes: Int = 0) {
        self.secondsSince1970 = secondsSince1970
        self.offsetMinutes = offsetMinutes
    }

    static let dayNames = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    static let monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    /// 1900-01-01T00:00:00Z, before which RFC 5322 §3.3 has no year.
    static let earliest: Int64 = -2_208_988_800
    /// 9999-12-31T23:59:59Z.
    static let latest: Int64 = 253_402_300_799

    /// `Tue, 24 Nov 2026 06:45:00 +0000`.
    ///
    /// - Parameters:
    ///   - secondsSince1970: Moments outside the years 1900–9999, which the grammar cannot write, become the nearest.
    ///   - offsetMinutes: Minutes ahead of UTC, at most 99 hours 59 either way.
    public static func format(secondsSince1970: Int64, offsetMinutes: Int = 0) -> String {
        let offset = Int64(min(max(offsetMinutes, -5999), 5999))
        let utc = min(max(secondsSince1970, self.earliest), self.latest)
        let local = min(max(utc + offset * 60, self.earliest), self.latest)
        let days = local >= 0 ? local / 86_400 : (local - 86_399) / 86_400
        let second = local - days * 86_400
        let (year, month, day) = self.civil(fromDays: days)
        let weekday = Int((days % 7 + 7) % 7)
        func padded(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let time = "\(padded(second / 3600)):\(padded(second / 60 % 60)):\(padded(second % 60))"
        let zone = "\(offset < 0 ? "-" : "+")\(padded(abs(offset) / 60))\(padded(abs(offset) % 60))"
        return "\(self.dayNames[weekday]), \(day) \(self.monthNames[month - 1]) \(year) \(time) \(zone)"
    }

    /// Days since 1970-01-01 of a date in the Gregorian calendar; months count from 1.
    static func days(fromYear year: Int, month: Int, day: Int) -> Int64 {
        // Years that begin in March put the leap day last, so that month lengths follow one formula.
        let shifted = Int64(month <= 2 ? year - 1 : year)
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = Int64((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension MailDate: CustomStringConvertible {
    /// `Tue, 24 Nov 2026 06:45:00 +0000`.
    public var description: String {
        Self.format(secondsSince1970: self.secondsSince1970, offsetMinutes: self.offsetMinutes)
    }
}
