internal import MailSyntax

/// What about a message some way of transport would change, which would break signatures (RFC 6376 §5.3).
public struct TransportHazards: OptionSet, Hashable, Sendable, CustomStringConvertible {
    /// One bit for each.
    public let rawValue: UInt8

    /// A set from its bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The body has octets above 127: it must go by 8BITMIME, never converted.
    public static let eightBitBody = TransportHazards(rawValue: 1)
    /// The header has octets above 127: it must go by SMTPUTF8, never downgraded.
    public static let utf8Header = TransportHazards(rawValue: 2)
    /// A CR or LF stands alone: servers refuse it or change it.
    public static let bareLineEnding = TransportHazards(rawValue: 4)
    /// A line has more than 998 octets before its CRLF (RFC 5321 §4.5.3.1.6): servers may break it.
    public static let longLine = TransportHazards(rawValue: 8)
    /// There is a NUL.
    public static let nul = TransportHazards(rawValue: 16)
    /// The last line lacks its CRLF. It gets one when it is sent by DATA, which no signature minds.
    public static let missingLineEnding = TransportHazards(rawValue: 32)

    /// The hazards in words.
    public var description: String {
        let names: [(TransportHazards, String)] = [
            (.eightBitBody, "8-bit body"), (.utf8Header, "UTF-8 header"), (.bareLineEnding, "bare CR or LF"),
            (.longLine, "line over 998 octets"), (.nul, "NUL"), (.missingLineEnding, "no CRLF at the end"),
        ]
        return names.filter { self.contains($0.0) }.map(\.1).joined(separator: ", ")
    }
}

/// Looks for ``TransportHazards`` in a message that comes in pieces.
struct TransportScanner: Hashable, Sendable {
    private(set) var hazards: TransportHazards = []
    private var lineLength = 0
    private var previousIsReturn = false

    private static let maximumLine = 998

    mutating func receive(_ chunk: UnsafeRawBufferPointer, isBody: Bool) {
        guard let base = chunk.baseAddress else { return }
        let count = chunk.count
        let highs: UInt64 = 0x8080_8080_8080_8080
        let controls: UInt64 = 0x0E0E_0E0E_0E0E_0E0E
        var gathered: UInt64 = 0
        var index = 0
        while index < count {
            // Eight octets at a time as long as none can be CR, LF or NUL.
            if !self.previousIsReturn {
                let start = index
                while index &+ 8 <= count {
                    let word = base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                    if (word &- controls) & ~word & highs != 0 { break }
                    gathered |= word
                    index &+= 8
                }
                self.lineLength &+= index &- start
            }
            let end = min(index &+ 8, count)
            while index < end {
                let octet = base.load(fromByteOffset: index, as: UInt8.self)
                gathered |= UInt64(octet)
                self.receive(octet)
                index &+= 1
            }
            // A CR that may end the line does not count.
            if self.lineLength &- (self.previousIsReturn ? 1 : 0) > Self.maximumLine { self.hazards.insert(.longLine) }
        }
        if gathered & highs != 0 { self.hazards.insert(isBody ? .eightBitBody : .utf8Header) }
    }

    private mutating func receive(_ octet: UInt8) {
        if octet == ASCII.lf {
            if self.previousIsReturn {
                self.lineLength &-= 1
                if self.lineLength > Self.maximumLine { self.hazards.insert(.longLine) }
            } else {
                self.hazards.insert(.bareLineEnding)
            }
            self.lineLength = 0
            self.previousIsReturn = false
            return
        }
        if self.previousIsReturn { self.hazards.insert(.bareLineEnding) }
        self.previousIsReturn = octet == ASCII.cr
        if octet == ASCII.nul { self.hazards.insert(.nul) }
        self.lineLength &+= 1
    }

    mutating func finish() {
        if self.previousIsReturn { self.hazards.insert(.bareLineEnding) }
        if self.lineLength > 0 { self.hazards.insert(.missingLineEnding) }
    }
}
