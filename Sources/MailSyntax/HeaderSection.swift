/// The header section of a message (RFC 5322 §2.1), field by field, without loss.
///
/// Nothing is dropped or repaired: the lines' octets one after another are the octets that were parsed, up to the empty
/// line. A line that is no field is kept as ``Line/malformed(_:)`` and it is for the caller to refuse it.
public struct HeaderSection: Hashable, Sendable {
    /// A logical line: a first line with the lines folded under it.
    public enum Line: Hashable, Sendable {
        /// A field.
        case field(HeaderField)
        /// What is no field: no colon, a name with other than printable octets, or white space before the first field.
        case malformed([UInt8])

        /// The octets as received.
        public var octets: [UInt8] {
            switch self {
            case .field(let field): field.octets
            case .malformed(let octets): octets
            }
        }
    }

    /// How much a sender may make us hold.
    public struct Limits: Hashable, Sendable {
        /// The most octets of the section, its empty line counted.
        public var maximumOctets: Int
        /// The most logical lines.
        public var maximumLines: Int

        /// Creates limits; the defaults let any honest message through.
        public init(maximumOctets: Int = 1 << 20, maximumLines: Int = 4096) {
            self.maximumOctets = maximumOctets
            self.maximumLines = maximumLines
        }
    }

    /// A limit was exceeded, so the section was not read to its end.
    public enum LimitExceeded: Error, Hashable, Sendable {
        /// More than ``Limits/maximumOctets`` octets before the empty line.
        case octets
        /// More than ``Limits/maximumLines`` lines.
        case lines
    }

    /// The logical lines, first to last.
    public private(set) var lines: [Line] = []
    /// Where the body begins in the octets that were parsed: after the empty line, or their end when there is none.
    public private(set) var bodyOffset = 0
    /// Whether the empty line was found.
    public private(set) var isTerminated = false
    /// Whether a CR or LF stands alone somewhere, which some reader will take for a line ending.
    public private(set) var hasBareLineEnding = false
    /// Whether a NUL stands somewhere.
    public private(set) var hasNUL = false

    /// Reads octets up to the first empty line, or all of them when there is none.
    ///
    /// Only CRLF ends a line (RFC 5321 §2.3.8): a CR or LF alone is part of it, and reported.
    ///
    /// - Complexity: O(n).
    public init(parsing octets: some Collection<UInt8>, limits: Limits = Limits()) throws(LimitExceeded) {
        // One octet more than allowed tells "too long" from "just fits", and bounds the copy.
        let octets = octets.octets(upTo: max(0, min(limits.maximumOctets, Int.max - 1)) + 1)
        var lineStart = 0
        var fieldStart = 0
        var index = 0
        while index < octets.count {
            let octet = octets[index]
            if octet > ASCII.cr {
                index += 1
                continue
            }
            if octet == ASCII.cr, index + 1 < octets.count, octets[index + 1] == ASCII.lf {
                let isEmpty = index == lineStart
                if isEmpty {
                    try self.add(octets[fieldStart..<lineStart], limits)
                    fieldStart = index + 2
                    self.isTerminated = true
                } else if index + 2 < octets.count, !ASCII.isWhitespace(octets[index + 2]) {
                    try self.add(octets[fieldStart..<(index + 2)], limits)
                    fieldStart = index + 2
                }
                index += 2
                lineStart = index
                if isEmpty { break }
                continue
            }
            if octet == ASCII.cr || octet == ASCII.lf { self.hasBareLineEnding = true }
            if octet == ASCII.nul { self.hasNUL = true }
            index += 1
        }
        guard index <= limits.maximumOctets else { throw .octets }
        if !self.isTerminated { try self.add(octets[fieldStart...], limits) }
        self.bodyOffset = index
    }

    private mutating func add(_ octets: ArraySlice<UInt8>, _ limits: Limits) throws(LimitExceeded) {
        guard !octets.isEmpty else { return }
        guard self.lines.count < limits.maximumLines else { throw .lines }
        let octets = Array(octets)
        self.lines.append(HeaderField(received: octets).map { .field($0) } ?? .malformed(octets))
    }

    /// The fields, without the lines that are none.
    public var fields: [HeaderField] {
        self.lines.compactMap { line in
            switch line {
            case .field(let field): field
            case .malformed: nil
            }
        }
    }

    /// The lines that are no fields.
    public var malformed: [[UInt8]] {
        self.lines.compactMap { line in
            switch line {
            case .field: nil
            case .malformed(let octets): octets
            }
        }
    }

    /// The octets of all lines, without the empty line.
    public var octets: [UInt8] { self.lines.flatMap(\.octets) }

    /// All fields of a name, first to last; the case of letters is set aside.
    public func fields(named name: some StringProtocol) -> [HeaderField] {
        self.fields.filter { $0.isNamed(name) }
    }

    /// The first field of a name; the case of letters is set aside.
    public func first(named name: some StringProtocol) -> HeaderField? {
        for case .field(let field) in self.lines where field.isNamed(name) { return field }
        return nil
    }
}
