internal import MailSyntax

/// At which commands macros go along (`mfapi.h`, `SMFIM_…`; libmilter's `smfi_setsymlist`).
public enum MilterStage: UInt32, Hashable, Sendable, CaseIterable {
    case connect = 0
    case helo = 1
    case mail = 2
    case recipient = 3
    case data = 4
    case endOfMessage = 5
    case endOfHeaders = 6

    /// The code of the command that the macros precede.
    var command: UInt8 {
        switch self {
        case .connect: UInt8(ascii: "C")
        case .helo: UInt8(ascii: "H")
        case .mail: UInt8(ascii: "M")
        case .recipient: UInt8(ascii: "R")
        case .data: UInt8(ascii: "T")
        case .endOfMessage: UInt8(ascii: "E")
        case .endOfHeaders: UInt8(ascii: "N")
        }
    }

    /// The names that are sent where the filter does not say which it wants: those that sendmail's documentation lists, and Postfix sends.
    public var defaultMacros: [String] {
        switch self {
        case .connect: ["j", "daemon_name", "daemon_addr", "daemon_port", "v", "_"]
        case .helo: ["tls_version", "cipher", "cipher_bits", "cert_subject", "cert_issuer"]
        case .mail: ["i", "auth_type", "auth_authen", "auth_author", "mail_addr", "mail_host", "mail_mailer"]
        case .recipient: ["i", "rcpt_addr", "rcpt_host", "rcpt_mailer"]
        case .data, .endOfMessage, .endOfHeaders: ["i", "auth_type", "auth_authen"]
        }
    }
}

/// What is known of session and message besides the commands, by name.
///
/// Names are written here without the braces that longer ones have on the wire: `j`, `auth_authen`.
public struct MilterMacros: Hashable, Sendable {
    private var values: [String: String] = [:]

    /// No macros.
    public init() {}

    /// The value of one; nil is not sent. A NUL in it becomes `?`.
    public subscript(name: String) -> String? {
        get { self.values[name] }
        set { self.values[name] = newValue }
    }

    /// Forgets these.
    public mutating func remove(_ names: [String]) {
        for name in names { self.values[name] = nil }
    }

    /// The packet of those in `names` that have a value; nil when none has.
    func packet(for stage: MilterStage, names: [String], maximumOctets: Int) -> MilterPacket? {
        var data = [stage.command]
        for name in names {
            guard let value = self.values[name] else { continue }
            var pair: [UInt8] = []
            pair.append(milterString: (name.utf8.count == 1 ? name : "{\(name)}").utf8)
            pair.append(milterString: value.utf8)
            // One that does not fit is left out: the filter would take the rest of the connection for something else.
            if data.count + pair.count <= maximumOctets { data += pair }
        }
        return data.count > 1 ? MilterPacket(code: UInt8(ascii: "D"), data: data) : nil
    }

    /// The names in a filter's list: separated by blanks or commas, with braces or without.
    static func names(in list: some Sequence<UInt8>) -> [String] {
        list.split { ASCII.isWhitespace($0) || $0 == ASCII.comma || $0 == ASCII.lf || $0 == ASCII.cr }.map { word in
            String(decoding: word.filter { $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: "}") }, as: UTF8.self)
        }
    }
}
