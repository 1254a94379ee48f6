/// The unit of the protocol, both ways: a 32-bit length in network order, which counts what follows, one octet that says what it is, and data.
///
///     00 00 00 01 63            a filter's "continue"
///     00 00 00 06 72 61 62 …    "r" would be a refusal, and has no data
public struct MilterPacket: Hashable, Sendable {
    /// The command or response code: an ASCII letter, digit or sign (`mfdef.h`, `SMFIC_…` and `SMFIR_…`).
    public var code: UInt8
    /// What follows the code.
    public var data: [UInt8]

    /// Creates a packet.
    public init(code: UInt8, data: [UInt8] = []) {
        self.code = code
        self.data = data
    }

    /// The octets on the wire.
    public var octets: [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(5 + self.data.count)
        octets.append(milterInteger: UInt32(clamping: self.data.count + 1))
        octets.append(self.code)
        octets += self.data
        return octets
    }
}

/// Cuts the octets of a filter into packets. They may come in pieces of any length.
///
/// Holds one packet of ``MilterLimits/packetOctets`` and the piece given last, at most: take out all packets after each piece.
public struct MilterPacketDecoder: Sendable {
    private let maximumOctets: Int
    private var buffer: [UInt8] = []
    private var start = 0
    private var failure: MilterFailure?

    /// Creates a decoder at the start of a connection.
    public init(maximumOctets: Int = MilterLimits().packetOctets) {
        self.maximumOctets = maximumOctets
    }

    /// Takes the next piece.
    public mutating func receive(_ octets: some Sequence<UInt8>) {
        guard self.failure == nil else { return }
        if self.start > 0 {
            self.buffer.removeFirst(self.start)
            self.start = 0
        }
        self.buffer.append(contentsOf: octets)
    }

    /// The next packet; nil until more octets came.
    ///
    /// - Throws: ``MilterFailure/Code-swift.struct/packetTooLarge`` as soon as the length is known, and
    ///   ``MilterFailure/Code-swift.struct/emptyPacket``. The framing is lost then: every later call throws the same.
    public mutating func next() throws(MilterFailure) -> MilterPacket? {
        if let failure = self.failure { throw failure }
        let available = self.buffer.count - self.start
        guard available >= 4 else { return nil }
        let length = Int(self.buffer[self.start..<(self.start + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
        guard length > 0 else { throw self.fail(.emptyPacket, "") }
        guard length <= self.maximumOctets else { throw self.fail(.packetTooLarge, "\(length) octets") }
        guard available - 4 >= length else { return nil }
        let body = self.start + 4
        let packet = MilterPacket(code: self.buffer[body], data: Array(self.buffer[(body + 1)..<(body + length)]))
        self.start = body + length
        if self.start == self.buffer.count {
            self.buffer.removeAll(keepingCapacity: self.buffer.capacity <= 128 << 10)
            self.start = 0
        }
        return packet
    }

    /// Whether octets of an unfinished packet wait.
    public var isInsidePacket: Bool { self.start < self.buffer.count }

    private mutating func fail(_ code: MilterFailure.Code, _ detail: String) -> MilterFailure {
        let failure = MilterFailure(code, detail)
        self.failure = failure
        self.buffer = []
        self.start = 0
        return failure
    }
}

extension [UInt8] {
    /// Appends 32 bits in network order.
    mutating func append(milterInteger value: UInt32) {
        self.append(UInt8(truncatingIfNeeded: value >> 24))
        self.append(UInt8(truncatingIfNeeded: value >> 16))
        self.append(UInt8(truncatingIfNeeded: value >> 8))
        self.append(UInt8(truncatingIfNeeded: value))
    }

    /// Appends octets and the NUL that ends them. A NUL among them would end them early, and becomes `?`.
    mutating func append(milterString octets: some Sequence<UInt8>) {
        for octet in octets { self.append(octet == 0 ? 0x3F : octet) }
        self.append(0)
    }
}
