internal import GatepostModel

/// What does not depend on any one key: names that do not exist, sections of the wrong kind, overrides.
extension ConfigurationReader {
    /// Variables with our prefix that are not overrides.
    private static let otherVariables: Set<String> = [
        "GATEPOST_CONFIG", "GATEPOST_PASSWORD", "GATEPOST_VECTORS", "GATEPOST_FAULT", "GATEPOST_SERVER",
        "GATEPOST_USER", "GATEPOST_BIN", "GATEPOST_SNAPSHOTS",
    ]

    /// Puts `GATEPOST_…` variables in place of what the file says.
    mutating func applyOverrides() {
        var paths: [String: ConfigurationKey] = [:]
        for key in ConfigurationKey.all where key.shape != .section && !key.path.contains("[]") {
            paths[ConfigurationReader.folded(key.variable)] = key
        }
        let referenced = ConfigurationReader.references(in: self.root)
        for (variable, value) in self.environment.sorted(by: { $0.key < $1.key })
        where variable.hasPrefix("GATEPOST_") && !ConfigurationReader.otherVariables.contains(variable) {
            if referenced.contains(variable) { continue }
            guard let key = paths[ConfigurationReader.folded(variable)] else {
                self.reject(variable: variable)
                continue
            }
            do {
                let node = try ConfigurationNode.parse(variable: variable, value: value)
                self.root.set(key.path.split(separator: ".")[...], to: node)
            } catch {
                for fault in error.faults { self.add(fault: fault) }
            }
        }
    }

    /// A near miss stops the start. Anything else may be somebody else's, as the variables that container systems set for a
    /// service that is called gatepost.
    private mutating func reject(variable: String) {
        let known = ConfigurationKey.all.filter { $0.shape != .section && !$0.path.contains("[]") }.map(\.variable)
        let origin = ConfigurationFault.Origin.environment(variable: variable)
        if let near = NearestWord.to(variable, among: known), ConfigurationReader.isMisspelling(variable, of: near) {
            self.add(fault: ConfigurationFault(origin: origin, key: nil, problem: "names no key", suggestion: near))
        } else {
            self.add(warning: ConfigurationFault(origin: origin, key: nil, problem: "names no key; ignored"))
        }
    }

    private static func isMisspelling(_ word: String, of other: String) -> Bool {
        NearestWord.distance(Array(word.utf8), Array(other.utf8)) <= 2
    }

    private static func folded(_ variable: String) -> String {
        String(variable.filter { $0 != "_" }).uppercased()
    }

    private static func references(in node: ConfigurationNode) -> Set<String> {
        switch node.content {
        case .text(let text): text.hasPrefix("env:") ? [String(text.dropFirst(4))] : []
        case .nothing: []
        case .list(let elements): elements.reduce(into: []) { $0.formUnion(references(in: $1)) }
        case .mapping(let entries): entries.reduce(into: []) { $0.formUnion(references(in: $1.value)) }
        }
    }

    /// Whether there are keys at all; notes it where there are none.
    mutating func checkRoot() -> Bool {
        if case .mapping = self.root.content { return true }
        self.add(
            fault: ConfigurationFault(
                origin: self.root.origin,
                key: nil,
                problem: "must hold keys and values, not \(self.root.kind)"
            )
        )
        return false
    }

    /// Notes every key that does not exist, and every section that is none.
    mutating func checkKeys() {
        self.checkKeys(of: self.root, at: "")
    }

    private mutating func checkKeys(of node: ConfigurationNode, at path: String) {
        guard case .mapping(let entries) = node.content else { return }
        let known = ConfigurationKey.names(below: path)
        for entry in entries {
            let below = path.isEmpty ? entry.name : "\(path).\(entry.name)"
            guard let key = ConfigurationKey.at(below) else {
                let near = NearestWord.to(entry.name, among: known)
                let elsewhere = ConfigurationKey.elsewhere(entry.name)
                self.add(
                    fault: ConfigurationFault(
                        origin: entry.origin,
                        key: below,
                        problem: ConfigurationFault.unknownKey,
                        suggestion: near ?? elsewhere
                    )
                )
                continue
            }
            if key.isLater {
                // Switched off is how this version behaves anyway.
                if case .text("false") = entry.value.content { continue }
                self.add(
                    fault: ConfigurationFault(
                        origin: entry.origin,
                        key: below,
                        problem: "is not in this version yet: remove it"
                    )
                )
                continue
            }
            self.checkShape(of: entry.value, key: key, at: below)
        }
    }

    private mutating func checkShape(of node: ConfigurationNode, key: ConfigurationKey, at path: String) {
        switch (key.shape, node.content) {
        case (.section, .mapping):
            self.checkKeys(of: node, at: path)
        case (.section, .nothing):
            // All keys of the section are commented out.
            break
        case (.section, .text), (.section, .list):
            let names = ConfigurationKey.names(below: path).joined(separator: ", ")
            self.fault(path, "must be a mapping with \(names), not \(node.kind)")
        case (.records, .list(let elements)):
            for (index, element) in elements.enumerated() {
                let below = "\(path)[\(index)]"
                if case .mapping = element.content {
                    self.checkKeys(of: element, at: below)
                } else {
                    self.fault(below, "must be a mapping, not \(element.kind)")
                }
            }
        default:
            // The getter of the key knows better words for what it needs.
            break
        }
    }
}
