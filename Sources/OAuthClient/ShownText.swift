/// A server's words as people may read them.
enum ShownText {
    private static let maximumScalars = 300

    /// The text with a space for each control character, and cut short.
    static func of(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(self.maximumScalars) {
            let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
            result.unicodeScalars.append(isControl ? " " : scalar)
        }
        return result
    }
}
