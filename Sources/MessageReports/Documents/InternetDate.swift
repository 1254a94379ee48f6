internal import MailSyntax

/// Moments as RFC 3339 writes them.
enum InternetDate {
    /// Seconds since 1970 of `2016-04-01T23:59:59Z`; nil for anything else. A date alone is its beginning.
    static func seconds(_ text: String) -> Int64? {
        var rest = Array(text.utf8)[...]
        func number(_ digits: Int) -> Int64? {
            guard rest.count >= digits, rest.prefix(digits).allSatisfy(ASCII.isDigit) else { return nil }
            defer { rest = rest.dropFirst(digits) }
            return rest.prefix(digits).reduce(0) { $0 * 10 + Int64($1 &- ASCII.zero) }
        }
        func skip(_ octets: String) -> Bool {
            guard let first = rest.first, octets.utf8.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        var seconds = self.days(year, month, day) * 86_400
        if rest.isEmpty { return seconds }
        guard skip("Tt "), let hour = number(2), skip(":"), let minute = number(2), skip(":"), let second = number(2),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        seconds += hour * 3600 + minute * 60 + second
        if skip(".") { rest = rest.drop(while: ASCII.isDigit) }
        if rest.isEmpty || skip("Zz") { return rest.isEmpty ? seconds : nil }
        let sign: Int64 = rest.first == ASCII.hyphen ? -1 : 1
        guard skip("+-"), let hours = number(2), skip(":"), let minutes = number(2), rest.isEmpty else { return nil }
        return seconds - sign * (hours * 3600 + minutes * 60)
    }

    /// Days since 1970-01-01; years that begin in March put the leap day last.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// `2026-11-24` of a count of days since 1970.
    static func day(_ days: Int64) -> String {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func padded(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(year)-\(padded(month))-\(padded(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1))"
    }
}
