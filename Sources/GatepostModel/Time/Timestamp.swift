/// A moment, in whole milliseconds since 1970-01-01T00:00:00Z without leap seconds.
package struct Timestamp: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package init(secondsSince1970 seconds: Int64) {
        self.milliseconds = seconds.multipliedReportingOverflow(by: 1000).partialValue
    }

    /// Whole seconds since 1970, rounded down.
    package var secondsSince1970: Int64 {
        Self.floorDivide(self.milliseconds, by: 1000).0
    }

    package static func < (first: Timestamp, second: Timestamp) -> Bool {
        first.milliseconds < second.milliseconds
    }

    /// Stops at the ends of the range instead of overflowing.
    package static func + (start: Timestamp, duration: Duration) -> Timestamp {
        let (sum, overflow) = start.milliseconds.addingReportingOverflow(duration.wholeMilliseconds)
        return Timestamp(milliseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    package static func - (end: Timestamp, duration: Duration) -> Timestamp {
        end + (.zero - duration)
    }

    package static func - (end: Timestamp, start: Timestamp) -> Duration {
        let (difference, overflow) = end.milliseconds.subtractingReportingOverflow(start.milliseconds)
        return .milliseconds(overflow ? (end < start ? .min : .max) : difference)
    }

    /// RFC 3339 in UTC with milliseconds: `2026-11-24T06:44:49.120Z`.
    package var description: String {
        let (day, millisecondOfDay) = Self.floorDivide(self.milliseconds, by: 86_400_000)
        let date = CivilDate(daysSince1970: day)
        let (secondOfDay, millisecond) = Int(millisecondOfDay).quotientAndRemainder(dividingBy: 1000)
        return Self.padded(date.year, 4) + "-" + Self.padded(date.month, 2) + "-" + Self.padded(date.day, 2)
            + "T" + Self.padded(secondOfDay / 3600, 2) + ":" + Self.padded(secondOfDay / 60 % 60, 2)
            + ":" + Self.padded(secondOfDay % 60, 2) + "." + Self.padded(millisecond, 3) + "Z"
    }

    /// The quotient rounded down, and a remainder that is never negative.
    private static func floorDivide(_ value: Int64, by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension Timestamp {
    /// Reads RFC 3339 with a zone: `2026-11-24T06:44Z`, `2026-11-24T06:44:49.12+01:00`; seconds may be left out. nil for anything else.
    package init?(_ text: some StringProtocol) {
        var octets = Array(text.utf8)[...]
        func number(_ digits: Int) -> Int64? {
            guard octets.count >= digits, octets.prefix(digits).allSatisfy({ (0x30...0x39).contains($0) })
            else { return nil }
            defer { octets = octets.dropFirst(digits) }
            return octets.prefix(digits).reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }
        func skip(_ octet: UInt8) -> Bool {
            guard octets.first == octet else { return false }
            octets = octets.dropFirst()
            return true
        }
        guard let year = number(4), skip(0x2D), let month = number(2), skip(0x2D), let day = number(2), skip(0x54),
            let hour = number(2), skip(0x3A), let minute = number(2), (1...12).contains(month),
            (1...CivilDate.days(inMonth: month, of: year)).contains(day), hour < 24, minute < 60
        else { return nil }
        var milliseconds: Int64 = 0
        if skip(0x3A) {
            guard let second = number(2), second < 60 else { return nil }
            milliseconds = second * 1000
            if skip(0x2E) {
                let digits = octets.prefix { (0x30...0x39).contains($0) }
                guard !digits.isEmpty else { return nil }
                octets = octets.dropFirst(digits.count)
                let three = (Array(digits) + [0x30, 0x30]).prefix(3)
                milliseconds += three.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
            }
        }
        var offset: Int64 = 0
        if !skip(0x5A) {
            let sign: Int64 = octets.first == 0x2D ? -1 : 1
            guard skip(0x2B) || skip(0x2D), let hours = number(2), skip(0x3A), let minutes = number(2), hours < 24,
                minutes < 60
            else { return nil }
            offset = sign * (hours * 60 + minutes)
        }
        guard octets.isEmpty else { return nil }
        let days = CivilDate.daysSince1970(year: year, month: month, day: day)
        self.init(milliseconds: ((days * 1440 + hour * 60 + minute - offset) * 60_000) + milliseconds)
    }
}

/// A day of the Gregorian calendar, from a count of days (the algorithm of 400-year eras).
private struct CivilDate {
    var year: Int
    var month: Int
    var day: Int

    init(daysSince1970 days: Int64) {
        let shifted = days + 719_468  // days since 0000-03-01
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        self.day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        self.month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        self.year = Int(yearOfEra + era * 400 + (self.month <= 2 ? 1 : 0))
    }
}

extension CivilDate {
    static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// For years from 0 on.
    static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Duration {
    /// Milliseconds, rounded towards zero and kept within the range.
    package var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, sumOverflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        guard !overflow, !sumOverflow else { return seconds < 0 ? .min : .max }
        return sum
    }
}
