import DNS
import Foundation
import MailSyntax
import MessageAuthentication
import Testing

/// A case of either suite, and the zone it is judged in.
struct SPFCase: Sendable, CustomTestStringConvertible {
    var name: String
    var zone: Zone
    var request: SPF.Request
    /// Any of these is right.
    var results: [String]
    /// The text; `DEFAULT` for none; nil where it is not judged.
    var explanation: String?
    var limits = SPF.Limits()
    /// Whether the HELO name, where it is another one, must pass first.
    var checksHELO = false

    var testDescription: String { self.name }

    init(
        name: String,
        zone: Zone,
        mailFrom: String,
        helo: String,
        address: String,
        results: [String],
        explanation: String?
    ) throws {
        self.name = name
        self.zone = zone
        self.results = results
        self.explanation = explanation
        let at = mailFrom.lastIndex(of: "@")
        self.request = SPF.Request(
            identity: .mailFrom,
            localPart: at.map { String(mailFrom[..<$0]) } ?? "",
            domain: at.map { String(mailFrom[mailFrom.index(after: $0)...]) } ?? (mailFrom.isEmpty ? helo : mailFrom),
            clientAddress: try #require(IPAddress(address)),
            helo: helo
        )
    }

    func verdict() async -> SPF.Verdict {
        if self.checksHELO, self.request.helo != self.request.domain {
            let helo = SPF.Request.helo(self.request.helo, clientAddress: self.request.clientAddress)
            let verdict = await SPF.check(helo, resolver: self.zone, clock: StoppedClock(), limits: self.limits)
            if verdict.result != .pass { return verdict }
        }
        return await SPF.check(self.request, resolver: self.zone, clock: StoppedClock(), limits: self.limits)
    }
}

/// The suite of RFC 7208 that pyspf carries.
enum SPFRFCSuite {
    private struct Section: Decodable {
        struct Case: Decodable {
            var helo: String
            var host: String
            var mailfrom: String
            var result: JSONValue
            var explanation: String?
        }
        var description: String
        var tests: [String: Case]
        var zonedata: [String: [JSONValue]]
    }

    static let cases: [SPFCase] = SharedVectors.json("spf/rfc7208-tests.json", absent: [Section]()).flatMap { section in
        let zone = Self.zone(section.zonedata)
        return section.tests.sorted { $0.key < $1.key }.compactMap { name, test in
            try? SPFCase(
                name: "\(section.description): \(name)",
                zone: zone,
                mailFrom: test.mailfrom,
                helo: test.helo,
                address: test.host,
                results: test.result.strings,
                explanation: test.explanation
            )
        }
    }

    private static func zone(_ data: [String: [JSONValue]]) -> Zone {
        var zone = Zone()
        for (text, entries) in data {
            guard let name = DNSName(unescaped: text) else { continue }
            var types: Set<RecordType> = []
            let hasText = entries.contains { $0.object?["TXT"] != nil }
            for entry in entries {
                guard let (key, value) = entry.object?.first else { continue }
                guard let record = Self.record(key, value, hasText: hasText) else { continue }
                types.insert(record.type)
                zone.add(record, at: name)
            }
            guard entries.contains(.string("TIMEOUT")) else { continue }
            for type in [RecordType.a, .aaaa, .mx, .ptr, .txt] where !types.contains(type) {
                zone.fail(name, type: type, with: .temporary("time-out"))
            }
        }
        return zone
    }

    private static func record(_ type: String, _ value: JSONValue, hasText: Bool) -> Record? {
        switch type {
        // Records of the SPF type stand for TXT, where there is no TXT.
        case "TXT" where value != .string("NONE"), "SPF" where !hasText:
            return .txt(TXTRecord(strings: value.strings.map { Array($0.utf8) }))
        case "A": return value.string.flatMap { DNSAddress($0) }.map { .a($0) }
        case "AAAA": return value.string.flatMap { DNSAddress($0) }.map { .aaaa($0) }
        case "PTR": return value.string.flatMap { DNSName(unescaped: $0) }.map { .ptr($0) }
        case "CNAME": return value.string.flatMap { DNSName(unescaped: $0) }.map { .cname($0) }
        case "MX":
            guard let exchange = value.array?.last?.string else { return nil }
            let name = DNSName(unescaped: exchange) ?? .root
            return .mx(MXRecord(preference: 10, exchange: name.lowercased.description))
        default: return nil
        }
    }
}

/// The suite of another server, in a format of its own.
enum SPFOtherSuite {
    static let files = ["all", "basic", "examples", "exists", "exp", "include", "ip", "macro", "ptr"]

    /// Where that server does other than RFC 7208, whose own suite demands what stands here.
    static let exceptions = [
        // §4.6: errors after `all` count too (`detect-errors-anywhere`).
        "all: All test 1": "permerror",
        // §5.7: `exists` looks for A alone (`exists-ip6only`).
        "exists: Exists 2": "fail",
        "macro: Macro expansion 2 2": "fail",
    ]

    static let cases: [SPFCase] = files.flatMap { file -> [SPFCase] in
        let path = "spf/mail-auth/\(file).yml"
        guard SharedVectors.exists(path),
            let text = try? String(contentsOf: SharedVectors.folder.appendingPathComponent(path), encoding: .utf8)
        else { return [] }
        return text.components(separatedBy: "\n---").flatMap { part -> [SPFCase] in
            var reader = Reader(file: file)
            for line in part.split(separator: "\n") where !line.hasPrefix("#") { reader.read(String(line)) }
            return reader.cases
        }
    }

    /// Reads line by line: records, settings that hold until changed, and `expect`, which makes a case of them.
    private struct Reader {
        let file: String
        var cases: [SPFCase] = []
        private var title = ""
        private var records: [(key: String, name: String, values: [String])] = []
        private var settings: [String: String] = [:]
        private var isInTests = false

        init(file: String) { self.file = file }

        mutating func read(_ line: String) {
            let trimmed = line.trimmingCharacters(in: .whitespaces)
            let entry = trimmed.hasPrefix("- ") ? String(trimmed.dropFirst(2)) : trimmed
            guard let colon = entry.firstIndex(of: ":") else { return }
            let key = String(entry[..<colon])
            let value = entry[entry.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            switch key {
            case "name": if !self.isInTests { self.title = value }
            case "records": self.isInTests = false
            case "tests": self.isInTests = true
            case "domain", "sender", "ip": self.settings[key] = value
            case "expect": self.add(expecting: value)
            default: self.addRecord(key, value)
            }
        }

        private mutating func addRecord(_ key: String, _ value: String) {
            let parts = value.split(separator: " ", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { return }
            let isText = key == "spf" || key == "exp"
            let values =
                isText ? [parts[1]] : parts[1].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            // Among the tests a record takes the place of an earlier one.
            if self.isInTests { self.records.removeAll { $0.key == key && $0.name == parts[0] } }
            self.records.append((key, parts[0], values))
        }

        private mutating func add(expecting text: String) {
            guard let domain = self.settings["domain"], let address = self.settings["ip"] else { return }
            let words = text.split(separator: " ", maxSplits: 1).map(String.init)
            let name = "\(self.file): \(self.title) \(self.cases.count + 1)"
            guard
                var test = try? SPFCase(
                    name: name,
                    zone: self.zone,
                    mailFrom: self.settings["sender"] ?? "",
                    helo: domain,
                    address: address,
                    results: [SPFOtherSuite.exceptions[name] ?? words[0]],
                    explanation: words.count > 1 ? words[1] : nil
                )
            else { return }
            test.checksHELO = true
            // Its records have ten names without addresses; the limit on those is a SHOULD (RFC 7208 §4.6.4).
            if self.title == "DNS Lookup Limits" { test.limits.maximumVoidLookups = 10 }
            self.cases.append(test)
        }

        private var zone: Zone {
            var zone = Zone()
            for name in ["_dns_error.org", "_dns_error.test.org"] {
                if let name = DNSName(name) { zone.fail(name, with: .temporary("server failure")) }
            }
            for (key, text, values) in self.records {
                guard let name = key == "ptr" ? DNSAddress(text)?.reverseName : DNSName(unescaped: text) else {
                    continue
                }
                for (number, value) in values.enumerated() {
                    switch key {
                    case "spf", "exp": zone.add(.txt(TXTRecord(strings: [Array(value.utf8)])), at: name)
                    case "ptr": if let target = DNSName(value) { zone.add(.ptr(target), at: name) }
                    case "mx":
                        // The address of an exchange that has no name.
                        guard let exchange = DNSName("mx\(number).\(text)") else { continue }
                        zone.add(.mx(MXRecord(preference: 10, exchange: exchange.description)), at: name)
                        Self.add(value, at: exchange, to: &zone)
                    default: Self.add(value, at: name, to: &zone)
                    }
                }
            }
            return zone
        }

        private static func add(_ text: String, at name: DNSName, to zone: inout Zone) {
            guard let address = DNSAddress(text) else { return }
            zone.add(address.isIPv4 ? .a(address) : .aaaa(address), at: name)
        }
    }
}

@Suite("SPF: the suites of others", .enabled(if: SharedVectors.exists("spf"), "the shared vectors are not here"))
struct SPFSuiteTests {
    @Test("RFC 7208's suite", arguments: SPFRFCSuite.cases)
    func rfc(_ test: SPFCase) async {
        await Self.judge(test)
    }

    @Test("the suite of mail-auth", arguments: SPFOtherSuite.cases)
    func other(_ test: SPFCase) async {
        await Self.judge(test)
    }

    @Test("both are here whole, and their counts are shown")
    func counts() async {
        for (name, cases, expected) in [
            ("RFC 7208", SPFRFCSuite.cases, 160), ("mail-auth", SPFOtherSuite.cases, 124),
        ] {
            var right = 0
            for test in cases where test.results.contains(await test.verdict().result.rawValue) { right += 1 }
            print("SPF, suite of \(name): \(right) of \(cases.count) cases as expected")
            #expect(cases.count >= expected)
            #expect(right == cases.count)
        }
    }

    static func judge(_ test: SPFCase) async {
        let verdict = await test.verdict()
        #expect(test.results.contains(verdict.result.rawValue), "\(verdict)")
        if verdict.result == .fail, let explanation = test.explanation {
            #expect(verdict.explanation ?? "DEFAULT" == explanation)
        }
    }
}
