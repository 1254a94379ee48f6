/// A domain name as DNS holds it: labels of any octets, compared without the case of ASCII letters (RFC 1035 §2.3,
/// RFC 4343).
public struct DNSName: Sendable {
    /// The name in wire form without compression: each label after its length, then a zero.
    public let wire: [UInt8]

    /// The most octets of a name in wire form (RFC 1035 §2.3.4).
    public static let maximumWireOctets = 255
    /// The root, `.`.
    public static let root = DNSName(checked: [0])

    private init(checked wire: [UInt8]) {
        self.wire = wire
    }

    /// Reads a name from text (RFC 1035 §5.1): labels with dots between, `\.` and `\065` escapes; it is taken as
    /// absolute, with or without the trailing dot.
    ///
    /// - Returns: nil when a label is empty or longer than 63 octets, the name longer than 255, or an octet is above 127:
    ///   U-labels must become A-labels first.
    public init?(_ text: some StringProtocol) {
        let octets = Array(text.utf8.prefix(4 * Self.maximumWireOctets + 1))
        guard !octets.isEmpty, octets != [UInt8(ascii: ".")] else {
            if octets.isEmpty { return nil }
            self = .root
            return
        }
        var labels: [[UInt8]] = []
        var label: [UInt8] = []
        var index = 0
        var endedWithDot = false
        while index < octets.count {
            var octet = octets[index]
            index += 1
            endedWithDot = octet == UInt8(ascii: ".")
            if endedWithDot {
                labels.append(label)
                label = []
                continue
            }
            guard octet > 0x20, octet < 0x7F else { return nil }
            if octet == UInt8(ascii: "\\") {
                guard let (value, length) = Self.escape(octets[index...]) else { return nil }
                octet = value
                index += length
            }
            label.append(octet)
        }
        if !endedWithDot { labels.append(label) }
        self.init(labels: labels)
    }

    /// Makes a name from its labels, the topmost last; nil when a label is empty or longer than 63 octets, or the name is
    /// too long.
    public init?(labels: some Sequence<[UInt8]>) {
        var wire: [UInt8] = []
        for label in labels {
            guard (1...63).contains(label.count) else { return nil }
            wire.append(UInt8(truncatingIfNeeded: label.count))
            wire += label
        }
        wire.append(0)
        guard wire.count <= Self.maximumWireOctets else { return nil }
        self.init(checked: wire)
    }

    /// Takes a name in wire form from the front of `octets`, which then begin after it.
    ///
    /// - Returns: nil, `octets` unchanged, when they hold no whole name or a compressed one.
    public init?(consuming octets: inout ArraySlice<UInt8>) {
        var rest = octets
        while let length = rest.first {
            guard length < 64, rest.count > Int(length) else { return nil }
            rest = rest.dropFirst(Int(length) + 1)
            let count = octets.count - rest.count
            guard count <= Self.maximumWireOctets else { return nil }
            guard length == 0 else { continue }
            self.init(checked: Array(octets.prefix(count)))
            octets = rest
            return
        }
        return nil
    }

    private static func escape(_ octets: ArraySlice<UInt8>) -> (value: UInt8, length: Int)? {
        guard let first = octets.first else { return nil }
        guard first.isDigit else { return first > 0x20 && first < 0x7F ? (first, 1) : nil }
        let digits = octets.prefix(3)
        guard digits.count == 3, digits.allSatisfy(\.isDigit) else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int($1 &- 0x30) }
        return UInt8(exactly: value).map { ($0, 3) }
    }

    /// The labels, the topmost last; none for the root.
    public var labels: [ArraySlice<UInt8>] {
        var labels: [ArraySlice<UInt8>] = []
        var rest = self.wire[...]
        while let length = rest.first, length > 0 {
            rest = rest.dropFirst()
            labels.append(rest.prefix(Int(length)))
            rest = rest.dropFirst(Int(length))
        }
        return labels
    }

    /// Whether it is the root.
    public var isRoot: Bool { self.wire.count == 1 }

    /// The name without its first label, nil for the root.
    public var parent: DNSName? {
        guard let length = self.wire.first, length > 0 else { return nil }
        return DNSName(checked: Array(self.wire.dropFirst(Int(length) + 1)))
    }

    /// The name with another one appended, `a.b` under `example.org`; nil when that is too long.
    public func appending(_ suffix: DNSName) -> DNSName? {
        let wire = self.wire.dropLast() + suffix.wire
        return wire.count <= Self.maximumWireOctets ? DNSName(checked: Array(wire)) : nil
    }

    /// The name with `A`–`Z` made `a`–`z`.
    public var lowercased: DNSName { DNSName(checked: self.wire.map(Self.folded)) }

    /// Whether it is `other` or lies below it.
    public func isInside(_ other: DNSName) -> Bool {
        var candidate: DNSName? = self
        while let name = candidate {
            if name == other { return true }
            candidate = name.parent
        }
        return false
    }

    fileprivate static func folded(_ octet: UInt8) -> UInt8 {
        // A length octet is below 64, so that folding the wire form never touches one.
        octet &- 0x41 < 26 ? octet | 0x20 : octet
    }
}

extension DNSName: Hashable {
    /// Whether both are the same name, when the case of ASCII letters is set aside.
    public static func == (left: DNSName, right: DNSName) -> Bool {
        left.wire.elementsEqual(right.wire) { Self.folded($0) == Self.folded($1) }
    }

    /// Feeds what `==` compares.
    public func hash(into hasher: inout Hasher) {
        for octet in self.wire { hasher.combine(Self.folded(octet)) }
    }
}

extension DNSName: CustomStringConvertible {
    /// The name without trailing dot, special octets escaped; `.` for the root. Parsing it gives the same name.
    public var description: String {
        guard !self.isRoot else { return "." }
        var text: [UInt8] = []
        for (position, label) in self.labels.enumerated() {
            if position > 0 { text.append(UInt8(ascii: ".")) }
            for octet in label {
                switch octet {
                case UInt8(ascii: "."), UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: ";"), UInt8(ascii: "("),
                    UInt8(ascii: ")"), UInt8(ascii: "@"), UInt8(ascii: "$"):
                    text += [UInt8(ascii: "\\"), octet]
                case 0x21...0x7E:
                    text.append(octet)
                default:
                    text.append(UInt8(ascii: "\\"))
                    text += [octet / 100, octet / 10 % 10, octet % 10].map { $0 + 0x30 }
                }
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
