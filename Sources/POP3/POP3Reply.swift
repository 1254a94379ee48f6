/// A status reply: `+OK` or `-ERR` with text (RFC 1939 §3), and for errors a response code (RFC 2449 §8, RFC 3206).
public struct POP3Reply: Hashable, Sendable, CustomStringConvertible {
    /// Why, for programs.
    public enum Code: String, Hashable, Sendable {
        /// The credentials are wrong (RFC 3206 §4).
        case authentication = "AUTH"
        /// Trouble of the server that will pass (RFC 3206 §3).
        case temporary = "SYS/TEMP"
        /// Another session has the maildrop (RFC 2449 §8.1.2).
        case inUse = "IN-USE"
        /// Logging in again is refused for a time (RFC 2449 §8.1.1).
        case loginDelay = "LOGIN-DELAY"
    }

    public var isPositive: Bool
    public var code: Code?
    /// Printable ASCII.
    public var text: String

    public static func ok(_ text: String) -> POP3Reply {
        POP3Reply(isPositive: true, code: nil, text: text)
    }

    public static func error(_ text: String, _ code: Code? = nil) -> POP3Reply {
        POP3Reply(isPositive: false, code: code, text: text)
    }

    /// Without CRLF.
    public var description: String {
        let code = self.code.map { "[\($0.rawValue)] " } ?? ""
        return "\(self.isPositive ? "+OK" : "-ERR") \(code)\(self.text)"
    }

    /// The line with its CRLF.
    public var octets: [UInt8] { Array("\(self.description)\r\n".utf8) }

    static let badSequence = POP3Reply.error("Not now")
    static let encryptionRequired = POP3Reply.error("Start TLS first (STLS)")
    static let unavailable = POP3Reply.error("The server cannot check this now; try again later", .temporary)
    static let tooManyFailures = POP3Reply.error("Too many failed attempts", .authentication)
    static let noSuchMessage = POP3Reply.error("No such message")
    static let cancelled = POP3Reply.error("Authentication cancelled")
    static let badBase64 = POP3Reply.error("That is not base64")
    static let malformed = POP3Reply.error("The mechanism does not understand that")
    static let lineTooLong = POP3Reply.error("Line too long")
    /// The session ends by the server's will.
    public static let timeout = POP3Reply.error("Too long without a command")
    public static let shuttingDown = POP3Reply.error("The server is going down; try again soon", .temporary)
}
