extension MailDate {
    /// Reads the value of a Date field (RFC 5322 §3.3), obsolete forms included (§4.3): years of two and three digits,
    /// zones by name, comments anywhere.
    ///
    /// A day name that does not fit the date is overlooked, a date that does not exist is not. A leap second (`:60`) is
    /// the second after `:59`. An unknown zone name counts as `-0000`, as §4.3 demands.
    public init(parsing octets: some Sequence<UInt8>) throws(MailSyntaxError) {
        // No honest date is longer, comments included.
        let octets = octets.octets(upTo: 513)
        guard octets.count <= 512 else { throw MailSyntaxError(.invalidDate) }
        var parser = DateParser(tokens: try Self.tokens(octets)[...])
        self = try parser.date()
    }

    /// Reads the value of a Date field from text.
    public init(parsing text: String) throws(MailSyntaxError) {
        try self.init(parsing: text.utf8)
    }

    /// Reads the value of a Date field from text.
    public static func parse(_ text: String) throws(MailSyntaxError) -> MailDate {
        try MailDate(parsing: text)
    }

    /// Runs of digits, runs of letters, and single other octets; space and comments left out.
    private static func tokens(_ octets: [UInt8]) throws(MailSyntaxError) -> [ArraySlice<UInt8>] {
        var tokens: [ArraySlice<UInt8>] = []
        var depth = 0
        var index = 0
        while index < octets.count {
            let octet = octets[index]
            if octet == ASCII.leftParenthesis {
                depth += 1
            } else if depth > 0 {
                if octet == ASCII.rightParenthesis { depth -= 1 }
                if octet == ASCII.backslash { index += 1 }
            } else if ASCII.isLetterOrDigit(octet) {
                let isKind = ASCII.isDigit(octet) ? ASCII.isDigit : ASCII.isLetter
                let end = octets[index...].firstIndex { !isKind($0) } ?? octets.count
                tokens.append(octets[index..<end])
                index = end
                continue
            } else if !ASCII.isWhitespace(octet), octet != ASCII.cr, octet != ASCII.lf {
                tokens.append(octets[index...index])
            }
            index += 1
        }
        guard depth == 0 else { throw MailSyntaxError(.invalidDate) }
        return tokens
    }
}

private struct DateParser {
    var tokens: ArraySlice<ArraySlice<UInt8>>

    mutating func date() throws(MailSyntaxError) -> MailDate {
        if let first = self.tokens.first?.first, ASCII.isLetter(first) {
            _ = try self.name(among: MailDate.dayNames)
            try self.expect(ASCII.comma)
        }
        let day = try self.number(digits: 1...2)
        let month = try self.name(among: MailDate.monthNames) + 1
        let year = try self.year()
        let hour = try self.number(digits: 1...2)
        try self.expect(ASCII.colon)
        let minute = try self.number(digits: 1...2)
        var second = 0
        if self.tokens.first?.first == ASCII.colon {
            try self.expect(ASCII.colon)
            second = try self.number(digits: 1...2)
        }
        let offset = try self.zone()
        let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let monthLength = month == 2 ? (isLeapYear ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
        guard self.tokens.isEmpty, (1...monthLength).contains(day), hour < 24, minute < 60, second <= 60 else {
            throw MailSyntaxError(.invalidDate)
        }
        let days = MailDate.days(fromYear: year, month: month, day: day)
        let seconds = days * 86_400 + Int64(hour * 3600 + minute * 60 + second) - Int64(offset * 60)
        return MailDate(secondsSince1970: seconds, offsetMinutes: offset)
    }

    private mutating func year() throws(MailSyntaxError) -> Int {
        let digits = self.tokens.first?.count ?? 0
        let year = try self.number(digits: 2...4)
        switch digits {
        case 2: return year < 50 ? 2000 + year : 1900 + year
        case 3: return 1900 + year
        default:
            guard year >= 1900 else { throw MailSyntaxError(.invalidDate) }
            return year
        }
    }

    /// Minutes ahead of UTC.
    private mutating func zone() throws(MailSyntaxError) -> Int {
        guard let first = self.tokens.popFirst(), let octet = first.first else { throw MailSyntaxError(.invalidDate) }
        if octet == ASCII.plus || octet == ASCII.hyphen {
            let value = try self.number(digits: 4...4)
            guard value % 100 < 60 else { throw MailSyntaxError(.invalidDate) }
            let minutes = value / 100 * 60 + value % 100
            return octet == ASCII.hyphen ? -minutes : minutes
        }
        guard ASCII.isLetter(octet) else { throw MailSyntaxError(.invalidDate) }
        switch String(decoding: first.map(ASCII.uppercased), as: UTF8.self) {
        case "EDT": return -4 * 60
        case "EST", "CDT": return -5 * 60
        case "CST", "MDT": return -6 * 60
        case "MST", "PDT": return -7 * 60
        case "PST": return -8 * 60
        default: return 0
        }
    }

    private mutating func number(digits: ClosedRange<Int>) throws(MailSyntaxError) -> Int {
        guard let token = self.tokens.popFirst(), digits.contains(token.count), token.allSatisfy(ASCII.isDigit) else {
            throw MailSyntaxError(.invalidDate)
        }
        return token.reduce(0) { $0 * 10 + Int($1 &- ASCII.zero) }
    }

    private mutating func name(among names: [String]) throws(MailSyntaxError) -> Int {
        guard let token = self.tokens.popFirst(),
            let index = names.firstIndex(where: { ASCII.equalIgnoringCase($0.utf8, token) })
        else { throw MailSyntaxError(.invalidDate) }
        return index
    }

    private mutating func expect(_ octet: UInt8) throws(MailSyntaxError) {
        guard self.tokens.popFirst()?.elementsEqual([octet]) == true else { throw MailSyntaxError(.invalidDate) }
    }
}
