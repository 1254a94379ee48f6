package import GatepostModel
internal import Glibc
package import Logging

/// Takes finished lines.
package protocol LogOutput: Sendable {
    /// - Parameter line: With its line end.
    func write(_ line: String)
}

/// Standard error; one `write` call a line, so that lines of several threads do not mix.
package struct StandardErrorOutput: LogOutput {
    package init() {}

    package func write(_ line: String) {
        var line = line
        line.withUTF8 { octets in
            var rest = UnsafeRawBufferPointer(octets)
            while !rest.isEmpty {
                let count = Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
                // Nobody reads the log any more: there is nowhere to say so.
                guard count > 0 || errno == EINTR else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(max(count, 0)))
            }
        }
    }
}

extension Configuration.Log {
    /// A logger as the configuration wants it.
    package func logger(
        label: String = "gatepost",
        clock: any WallClock,
        output: any LogOutput = StandardErrorOutput()
    ) -> Logger {
        let level = Logger.Level(rawValue: self.level.rawValue) ?? .info
        return switch self.format {
        case .text: Logger(label: label) { TextLogHandler(label: $0, level: level, clock: clock, output: output) }
        case .json: Logger(label: label) { JSONLogHandler(label: $0, level: level, clock: clock, output: output) }
        }
    }
}
