internal import GatepostModel
internal import SASL

/// Reads typed values off a ``ConfigurationNode`` and collects every fault instead of stopping at the first.
///
/// A getter returns `nil` both for an absent key and, after noting a fault, for a bad one.
struct ConfigurationReader {
    /// An effective value for `config show`.
    typealias Setting = LoadedConfiguration.Setting

    var root: ConfigurationNode
    /// Relative paths start here.
    var directory: String
    var environment: [String: String]
    private(set) var faults: [ConfigurationFault] = []
    private(set) var warnings: [ConfigurationFault] = []
    private(set) var settings: [Setting] = []

    init(root: ConfigurationNode, directory: String, environment: [String: String]) {
        self.root = root
        self.directory = directory
        self.environment = environment
    }

    // MARK: Places

    func node(_ path: String) -> ConfigurationNode? {
        var node = self.root
        for part in path.split(separator: ".") {
            var name = part
            var index: Int?
            if let bracket = part.firstIndex(of: "[") {
                name = part[..<bracket]
                index = Int(part[part.index(after: bracket)...].dropLast())
            }
            guard let child = node[String(name)] else { return nil }
            node = child
            if let index {
                guard case .list(let elements) = node.content, elements.indices.contains(index) else { return nil }
                node = elements[index]
            }
        }
        return node
    }

    /// The place of a key, or of the nearest mapping around it that exists.
    func origin(_ path: String) -> ConfigurationFault.Origin {
        var path = path[...]
        while true {
            if let node = self.node(String(path)) { return node.origin }
            guard let end = path.lastIndex(of: ".") ?? path.lastIndex(of: "[") else { return self.root.origin }
            path = path[..<end]
        }
    }

    mutating func fault(_ path: String, _ problem: String, suggestion: String? = nil) {
        self.faults.append(
            ConfigurationFault(origin: self.origin(path), key: path, problem: problem, suggestion: suggestion)
        )
    }

    mutating func warn(_ path: String, _ problem: String) {
        self.warnings.append(ConfigurationFault(origin: self.origin(path), key: path, problem: problem))
    }

    mutating func add(warning: ConfigurationFault) { self.warnings.append(warning) }
    mutating func add(fault: ConfigurationFault) { self.faults.append(fault) }

    mutating func show(_ path: String, _ text: String) {
        let origin = self.node(path)?.origin ?? .byDefault
        self.settings.append(Setting(key: path, value: text, origin: origin))
    }

    // MARK: Texts

    /// The text of a key, with `file:` and `env:` followed.
    mutating func text(_ path: String) -> String? {
        guard let node = self.node(path) else { return nil }
        switch node.content {
        case .text(let text): return self.follow(text, path)
        case .nothing:
            self.fault(path, "has no value")
            return nil
        case .list, .mapping:
            self.fault(path, "must be one value, not \(node.kind)")
            return nil
        }
    }

    /// A list of texts; a single text, and from the environment a comma-separated one, is a list too.
    mutating func words(_ path: String) -> [(path: String, text: String)]? {
        guard let node = self.node(path) else { return nil }
        switch node.content {
        case .text(let text):
            guard case .environment = node.origin else {
                self.fault(path, "must be a list, such as [\(text)]")
                return nil
            }
            return text.split(separator: ",").map { (path, String($0.drop { $0 == " " })) }
        case .list(let elements):
            var words: [(path: String, text: String)] = []
            for index in elements.indices {
                let element = "\(path)[\(index)]"
                if let text = self.text(element) { words.append((element, text)) }
            }
            return words
        case .nothing, .mapping:
            self.fault(path, "must be a list, not \(node.kind)")
            return nil
        }
    }

    /// The number of records in a list of mappings.
    mutating func records(_ path: String) -> [String]? {
        guard let node = self.node(path) else { return nil }
        guard case .list(let elements) = node.content else {
            self.fault(path, "must be a list of mappings, not \(node.kind)")
            return nil
        }
        return elements.indices.map { "\(path)[\($0)]" }
    }

    private mutating func follow(_ text: String, _ path: String) -> String? {
        if text.hasPrefix("file:") {
            let file = LocalFile.absolute(String(text.dropFirst(5)), relativeTo: self.directory)
            do {
                let content = LocalFile.withoutLineEnding(try LocalFile.read(file, limit: 65536))
                guard let value = String(validating: content, as: UTF8.self) else {
                    self.fault(path, "\(file) is not UTF-8 text")
                    return nil
                }
                return value
            } catch {
                self.fault(path, "\(error)")
                return nil
            }
        }
        if text.hasPrefix("env:") {
            let name = String(text.dropFirst(4))
            guard let value = self.environment[name] else {
                self.fault(
                    path,
                    "the environment has no variable \(name)",
                    suggestion: NearestWord.to(name, among: self.environment.keys.sorted())
                )
                return nil
            }
            return value
        }
        return text
    }

    // MARK: Typed values

    mutating func integer(_ path: String, in range: ClosedRange<Int>) -> Int? {
        guard let text = self.text(path) else { return nil }
        guard let value = Int(text) else {
            self.fault(path, "must be a whole number, not '\(text)'")
            return nil
        }
        guard range.contains(value) else {
            let bounds =
                range.upperBound == .max
                ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
            self.fault(path, "must be \(bounds), not \(value)")
            return nil
        }
        return value
    }

    mutating func boolean(_ path: String) -> Bool? {
        guard let text = self.text(path) else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default:
            let meant = ["yes", "on", "1"].contains(text.lowercased())
            let meantNot = ["no", "off", "0"].contains(text.lowercased())
            let suggestion = meant ? "true" : meantNot ? "false" : NearestWord.to(text, among: ["true", "false"])
            self.fault(path, "must be true or false, not '\(text)'", suggestion: suggestion)
            return nil
        }
    }

    mutating func duration(_ path: String, in range: ClosedRange<Duration>) -> Duration? {
        guard let text = self.text(path) else { return nil }
        guard let value = DurationText.parse(text) else {
            self.fault(
                path,
                "must be a duration such as 30s, 5m, 4h or 5d, not '\(text)'",
                suggestion: Int(text) != nil ? "\(text)s" : nil
            )
            return nil
        }
        guard range.contains(value) else {
            let (low, high) = (DurationText.format(range.lowerBound), DurationText.format(range.upperBound))
            self.fault(path, "must be from \(low) to \(high), not \(text)")
            return nil
        }
        return value
    }

    mutating func bytes(_ path: String, in range: ClosedRange<ByteCount>) -> ByteCount? {
        guard let text = self.text(path) else { return nil }
        guard let value = ByteCount(text) else {
            self.fault(path, "must be a number of octets such as 50MiB, not '\(text)'")
            return nil
        }
        guard range.contains(value) else {
            self.fault(path, "must be from \(range.lowerBound) to \(range.upperBound), not \(text)")
            return nil
        }
        return value
    }

    /// One of an enumeration's words.
    mutating func choice<Value: RawRepresentable & CaseIterable>(_ path: String, _ type: Value.Type) -> Value?
    where Value.RawValue == String {
        guard let text = self.text(path) else { return nil }
        return self.choice(path, text, type)
    }

    mutating func choice<Value: RawRepresentable & CaseIterable>(
        _ path: String,
        _ text: String,
        _ type: Value.Type
    ) -> Value? where Value.RawValue == String {
        if let value = Value(rawValue: text) { return value }
        let words = Value.allCases.map(\.rawValue)
        self.fault(
            path,
            "must be \(ConfigurationReader.alternatives(words)), not '\(text)'",
            suggestion: NearestWord.to(text, among: words)
        )
        return nil
    }

    static func alternatives(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}
