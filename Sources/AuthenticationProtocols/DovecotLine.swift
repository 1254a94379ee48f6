/// One line of Dovecot's authentication protocol, without its line feed: a command and its parameters, separated by tabs.
///
///     AUTH⇥1⇥PLAIN⇥service=smtp⇥secured⇥rip=192.0.2.1⇥resp=AGFsaWNlAHNlY3JldA==
///
/// On the wire NUL, 0x01, tab, CR and LF within a parameter are 0x01 followed by `0`, `1`, `t`, `r` and `l`. Here parameters are always
/// without these escapes.
///
/// - SeeAlso: Dovecot's "Authentication Protocol", version 1.2.
public struct DovecotLine: Hashable, Sendable {
    /// A command's name, compared octet for octet; an open set.
    public struct Command: Hashable, Sendable, CustomStringConvertible {
        public let octets: [UInt8]

        public init(_ octets: some Sequence<UInt8>) {
            self.octets = Array(octets)
        }

        public init(_ name: String) {
            self.octets = Array(name.utf8)
        }

        public static let version = Command("VERSION")
        public static let clientProcess = Command("CPID")
        public static let serverProcess = Command("SPID")
        public static let connection = Command("CUID")
        public static let cookie = Command("COOKIE")
        public static let mechanism = Command("MECH")
        public static let done = Command("DONE")
        public static let authenticate = Command("AUTH")
        /// Of both sides: a challenge, and the response to one.
        public static let `continue` = Command("CONT")
        public static let cancel = Command("CANCEL")
        public static let succeeded = Command("OK")
        public static let failed = Command("FAIL")

        public var description: String { String(decoding: self.octets, as: UTF8.self) }
    }

    /// The longest line in octets, without its line feed, that either side must expect.
    public static let maximumOctets = 16_384
    /// Many times what any client sends; more would only take memory.
    public static let maximumParameters = 128

    private static let tab: UInt8 = 0x09
    private static let escape: UInt8 = 0x01

    public var command: Command
    /// What follows the command, without escapes.
    public var parameters: [[UInt8]]

    public init(_ command: Command, _ parameters: [[UInt8]] = []) {
        self.command = command
        self.parameters = parameters
    }

    /// The same from texts.
    public init(_ command: Command, _ parameters: String...) {
        self.init(command, parameters.map { Array($0.utf8) })
    }

    /// Takes a line apart.
    ///
    /// - Parameter line: Without its line feed.
    /// - Throws: When there are more than ``maximumParameters``. Every other line is one, of an unknown command perhaps.
    public init(parsing line: some Collection<UInt8>) throws(ProtocolFault) {
        var fields: [[UInt8]] = []
        var field: [UInt8] = []
        var isEscaped = false
        for octet in line {
            if isEscaped {
                isEscaped = false
                field.append(Self.unescaped(octet))
            } else if octet == Self.escape {
                isEscaped = true
            } else if octet == Self.tab {
                guard fields.count < Self.maximumParameters else { throw ProtocolFault("too many parameters") }
                fields.append(field)
                field = []
            } else {
                field.append(octet)
            }
        }
        fields.append(field)
        self.command = Command(fields.removeFirst())
        self.parameters = fields
    }

    private static func unescaped(_ octet: UInt8) -> UInt8 {
        switch octet {
        case UInt8(ascii: "0"): 0x00
        case UInt8(ascii: "1"): 0x01
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "l"): 0x0A
        default: octet
        }
    }

    /// The line as it goes over the wire, with escapes and its line feed.
    public var encoded: [UInt8] {
        var octets: [UInt8] = []
        Self.append(self.command.octets, to: &octets)
        for parameter in self.parameters {
            octets.append(Self.tab)
            Self.append(parameter, to: &octets)
        }
        octets.append(0x0A)
        return octets
    }

    private static func append(_ field: [UInt8], to octets: inout [UInt8]) {
        for octet in field {
            switch octet {
            case 0x00: octets += [Self.escape, UInt8(ascii: "0")]
            case 0x01: octets += [Self.escape, UInt8(ascii: "1")]
            case 0x09: octets += [Self.escape, UInt8(ascii: "t")]
            case 0x0A: octets += [Self.escape, UInt8(ascii: "l")]
            case 0x0D: octets += [Self.escape, UInt8(ascii: "r")]
            default: octets.append(octet)
            }
        }
    }

    /// The value of the first parameter `name=value`; nil where there is none.
    public func value(of name: String) -> [UInt8]? {
        let prefix = Array(name.utf8) + [UInt8(ascii: "=")]
        return self.parameters.first { $0.starts(with: prefix) }.map { Array($0.dropFirst(prefix.count)) }
    }

    /// Whether the parameter `name`, one without a value, is there.
    public func contains(_ name: String) -> Bool {
        self.parameters.contains { $0.elementsEqual(name.utf8) }
    }

    /// A parameter that is a decimal number, such as a request's identifier; nil for anything else, also when it is over 32 bits.
    public static func number(_ parameter: [UInt8]?) -> UInt32? {
        guard let parameter, (1...10).contains(parameter.count) else { return nil }
        var value: UInt64 = 0
        for octet in parameter {
            guard (0x30...0x39).contains(octet) else { return nil }
            value = value * 10 + UInt64(octet - 0x30)
        }
        return UInt32(exactly: value)
    }
}
