/// An element of a report: its name without a prefix, its text, its children. Attributes mean nothing in reports.
struct XMLElement: Hashable, Sendable {
    var name: String
    var text: String = ""
    var children: [XMLElement] = []

    /// The first child of a name.
    func first(_ name: String) -> XMLElement? { self.children.first { $0.name == name } }

    /// All children of a name.
    func all(_ name: String) -> [XMLElement] { self.children.filter { $0.name == name } }

    /// The text of a child; nil when there is none, or nothing in it.
    func text(_ name: String) -> String? {
        guard let text = self.first(name)?.text, !text.isEmpty else { return nil }
        return text
    }
}
