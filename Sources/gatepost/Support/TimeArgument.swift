internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer
internal import Glibc

/// A moment on the command line: `2h` is two hours ago; a date or time without a zone is this host's.
struct TimeArgument: ExpressibleByArgument {
    var moment: Timestamp

    init?(argument: String) {
        if let ago = DurationText.parse(argument) {
            self.moment = SystemClock().now() - ago
        } else if let moment = Timestamp(argument) ?? LocalTime.moment(argument) {
            self.moment = moment
        } else {
            return nil
        }
    }
}

/// Times in this host's time zone.
enum LocalTime {
    /// The moment of RFC 3339 text in UTC, as ISO 8601 in this host's zone: `2026-11-24T11:02:03+01:00`.
    static func text(_ time: String) -> String {
        guard let moment = Timestamp(time) else { return time }
        var seconds = time_t(moment.secondsSince1970)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return time }
        let offset = Int(parts.tm_gmtoff) / 60
        let sign = offset < 0 ? "-" : "+"
        return
            "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1, 2))-\(padded(Int(parts.tm_mday), 2))"
            + "T\(padded(Int(parts.tm_hour), 2)):\(padded(Int(parts.tm_min), 2)):\(padded(Int(parts.tm_sec), 2))"
            + "\(sign)\(padded(abs(offset) / 60, 2)):\(padded(abs(offset) % 60, 2))"
    }

    /// A date with or without a time and without a zone; nil for anything else.
    static func moment(_ text: String) -> Timestamp? {
        let withTime = text.utf8.count == 10 ? text + "T00:00" : text
        // What is not a moment in UTC is none here either.
        guard let asUTC = Timestamp(withTime + "Z") else { return nil }
        var seconds = time_t(asUTC.secondsSince1970)
        var parts = tm()
        guard gmtime_r(&seconds, &parts) != nil else { return nil }
        parts.tm_isdst = -1
        let local = mktime(&parts)
        guard local != -1 else { return nil }
        return Timestamp(secondsSince1970: Int64(local))
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
