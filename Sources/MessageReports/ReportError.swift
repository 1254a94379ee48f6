/// Why something is no report that could be read.
public struct ReportError: Error, Hashable, Sendable {
    /// The kind of trouble.
    public enum Code: Hashable, Sendable {
        /// There is no report in it.
        case noReport
        /// It breaks its format.
        case malformed
        /// It is larger, deeper or more compressed than allowed.
        case tooLarge
        /// It is of a form that is not read, such as an encrypted archive or a document with its own entities.
        case unsupported
    }

    /// The kind of trouble.
    public var code: Code
    /// What is wrong, in one line for people. Holds nothing that the sender wrote.
    public var reason: String

    init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}

extension ReportError: CustomStringConvertible {
    /// What is wrong.
    public var description: String { self.reason }
}
