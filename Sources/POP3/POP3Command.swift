internal import MailSyntax
public import SASL

/// A command of RFC 1939, with those of RFC 2449 (CAPA), RFC 2595 (STLS) and RFC 5034 (AUTH). Messages are numbered from 1.
public enum POP3Command: Equatable, Sendable {
    case user([UInt8])
    /// The rest of the line, spaces and all (RFC 1939 §7).
    case pass(Secret)
    /// nil lists the mechanisms, as clients from before RFC 2449 ask. The initial response is base64 text; `=` an empty one.
    case auth(MechanismName?, initialResponse: [UInt8]?)
    case capabilities
    case startTLS
    case status
    case list(Int?)
    case uniqueIDList(Int?)
    case retrieve(Int)
    /// The header and so many lines of the body.
    case top(Int, lines: Int)
    case delete(Int)
    case noOperation
    case reset
    case quit

    /// Parses a line without its CRLF.
    ///
    /// - Returns: The command; `.failure` says what is wrong in words for the client.
    static func parse(_ line: UnsafeRawBufferPointer) -> Result<POP3Command, POP3SyntaxError> {
        let keywordEnd = line.firstIndex(of: 0x20) ?? line.endIndex
        let keyword = String(decoding: line[..<keywordEnd].map(ASCII.uppercased), as: UTF8.self)
        let rest = keywordEnd < line.endIndex ? Array(line[(keywordEnd + 1)...]) : []
        // Only a password may have spaces of its own; elsewhere clients are known to send one at the end.
        let words = rest.split(separator: 0x20).map(Array.init)
        switch (keyword, words.count) {
        case ("USER", 1...): return .success(.user(trimmed(rest)))
        case ("PASS", _) where !rest.isEmpty: return .success(.pass(Secret(rest)))
        case ("AUTH", 0): return .success(.auth(nil, initialResponse: nil))
        case ("AUTH", 1...2):
            guard let name = MechanismName(String(decoding: words[0], as: UTF8.self)) else {
                return .failure(POP3SyntaxError("No such mechanism"))
            }
            return .success(.auth(name, initialResponse: words.count == 2 ? words[1] : nil))
        case ("CAPA", 0): return .success(.capabilities)
        case ("STLS", 0): return .success(.startTLS)
        case ("STAT", 0): return .success(.status)
        case ("LIST", 0): return .success(.list(nil))
        case ("UIDL", 0): return .success(.uniqueIDList(nil))
        case ("LIST", 1): return number(words[0]).map { .list($0) }
        case ("UIDL", 1): return number(words[0]).map { .uniqueIDList($0) }
        case ("RETR", 1): return number(words[0]).map { .retrieve($0) }
        case ("DELE", 1): return number(words[0]).map { .delete($0) }
        case ("TOP", 2):
            switch (number(words[0]), decimal(words[1])) {
            case (.success(let message), let lines?): return .success(.top(message, lines: lines))
            default: return .failure(POP3SyntaxError("TOP takes a message's number and a number of lines"))
            }
        case ("NOOP", 0): return .success(.noOperation)
        case ("RSET", 0): return .success(.reset)
        case ("QUIT", 0): return .success(.quit)
        case ("USER", _), ("PASS", _), ("AUTH", _), ("CAPA", _), ("STLS", _), ("STAT", _), ("LIST", _), ("UIDL", _),
            ("RETR", _), ("DELE", _), ("TOP", _), ("NOOP", _), ("RSET", _), ("QUIT", _):
            return .failure(POP3SyntaxError("Wrong number of arguments"))
        default:
            return .failure(POP3SyntaxError("Unknown command"))
        }
    }

    private static func trimmed(_ octets: [UInt8]) -> [UInt8] {
        guard let end = octets.lastIndex(where: { $0 != 0x20 }) else { return [] }
        return Array(octets[...end])
    }

    private static func number(_ digits: [UInt8]) -> Result<Int, POP3SyntaxError> {
        guard let value = decimal(digits), value > 0 else {
            return .failure(POP3SyntaxError("A message's number is due"))
        }
        return .success(value)
    }

    /// At most nine digits: no maildrop is larger.
    private static func decimal(_ digits: [UInt8]) -> Int? {
        guard (1...9).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}

/// What is wrong with a command line, in words for the client.
struct POP3SyntaxError: Error, Hashable, Sendable {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}
