extension DomainRecords {
    /// A part of a zone file (RFC 1035 §5), to be put into that of the domain; SOA and NS are not in it.
    package var zoneFile: String {
        var lines = [
            "; \(self.domain): what to publish for Gatepost on \(self.host.hostname)", "$ORIGIN \(self.domain).",
            "$TTL 3600",
        ]
        for entry in self.entries {
            lines.append("; \(entry.need.rawValue): \(entry.comment)")
            lines.append("\(self.relative(entry.name)) IN \(entry.type) \(Self.zoneValue(entry))")
        }
        lines.append("; \(self.policyURL) has to say:")
        lines += self.policy.split(separator: "\r\n").map { ";   \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Name, type and value with tabs between, one record a line, text in one piece: what the forms of DNS providers take.
    package var singleStrings: String {
        self.lines { $0.value }
    }

    /// The same with text in quoted pieces of 255 octets at most.
    package var splitStrings: String {
        self.lines { Self.zoneValue($0) }
    }

    private func lines(_ value: (Entry) -> String) -> String {
        self.entries.map { "\($0.name).\t\($0.type)\t\(value($0))\n" }.joined()
    }

    private func relative(_ name: String) -> String {
        if name == self.domain { return "@" }
        return name.hasSuffix(".\(self.domain)") ? String(name.dropLast(self.domain.utf8.count + 1)) : "\(name)."
    }

    private static func zoneValue(_ entry: Entry) -> String {
        guard let strings = entry.strings else { return entry.value }
        return strings.map { "\"\($0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" }
            .joined(separator: " ")
    }

    /// The records as `domain records --format json` shows them.
    package var document: Document {
        Document(
            domain: self.domain,
            hostname: self.host.hostname,
            records: self.entries.map { entry in
                Document.Record(
                    name: entry.name,
                    type: entry.type,
                    value: entry.value,
                    strings: entry.strings,
                    purpose: entry.purpose,
                    need: entry.need,
                    comment: entry.comment
                )
            },
            policy: Document.Policy(url: self.policyURL, text: self.policy)
        )
    }

    package struct Document: Encodable, Sendable {
        package struct Record: Encodable, Sendable {
            var name: String
            var type: String
            var value: String
            var strings: [String]?
            var purpose: Purpose
            var need: Need
            var comment: String
        }

        package struct Policy: Encodable, Sendable {
            var url: String
            var text: String
        }

        var domain: String
        var hostname: String
        var records: [Record]
        /// The file of MTA-STS.
        var policy: Policy
    }
}
