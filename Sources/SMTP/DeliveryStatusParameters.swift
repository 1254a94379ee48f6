/// For which outcomes the submitter wants a delivery status notification (`NOTIFY`, RFC 3461 §4.1).
public struct DSNNotify: OptionSet, Hashable, Sendable, CustomStringConvertible {
    public var rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// No notification at all; excludes the others.
    public static let never = DSNNotify(rawValue: 1)
    public static let success = DSNNotify(rawValue: 2)
    public static let failure = DSNNotify(rawValue: 4)
    public static let delay = DSNNotify(rawValue: 8)

    /// The parameter's value as sent: `NEVER` or a comma-separated list.
    public var description: String {
        if self.contains(.never) { return "NEVER" }
        var names: [String] = []
        if self.contains(.success) { names.append("SUCCESS") }
        if self.contains(.failure) { names.append("FAILURE") }
        if self.contains(.delay) { names.append("DELAY") }
        return names.joined(separator: ",")
    }
}

/// How much of the message a notification of failure returns (`RET`, RFC 3461 §4.3).
public enum DSNReturn: String, Hashable, Sendable, Codable {
    case full = "FULL"
    case headers = "HDRS"
}

/// The recipient as the original sender named it (`ORCPT`, RFC 3461 §4.2).
public struct OriginalRecipient: Hashable, Sendable, CustomStringConvertible {
    /// Registered address type, lower case: `rfc822`, `utf-8`.
    public var addressType: String
    /// The address, xtext decoded.
    public var address: String

    public init(addressType: String, address: String) {
        self.addressType = addressType
        self.address = address
    }

    /// `rfc822;user@example.org`, as it stands in a DSN's `Original-Recipient`.
    public var description: String { "\(self.addressType);\(self.address)" }
}

/// What the body of a message may contain (`BODY`, RFC 6152 §2).
public enum BodyType: String, Hashable, Sendable, Codable {
    case sevenBit = "7BIT"
    case eightBitMIME = "8BITMIME"
}
