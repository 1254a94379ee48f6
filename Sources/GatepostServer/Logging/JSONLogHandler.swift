package import GatepostModel
package import Logging

/// One event one line of JSON: `{"time":…,"level":…,"logger":…,"message":…,"key":…}`.
package struct JSONLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel: Logger.Level
    private let label: String
    private let clock: any WallClock
    private let output: any LogOutput

    /// Names that metadata may not take.
    private static let reserved: Set<String> = ["time", "level", "logger", "message"]

    package init(label: String, level: Logger.Level, clock: any WallClock, output: any LogOutput) {
        self.label = label
        self.logLevel = level
        self.clock = clock
        self.output = output
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line = "{\"time\":\"\(self.clock.now())\",\"level\":\"\(event.level.rawValue)\",\"logger\":"
        JSONLogHandler.append(self.label, to: &line)
        line += ",\"message\":"
        JSONLogHandler.append(event.message.description, to: &line)
        for (name, value) in LogLine.fields([self.metadata, self.metadataProvider?.get(), event.metadata]) {
            line += ","
            JSONLogHandler.append(JSONLogHandler.reserved.contains(name) ? "\(name)_" : name, to: &line)
            line += ":"
            JSONLogHandler.append(value, to: &line)
        }
        line += "}\n"
        self.output.write(line)
    }

    private static func append(_ text: String, to line: inout String) {
        line += "\""
        LogLine.appendEscaped(text, to: &line)
        line += "\""
    }

    private static func append(_ value: Logger.MetadataValue, to line: inout String) {
        switch value {
        case .string(let text): JSONLogHandler.append(text, to: &line)
        case .stringConvertible(let number as any BinaryInteger): line += "\(number)"
        case .stringConvertible(let truth as Bool): line += "\(truth)"
        case .stringConvertible(let other): JSONLogHandler.append(other.description, to: &line)
        case .array(let elements):
            line += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { line += "," }
                JSONLogHandler.append(element, to: &line)
            }
            line += "]"
        case .dictionary(let members):
            line += "{"
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { line += "," }
                JSONLogHandler.append(member.key, to: &line)
                line += ":"
                JSONLogHandler.append(member.value, to: &line)
            }
            line += "}"
        @unknown default:
            JSONLogHandler.append("\(value)", to: &line)
        }
    }
}
