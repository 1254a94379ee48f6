internal import GatepostModel

/// A sending that is described in a file with what must become of it.
package struct PolicyTest: Hashable, Sendable {
    package var name: String
    /// `file:line` of its beginning.
    package var place: String
    package var request: SimulationRequest
    package var verdict: SimulationReport.Verdict
    /// The rule that must have decided.
    package var rule: String?
    /// What the deciding reply must begin with.
    package var reply: String?

    /// What is otherwise than the file says; empty: it passed.
    package func differences(_ report: SimulationReport) -> [String] {
        var differences: [String] = []
        if report.verdict != self.verdict {
            differences.append("is \(report.verdict.rawValue), and not \(self.verdict.rawValue)")
        }
        if let rule = self.rule, report.rule != rule {
            differences.append("was decided by \(report.rule ?? "no rule"), and not by \(rule)")
        }
        if let reply = self.reply, report.reply?.hasPrefix(reply) != true {
            differences.append("was answered '\(report.reply ?? "nothing")', and not '\(reply)'")
        }
        return differences
    }
}

extension PolicyTest {
    /// Reads a file of policy tests.
    ///
    ///     tests:
    ///       - name: the scanner may not write to strangers
    ///         account: scanner@example.org
    ///         ip: 192.0.2.7
    ///         to: [boss@example.net]
    ///         expect: refused
    ///
    /// - Parameter file: Its name, for faults.
    package static func read(_ yaml: String, file: String) throws(ConfigurationFaults) -> [PolicyTest] {
        let root = try ConfigurationNode.parse(yaml, file: file)
        var reader = PolicyTestReader()
        let tests = reader.tests(root, file: file)
        guard reader.faults.isEmpty else { throw ConfigurationFaults(reader.faults) }
        return tests
    }
}

/// Takes down every fault, so that all are told at once.
private struct PolicyTestReader {
    private static let keys = [
        "name", "account", "credential", "ip", "tls", "listener", "from", "header", "to", "size", "expect", "rule",
        "reply",
    ]

    var faults: [ConfigurationFault] = []

    private mutating func fault(
        _ node: ConfigurationFault.Origin,
        _ key: String?,
        _ problem: String,
        suggestion: String? = nil
    ) {
        self.faults.append(ConfigurationFault(origin: node, key: key, problem: problem, suggestion: suggestion))
    }

    mutating func tests(_ root: ConfigurationNode, file: String) -> [PolicyTest] {
        if case .mapping(let entries) = root.content {
            for entry in entries where entry.name != "tests" {
                let suggestion = NearestWord.to(entry.name, among: ["tests"])
                self.fault(entry.origin, entry.name, ConfigurationFault.unknownKey, suggestion: suggestion)
            }
        }
        guard let list = root["tests"], case .list(let elements) = list.content, !elements.isEmpty else {
            if self.faults.isEmpty { self.fault(root.origin, "tests", "is required: a list of tests") }
            return []
        }
        return elements.enumerated().compactMap { self.test($1, path: "tests[\($0)]", number: $0 + 1) }
    }

    private mutating func test(_ node: ConfigurationNode, path: String, number: Int) -> PolicyTest? {
        guard case .mapping(let entries) = node.content else {
            self.fault(node.origin, path, "must be a mapping, not \(node.kind)")
            return nil
        }
        for entry in entries where !Self.keys.contains(entry.name) {
            let suggestion = NearestWord.to(entry.name, among: Self.keys)
            self.fault(entry.origin, "\(path).\(entry.name)", ConfigurationFault.unknownKey, suggestion: suggestion)
        }
        let account = self.text(node, "account", path)
        if account == nil, node["account"] == nil { self.fault(node.origin, "\(path).account", "is required") }
        let recipients = self.list(node, "to", path) ?? []
        if recipients.isEmpty { self.fault(node.origin, "\(path).to", "is required: one recipient or more") }
        guard let verdict = self.verdict(node, path), let account, !recipients.isEmpty else { return nil }
        var request = SimulationRequest(
            account: account,
            credential: self.text(node, "credential", path),
            address: self.text(node, "ip", path),
            isTLS: self.truth(node, "tls", path) ?? true,
            listener: self.text(node, "listener", path),
            from: self.text(node, "from", path),
            recipients: recipients
        )
        request.header = self.header(node, path)
        request.size = self.count(node, "size", path)
        return PolicyTest(
            name: self.text(node, "name", path) ?? "test \(number)",
            place: node.origin.description.split(separator: ":").dropLast().joined(separator: ":"),
            request: request,
            verdict: verdict,
            rule: self.text(node, "rule", path),
            reply: self.text(node, "reply", path)
        )
    }

    private mutating func verdict(_ node: ConfigurationNode, _ path: String) -> SimulationReport.Verdict? {
        guard let value = node["expect"] else {
            self.fault(node.origin, "\(path).expect", "is required: accepted, held or refused")
            return nil
        }
        guard let text = self.text(node, "expect", path) else { return nil }
        guard let verdict = SimulationReport.Verdict(rawValue: text) else {
            self.fault(
                value.origin,
                "\(path).expect",
                "must be accepted, held or refused, not '\(text)'",
                suggestion: NearestWord.to(text, among: ["accepted", "held", "refused"])
            )
            return nil
        }
        return verdict
    }

    private mutating func text(_ node: ConfigurationNode, _ key: String, _ path: String) -> String? {
        guard let value = node[key] else { return nil }
        switch value.content {
        case .text(let text): return text
        case .nothing: return ""
        case .list, .mapping:
            self.fault(value.origin, "\(path).\(key)", "must be text, not \(value.kind)")
            return nil
        }
    }

    private mutating func truth(_ node: ConfigurationNode, _ key: String, _ path: String) -> Bool? {
        guard let value = node[key], let text = self.text(node, key, path) else { return nil }
        guard let truth = ["true": true, "false": false][text] else {
            self.fault(value.origin, "\(path).\(key)", "must be true or false, not '\(text)'")
            return nil
        }
        return truth
    }

    private mutating func count(_ node: ConfigurationNode, _ key: String, _ path: String) -> Int? {
        guard let value = node[key], let text = self.text(node, key, path) else { return nil }
        guard let count = ByteCount(text)?.octets else {
            self.fault(value.origin, "\(path).\(key)", "must be a size such as 2MiB, not '\(text)'")
            return nil
        }
        return count
    }

    private mutating func list(_ node: ConfigurationNode, _ key: String, _ path: String) -> [String]? {
        guard let value = node[key] else { return nil }
        switch value.content {
        case .text(let text): return [text]
        case .list(let elements):
            return elements.enumerated().compactMap { index, element in
                if case .text(let text) = element.content { return text }
                self.fault(element.origin, "\(path).\(key)[\(index)]", "must be text, not \(element.kind)")
                return nil
            }
        case .nothing, .mapping:
            self.fault(value.origin, "\(path).\(key)", "must be a list, not \(value.kind)")
            return nil
        }
    }

    /// Field names and values, as lines.
    private mutating func header(_ node: ConfigurationNode, _ path: String) -> String? {
        guard let value = node["header"] else { return nil }
        guard case .mapping(let entries) = value.content else {
            self.fault(value.origin, "\(path).header", "must be a mapping of field names and values, not \(value.kind)")
            return nil
        }
        var header = ""
        for entry in entries {
            let lines: [ConfigurationNode]
            if case .list(let elements) = entry.value.content { lines = elements } else { lines = [entry.value] }
            for line in lines {
                guard case .text(let text) = line.content, !text.utf8.contains(where: { $0 == 10 || $0 == 13 }) else {
                    self.fault(line.origin, "\(path).header.\(entry.name)", "must be one line of text")
                    continue
                }
                header += "\(entry.name): \(text)\r\n"
            }
        }
        return header
    }
}
