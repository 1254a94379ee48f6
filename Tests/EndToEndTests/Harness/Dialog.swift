/// What a test says to an SMTP server line by line: `Programs/smtp_dialog.py`.
enum Dialog {
    /// Says EHLO and these lines, each after the reply to the one before. `PLAIN alice secret` is a whole AUTH PLAIN.
    ///
    /// - Parameter authority: of the server's certificate, for STARTTLS; nil stays in the clear.
    /// - Returns: the dialog as `C:` and `S:` lines.
    static func say(_ lines: [String], to port: Int, authority: String?) async throws -> String {
        let program = [try Program.path("python3"), Program.script("smtp_dialog.py")]
        let completed = try await succeed(program + ["\(port)", authority ?? "-"] + lines)
        return String(decoding: completed.output, as: UTF8.self)
    }

    /// The codes of all replies in a dialog but 250.
    static func codes(in dialog: String) -> [String] {
        dialog.split(separator: "\n").filter { $0.hasPrefix("S: ") }.map { String($0.dropFirst(3).prefix(3)) }
            .filter { $0 != "250" }
    }
}
