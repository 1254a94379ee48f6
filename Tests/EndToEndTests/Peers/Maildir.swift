import Foundation

/// A Maildir into which one of the real servers delivers.
struct Maildir: Sendable {
    let path: String

    /// Waits for a message that contains `mark`.
    func message(containing mark: String, within limit: Duration = .seconds(30)) async throws -> DeliveredMessage {
        try await eventually("a message containing \(mark) in \(path)", within: limit) {
            messages(containing: mark).first
        }
    }

    /// Waits for a delivery status notification about this recipient.
    func notification(about recipient: String, within limit: Duration = .seconds(30)) async throws -> DeliveredMessage {
        try await eventually("a notification about \(recipient) in \(path)", within: limit) {
            messages(containing: recipient).first { $0.says("Final-Recipient: rfc822;\(recipient)") }
        }
    }

    /// Every message that contains `mark`.
    func messages(containing mark: String) -> [DeliveredMessage] {
        let wanted = Data(mark.utf8)
        return files().compactMap { FileManager.default.contents(atPath: $0) }
            .filter { $0.range(of: wanted) != nil }
            .map { DeliveredMessage(octets: [UInt8]($0)) }
    }

    private func files() -> [String] {
        ["new", "cur"].flatMap { folder in
            // Absent until the first delivery.
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []
            return names.map { "\(path)/\(folder)/\($0)" }
        }
    }
}

/// A message as a server stored it: lines end in LF.
struct DeliveredMessage: Sendable {
    var octets: [UInt8]
    var text: String { String(decoding: octets, as: UTF8.self) }

    /// Whether it contains this text, whatever the letters' case and the white space behind semicolons.
    func says(_ wanted: String) -> Bool {
        text.replacing("; ", with: ";").lowercased().contains(wanted.lowercased())
    }

    /// What remains behind the trace fields and other fields that were put on top: from the first line that
    /// equals the first line of `submitted`.
    func withoutTrace(before submitted: [UInt8]) -> [UInt8] {
        let firstLine = Data(submitted.prefix { $0 != 0x0A } + [0x0A])
        guard let start = Data(octets).range(of: firstLine)?.lowerBound else { return octets }
        return Array(octets[start...])
    }
}
