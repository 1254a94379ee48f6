/// A policy of MTA-STS, the file that a domain's web server holds (RFC 8461 §3.2).
package struct MTASTSPolicy: Hashable, Sendable {
    package enum Mode: String, Hashable, Sendable {
        /// Mail that cannot come with TLS does not come.
        case enforce
        /// Mail comes, and trouble is reported.
        case testing
        /// There is no policy any more.
        case none
    }

    package var mode: Mode
    /// Names of mail exchangers, lower case, some with `*.` in front.
    package var exchangers: [String]
    /// How many seconds the policy may be kept.
    package var maximumAge: Int

    /// The most that `max_age` may be (RFC 8461 §3.2).
    package static let maximumAge = 31_557_600

    /// Reads the file; nil when it is none.
    package init?(parsing text: String) {
        var pairs: [(String, String)] = []
        // CRLF is one character.
        for line in text.prefix(65_536).split(whereSeparator: \.isNewline).prefix(1000) {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            let end = value.lastIndex { $0 != " " && $0 != "\t" }.map { value.index(after: $0) } ?? value.startIndex
            pairs.append((String(line[..<colon]), String(value[..<end])))
        }
        // The first of several counts, of all but mx.
        func value(_ name: String) -> String? { pairs.first { $0.0 == name }?.1 }
        guard value("version") == "STSv1", let mode = value("mode").flatMap({ Mode(rawValue: $0) }),
            let age = value("max_age").flatMap({ Int($0) }), (0...Self.maximumAge).contains(age)
        else { return nil }
        self.mode = mode
        self.maximumAge = age
        self.exchangers = pairs.filter { $0.0 == "mx" }.map { $0.1.lowercased() }
        guard mode == .none || !self.exchangers.isEmpty else { return nil }
    }

    /// Whether mail may go to a host: it is named, or is one label below a name with `*.`.
    package func allows(_ host: String) -> Bool {
        let parent = host.firstIndex(of: ".").map { "*" + host[$0...] }
        return self.exchangers.contains { $0 == host || $0 == parent }
    }
}
