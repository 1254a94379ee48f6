public import SASL

/// A request of saslauthd's protocol: a program that has a login name and a password asks whether they belong together.
///
/// On the wire, four strings, each behind its length as 16 bits in network order:
///
///     0005 alice 0006 secret 0004 smtp 000b example.org
///
/// Answered by one such string that begins with `OK` or `NO`. A connection carries one request.
public struct SaslauthdRequest: Sendable {
    /// Without the realm, where Cyrus SASL found one in the name.
    public var login: [UInt8]
    public var password: Secret
    /// What the program is: `smtp`, `imap`.
    public var service: [UInt8]
    /// What stood behind the last `@` of the name, or what the program was set up with; empty where it has none.
    public var realm: [UInt8]

    public init(login: [UInt8], password: Secret, service: [UInt8] = [], realm: [UInt8] = []) {
        self.login = login
        self.password = password
        self.service = service
        self.realm = realm
    }

    /// The name and its realm together: `alice@example.org`.
    public var qualifiedLogin: [UInt8] {
        let at = UInt8(ascii: "@")
        return self.realm.isEmpty || self.login.contains(at) ? self.login : self.login + [at] + self.realm
    }
}

/// Reads one ``SaslauthdRequest`` off a stream of octets. Holds at most four strings of ``maximumOctets``.
public struct SaslauthdRequestDecoder: Sendable {
    /// The longest string; Cyrus SASL sends none over 256.
    public static let maximumOctets = 1_024

    private var strings: [[UInt8]] = []
    /// The first octet of a length, while the second is due.
    private var highOctet: UInt8?
    /// How many octets of the string under way are due; nil while its length is.
    private var remaining: Int?
    private var string: [UInt8] = []
    private var isDone = false

    public init() {}

    /// Takes octets as they arrived, cut anywhere. What follows the request is not looked at.
    ///
    /// - Returns: The request, once, when it is whole.
    /// - Throws: When a string is too long.
    public mutating func receive(_ octets: some Sequence<UInt8>) throws(ProtocolFault) -> SaslauthdRequest? {
        for octet in octets {
            guard self.strings.count < 4 else { break }
            if let remaining = self.remaining {
                self.string.append(octet)
                self.remaining = remaining - 1
            } else if let high = self.highOctet {
                let count = Int(high) << 8 | Int(octet)
                guard count <= Self.maximumOctets else { throw ProtocolFault("a string of \(count) octets") }
                self.highOctet = nil
                self.remaining = count
            } else {
                self.highOctet = octet
            }
            if self.remaining == 0 {
                self.strings.append(self.string)
                self.string = []
                self.remaining = nil
            }
        }
        guard self.strings.count == 4, !self.isDone else { return nil }
        self.isDone = true
        defer { self.strings = Array(repeating: [], count: 4) }
        return SaslauthdRequest(
            login: self.strings[0],
            password: Secret(self.strings[1]),
            service: self.strings[2],
            realm: self.strings[3]
        )
    }
}

/// The answer to a ``SaslauthdRequest``. A server in trouble gives none and closes the connection: there is no word for "not now".
public enum SaslauthdReply: Hashable, Sendable {
    case accepted
    /// The text is for a log: Cyrus SASL does not show it to clients.
    case refused(String)

    /// As it goes over the wire.
    public var encoded: [UInt8] {
        let text: [UInt8]
        switch self {
        case .accepted: text = Array("OK".utf8)
        case .refused(let reason): text = Array("NO \(reason)".utf8.prefix(SaslauthdRequestDecoder.maximumOctets))
        }
        return [UInt8(truncatingIfNeeded: text.count >> 8), UInt8(truncatingIfNeeded: text.count)] + text
    }
}
