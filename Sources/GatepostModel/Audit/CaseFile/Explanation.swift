/// What is told to an operator, or an account's owner, about one login.
package struct Explanation: Codable, Hashable, Sendable {
    package var reference: String
    /// RFC 3339 in UTC.
    package var time: String
    /// `refused` or `succeeded`.
    package var result: String
    /// The code; nil for a success.
    package var reason: String?
    package var account: String?
    /// As the client typed it.
    package var loginName: String
    package var mechanism: String
    package var address: String?
    package var listener: String
    package var tls: String?
    package var clientName: String?
    /// The secret's tag, four hexadecimal digits.
    package var secret: String?
    /// What happened around it, in one sentence.
    package var summary: String
    /// Why it ended as it did.
    package var cause: String
    /// What is probably behind it; nil where nothing is probable.
    package var likely: String?
    /// What it was not.
    package var ruledOut: [String]
    /// What to do: commands, or sentences.
    package var advice: [String]
    /// The page that tells more.
    package var page: String?

    /// For people, without the details of the login.
    package var lines: [String] {
        var lines = [self.summary, "Cause     \(self.reason.map { "\($0): " } ?? "")\(self.cause)"]
        if let likely = self.likely { lines.append("Likely    \(likely)") }
        if !self.ruledOut.isEmpty { lines.append("Not       \(self.ruledOut.joined(separator: ", "))") }
        for (index, advice) in self.advice.enumerated() {
            lines.append("\(index == 0 ? "Try:" : "    ")      \(advice)")
        }
        if let page = self.page { lines.append("More      \(page)") }
        return lines
    }
}
