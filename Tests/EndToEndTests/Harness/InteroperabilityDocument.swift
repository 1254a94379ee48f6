/// The page `docs/interoperability.md`: written from rows, and read again to see what it promises.
struct InteroperabilityDocument {
    /// One cell: who, in which table, with what.
    struct Place: Hashable {
        var side: String
        var counterpart: String
        var mechanism: String
    }

    /// The three marks of each cell.
    private(set) var cells: [Place: [String]] = [:]
    private var versions: [String: Set<String>] = [:]
    private var notes: [String: [String: Set<String>]] = [:]

    static let works = "✓"
    static let fails = "✗"
    static let nothing = "–"

    private static let titles: [(InteroperabilityRow.Side, String)] = [
        (.server, "Gatepost as the server"), (.client, "Gatepost as the client"),
    ]

    /// In the order in which a server offers them; any others follow by name.
    private static let mechanismOrder = [
        "SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1",
        "GSSAPI", "EXTERNAL", "OAUTHBEARER", "XOAUTH2", "CRAM-MD5", "DIGEST-MD5", "NTLM", "NTLMv1", "PLAIN", "LOGIN",
    ]

    init(rows: [InteroperabilityRow]) {
        for row in rows {
            guard let title = Self.titles.first(where: { $0.0 == row.side })?.1 else { continue }
            let place = Place(side: title, counterpart: row.counterpart, mechanism: row.mechanism)
            let marks = [row.right, row.wrong, row.cancelled].map(Self.mark)
            // A case that ran twice must work twice.
            cells[place] =
                cells[place].map { before in
                    zip(before, marks).map {
                        $0 == Self.fails || $1 == Self.fails ? Self.fails : $0 == Self.nothing ? $1 : $0
                    }
                } ?? marks
            if !row.version.isEmpty { versions[row.counterpart, default: []].insert(row.version) }
            if !row.note.isEmpty { notes[row.counterpart, default: [:]][row.note, default: []].insert(row.mechanism) }
        }
    }

    private static func mark(_ text: String) -> String {
        switch text.lowercased() {
        case "yes", "ok", works, "235", "535", "501": works
        case "", "-", nothing: nothing
        default: fails
        }
    }

    /// Reads a page that ``text`` made.
    init(text: String) {
        var side = ""
        var mechanisms: [String] = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("## ") { (side, mechanisms) = (String(line.dropFirst(3)), []) }
            guard line.hasPrefix("| "), Self.titles.contains(where: { $0.1 == side }) else { continue }
            let fields = line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false).map {
                String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
            guard let first = fields.first else { continue }
            if mechanisms.isEmpty {
                mechanisms = Array(fields.dropFirst())
            } else if first != "---" {
                for (mechanism, marks) in zip(mechanisms, fields.dropFirst()) where !marks.isEmpty {
                    cells[Place(side: side, counterpart: first, mechanism: mechanism)] = marks.split(separator: " ")
                        .map(String.init)
                }
            }
        }
    }

    /// What `promised` says works and this one does not, in words; empty when every promise is kept.
    func broken(from promised: InteroperabilityDocument) -> [String] {
        let cases = ["right secret", "wrong secret", "cancelled exchange"]
        return promised.cells.flatMap { place, marks in
            zip(cases, marks).enumerated().compactMap { number, promise -> String? in
                guard promise.1 == Self.works else { return nil }
                let now = cells[place]?.dropFirst(number).first ?? "not run"
                guard now != Self.works else { return nil }
                return "\(place.side): \(place.counterpart), \(place.mechanism), \(promise.0): \(now)"
            }
        }.sorted()
    }

    /// The page.
    var text: String {
        var lines = [
            "# Interoperability", "",
            "What other people's programs and Gatepost do with each other, mechanism by mechanism. `Scripts/interoperability write` writes this page from what the",
            "tests saw; in CI the tests run all of it again, and a mark ✓ below that is no longer true fails the run.",
            "",
            "A cell has three marks: the right secret was accepted, a wrong secret was refused, a cancelled exchange got its reply.",
            "",
            "| mark | meaning |",
            "| --- | --- |",
            "| ✓ | the case went as told above its table |",
            "| ✗ | it did not |",
            "| – | no such case; of a cancelled exchange: all is said in the first message, so that there is no challenge to answer with `*` (GSSAPI: tried by hand only) |",
            "", "An empty cell: this program does not have the mechanism, or nothing tests it.", "",
            "Every connection is TLS 1.2 or 1.3 with the certificate verified. *NTLM* is NTLMv2, the default; *NTLMv1* ran against a server with",
            "`authentication.ntlmV1: true`.", "",
        ]
        for (side, title) in Self.titles { lines += table(title, Self.cases(side)) }
        lines += ["## Habits seen", ""]
        for (counterpart, said) in notes.sorted(by: { Self.isBefore($0.key, $1.key) }) {
            for (note, mechanisms) in said.sorted(by: { $0.key < $1.key }) {
                lines.append("- **\(counterpart)** (\(Self.sorted(mechanisms).joined(separator: ", "))): \(note)")
            }
        }
        lines += ["", "## Versions", "", "| program | version |", "| --- | --- |"]
        for (counterpart, seen) in versions.sorted(by: { Self.isBefore($0.key, $1.key) }) {
            lines.append("| \(counterpart) | \(seen.sorted().joined(separator: ", ")) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What is looked at for each of the three marks.
    private static func cases(_ side: InteroperabilityRow.Side) -> [String] {
        switch side {
        case .server:
            [
                "- Right secret: the program succeeded with its message, and the server's log has the login with exactly this mechanism.",
                "- Wrong secret (another password, a token that has expired, a certificate whose address has no account, the ticket of a principal without",
                "  account): the program failed, and the login was refused, by the server's log; some clients hang up at the challenge with which the refusal of a",
                "  token begins, and then that challenge is in what they print.",
                "- Cancelled exchange: a proxy between the two answered the challenge with `*` in the client's place; that got `501 5.7.0`, the next command `250`.",
                "  *Octets typed by hand* are `*` at each step of the exchange.",
            ]
        case .client:
            [
                "- Right secret: the message was accepted after the reply `235`.",
                "- Wrong secret (another password, a token signed by another key, for EXTERNAL another authorization identity than the certificate's): one attempt,",
                "  which got `535`, and exit code 1.",
                "- Cancelled exchange: with a password that cannot be prepared the client itself gave up at the challenge; its `*` got `501`.",
            ]
        }
    }

    private func table(_ title: String, _ cases: [String]) -> [String] {
        let places = cells.keys.filter { $0.side == title }
        guard !places.isEmpty else { return [] }
        let mechanisms = Self.sorted(Set(places.map(\.mechanism)))
        var lines = [
            "## \(title)", "",
        ]
        lines += cases
        lines += [
            "", "| | \(mechanisms.joined(separator: " | ")) |",
            "| --- |" + String(repeating: " --- |", count: mechanisms.count),
        ]
        for counterpart in Set(places.map(\.counterpart)).sorted(by: Self.isBefore) {
            let marks = mechanisms.map { mechanism in
                cells[Place(side: title, counterpart: counterpart, mechanism: mechanism)]?.joined(separator: " ") ?? ""
            }
            lines.append("| \(counterpart) | \(marks.joined(separator: " | ")) |")
        }
        return lines + [""]
    }

    private static func sorted(_ mechanisms: Set<String>) -> [String] {
        mechanisms.sorted { first, second in
            let (one, other) = (
                mechanismOrder.firstIndex(of: first) ?? .max, mechanismOrder.firstIndex(of: second) ?? .max
            )
            return one == other ? first < second : one < other
        }
    }

    /// By name, whatever the case of its letters.
    private static func isBefore(_ one: String, _ other: String) -> Bool {
        (one.lowercased(), one) < (other.lowercased(), other)
    }
}
