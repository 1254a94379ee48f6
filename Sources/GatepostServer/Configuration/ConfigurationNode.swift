internal import Yams

/// The configuration as written: text, lists and mappings, each with the place where it stands.
///
/// Scalars stay text, so that `NO`, `0587` and `1.10` mean what they look like; the reader of a key decides its type.
struct ConfigurationNode {
    struct Entry {
        var name: String
        var origin: ConfigurationFault.Origin
        var value: ConfigurationNode
    }

    enum Content {
        case text(String)
        /// Nothing, `~` or `null`.
        case nothing
        case list([ConfigurationNode])
        case mapping([Entry])
    }

    var content: Content
    var origin: ConfigurationFault.Origin

    var kind: String {
        switch self.content {
        case .text: "text"
        case .nothing: "nothing"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    subscript(name: String) -> ConfigurationNode? {
        guard case .mapping(let entries) = self.content else { return nil }
        return entries.first { $0.name == name }?.value
    }
}

extension ConfigurationNode {
    /// Parses YAML text into one tree.
    ///
    /// - Parameter file: The name that origins carry.
    static func parse(_ yaml: String, file: String) throws(ConfigurationFaults) -> ConfigurationNode {
        let root: Node?
        do {
            root = try Yams.Parser(yaml: yaml, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw ConfigurationFaults([ConfigurationFault(error, file: file)])
        } catch {
            let origin = ConfigurationFault.Origin.file(file, line: 1, column: 1)
            throw ConfigurationFaults([ConfigurationFault(origin: origin, key: nil, problem: "\(error)")])
        }
        var faults: [ConfigurationFault] = []
        guard let root else {
            return ConfigurationNode(content: .mapping([]), origin: .file(file, line: 1, column: 1))
        }
        let node = ConfigurationNode(root, origin: { .file(file, line: $0, column: $1) }, path: "", faults: &faults)
        guard faults.isEmpty else { throw ConfigurationFaults(faults) }
        return node
    }

    /// Takes one value from the environment: `[a, b]` and `{…}` are read as YAML, anything else is text.
    static func parse(variable: String, value: String) throws(ConfigurationFaults) -> ConfigurationNode {
        let origin = ConfigurationFault.Origin.environment(variable: variable)
        guard value.hasPrefix("[") || value.hasPrefix("{") else {
            return ConfigurationNode(content: .text(value), origin: origin)
        }
        var faults: [ConfigurationFault] = []
        let root: Node?
        do {
            root = try Yams.Parser(yaml: value, encoding: .utf8).singleRoot()
        } catch {
            root = nil
        }
        guard let root else {
            throw ConfigurationFaults([
                ConfigurationFault(origin: origin, key: nil, problem: "begins like a YAML list or mapping but is none")
            ])
        }
        let node = ConfigurationNode(root, origin: { _, _ in origin }, path: "", faults: &faults)
        guard faults.isEmpty else { throw ConfigurationFaults(faults) }
        return node
    }

    private init(
        _ node: Node,
        origin: (Int, Int) -> ConfigurationFault.Origin,
        path: String,
        faults: inout [ConfigurationFault]
    ) {
        let place = origin(node.mark?.line ?? 1, node.mark?.column ?? 1)
        self.origin = place
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            let isNothing = isPlain && ["", "~", "null"].contains(scalar.string)
            self.content = isNothing ? .nothing : .text(scalar.string)
        case .sequence(let sequence):
            self.content = .list(
                sequence.enumerated().map { index, element in
                    ConfigurationNode(element, origin: origin, path: "\(path)[\(index)]", faults: &faults)
                }
            )
        case .mapping(let mapping):
            var entries: [Entry] = []
            for (key, value) in mapping {
                let keyPlace = origin(key.mark?.line ?? 1, key.mark?.column ?? 1)
                guard case .scalar(let name) = key else {
                    faults.append(
                        ConfigurationFault(
                            origin: keyPlace,
                            key: path.isEmpty ? nil : path,
                            problem: "a key must be a word"
                        )
                    )
                    continue
                }
                let below = path.isEmpty ? name.string : "\(path).\(name.string)"
                if entries.contains(where: { $0.name == name.string }) {
                    faults.append(ConfigurationFault(origin: keyPlace, key: below, problem: "is there twice"))
                }
                let child = ConfigurationNode(value, origin: origin, path: below, faults: &faults)
                entries.append(Entry(name: name.string, origin: keyPlace, value: child))
            }
            self.content = .mapping(entries)
        case .alias:
            self.content = .nothing
        }
    }

    /// Puts a value at a dotted path, in place of what the file says.
    mutating func set(_ path: ArraySlice<Substring>, to value: ConfigurationNode) {
        guard let name = path.first.map(String.init) else {
            self = value
            return
        }
        var entries: [Entry] = []
        if case .mapping(let present) = self.content { entries = present }
        let index = entries.firstIndex { $0.name == name }
        var child = index.map { entries[$0].value } ?? ConfigurationNode(content: .mapping([]), origin: value.origin)
        child.set(path.dropFirst(), to: value)
        if let index {
            entries[index].value = child
        } else {
            entries.append(Entry(name: name, origin: value.origin, value: child))
        }
        self.content = .mapping(entries)
    }
}

extension ConfigurationFault {
    fileprivate init(_ error: YamlError, file: String) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let where_ = context.map { "\($0.text) (line \($0.mark.line)): " } ?? ""
            self.init(
                origin: .file(file, line: mark.line, column: mark.column),
                key: nil,
                problem: "not valid YAML: \(where_)\(problem)"
            )
        case .duplicatedKeysInMapping(let duplicates, let context):
            self.init(
                origin: .file(file, line: context.mark.line, column: context.mark.column),
                key: duplicates.first,
                problem: "is there twice in one mapping"
            )
        case .reader(let problem, let offset, _, let yaml):
            let before = yaml.prefix(offset ?? 0)
            let line = before.utf8.count { $0 == 0x0A } + 1
            let column = before.unicodeScalars.reversed().prefix { $0 != "\n" }.count + 1
            self.init(
                origin: .file(file, line: line, column: column),
                key: nil,
                problem: "not valid YAML: \(problem)"
            )
        default:
            self.init(origin: .file(file, line: 1, column: 1), key: nil, problem: "not valid YAML: \(error)")
        }
    }
}
