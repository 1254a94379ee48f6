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
            "A cell has three marks: the right secret was accepted, a wrong secret was refused, a cancelled exchange got its reply and the session went on.",
            "",
            "| mark | right secret | wrong secret | cancelled exchange |",
            "| --- | --- | --- | --- |",
            "| ✓ | logged in with exactly this mechanism, and a message was accepted | refused with `535 5.7.8`, nothing sent | `*` in answer to the challenge got `501 5.7.0`, the next command its usual reply |",
            "| ✗ | did not work | was not refused, or the program did not notice | another reply, or the session was over |",
            "| – | no such case | no such case | the exchange has no challenge that could be answered with `*`: all is said in the first message |",
            "", "An empty cell: this program does not have the mechanism, or nothing tests it.", "",
            "The secrets: a password, which is wrong in the second case; a bearer token, which has expired there; a client certificate, whose address belongs to no",
            "account there; a Kerberos ticket, which is none of this realm's there. Every connection is TLS 1.2 or 1.3 with the certificate verified. *NTLM* is NTLMv2,",
            "the default; *NTLMv1* ran against a server with `authentication.ntlmV1: true`. A cancelled exchange of a real client: a proxy passes on what client and",
            "server say, and answers the challenge with `*` in the client's place.", "",
        ]
        for (_, title) in Self.titles { lines += table(title) }
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

    private func table(_ title: String) -> [String] {
        let places = cells.keys.filter { $0.side == title }
        guard !places.isEmpty else { return [] }
        let mechanisms = Self.sorted(Set(places.map(\.mechanism)))
        var lines = [
            "## \(title)", "", "| | \(mechanisms.joined(separator: " | ")) |",
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
