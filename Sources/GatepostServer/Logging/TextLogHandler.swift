package import GatepostModel
package import Logging

/// One event one line for people: `2026-11-24T06:44:49.120Z info gatepost: message key=value key="two words"`.
package struct TextLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel: Logger.Level
    private let label: String
    private let clock: any WallClock
    private let output: any LogOutput

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
        var line = "\(self.clock.now()) \(event.level.rawValue) \(self.label): "
        TextLogHandler.appendMessage(event.message.description, to: &line)
        for (name, value) in LogLine.fields([self.metadata, self.metadataProvider?.get(), event.metadata]) {
            line += " \(name)="
            let text = value.description
            if LogLine.isPlain(text) {
                line += text
            } else {
                line += "\""
                LogLine.appendEscaped(text, to: &line)
                line += "\""
            }
        }
        line += "\n"
        self.output.write(line)
    }

    /// Messages are our own constant text: quotes in them stay as they are.
    private static func appendMessage(_ text: String, to line: inout String) {
        for part in text.split(separator: "\"", omittingEmptySubsequences: false).enumerated() {
            if part.offset > 0 { line += "\"" }
            LogLine.appendEscaped(String(part.element), to: &line)
        }
    }
}
