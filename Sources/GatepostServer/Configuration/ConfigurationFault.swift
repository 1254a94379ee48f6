/// One thing that is wrong with the configuration, with the place to change and what to put there.
package struct ConfigurationFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where a value was written.
    package enum Origin: Sendable, Hashable, CustomStringConvertible {
        /// Line and column count from 1; the column counts Unicode scalars.
        case file(String, line: Int, column: Int)
        case environment(variable: String)
        /// Nobody wrote it.
        case byDefault

        package var description: String {
            switch self {
            case .file(let path, let line, let column): "\(path):\(line):\(column)"
            case .environment(let variable): variable
            case .byDefault: "default"
            }
        }
    }

    /// The problem of a key that does not exist.
    static let unknownKey = "unknown"

    package var origin: Origin
    /// Dotted, such as `delivery.relay.port`; list elements as `listeners[0]`. `nil`: the file as a whole.
    package var key: String?
    package var problem: String
    /// The value or key that was probably meant.
    package var suggestion: String?

    package init(origin: Origin, key: String?, problem: String, suggestion: String? = nil) {
        self.origin = origin
        self.key = key
        self.problem = problem
        self.suggestion = suggestion
    }

    package var description: String { self.text(severity: "error") }

    package func text(severity: String) -> String {
        var text = "\(self.origin): \(severity): "
        if let key = self.key { text += "key \(key): " }
        text += self.problem
        if let suggestion = self.suggestion { text += "; did you mean '\(suggestion)'?" }
        return text
    }
}

/// Every fault that was found, in the order of the file.
package struct ConfigurationFaults: Error, Sendable, CustomStringConvertible {
    package var faults: [ConfigurationFault]

    package init(_ faults: [ConfigurationFault]) {
        self.faults = faults
    }

    package var description: String {
        self.faults.map(\.description).joined(separator: "\n")
    }
}
