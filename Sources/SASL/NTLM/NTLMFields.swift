/// Reads an NTLM message, whose values stand at offsets that the peer names. Nothing is read before its offset and length are
/// checked against the message.
struct NTLMReader: Sendable {
    /// `NTLMSSP` and a zero octet.
    static let signature = Array("NTLMSSP\0".utf8)

    let octets: [UInt8]

    /// - Returns: `nil` unless the message begins with the signature and this type, and has as many octets.
    init?(_ octets: [UInt8], type: UInt32, minimumOctets: Int, maximumOctets: Int) {
        self.octets = octets
        guard (minimumOctets...maximumOctets).contains(octets.count), octets.starts(with: Self.signature),
            self.uint32(at: 8) == type
        else { return nil }
    }

    func uint16(at offset: Int) -> UInt16? {
        guard let octets = self.slice(at: offset, count: 2) else { return nil }
        return octets.reversed().reduce(0) { $0 << 8 | UInt16($1) }
    }

    func uint32(at offset: Int) -> UInt32? {
        guard let octets = self.slice(at: offset, count: 4) else { return nil }
        return octets.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    func slice(at offset: Int, count: Int) -> ArraySlice<UInt8>? {
        guard offset >= 0, count >= 0, count <= self.octets.count, offset <= self.octets.count - count else {
            return nil
        }
        return self.octets[offset..<offset + count]
    }

    /// The value whose length, capacity and offset stand here; the offset does not matter where the length is zero.
    ///
    /// - Returns: `nil` where the value reaches beyond the message or into its header.
    func payload(at offset: Int, headerOctets: Int) -> ArraySlice<UInt8>? {
        guard let length = self.uint16(at: offset), let start = self.uint32(at: offset + 4) else { return nil }
        guard length > 0 else { return [] }
        // 32 bits fit on every platform of ours; exactly, so that a smaller one could not wrap.
        guard let start = Int(exactly: start), start >= headerOctets else { return nil }
        return self.slice(at: start, count: Int(length))
    }
}

/// Writes an NTLM message: a header with lengths and offsets, and the values behind it.
struct NTLMWriter: Sendable {
    private var header: [UInt8]
    private var values: [UInt8] = []
    private let headerOctets: Int

    /// - Parameter headerOctets: Where the values begin. A shorter header is filled up with zeros.
    init(type: UInt32, headerOctets: Int) {
        self.headerOctets = headerOctets
        self.header = NTLMReader.signature
        self.append(type)
    }

    mutating func append(_ value: UInt32) {
        for shift in [UInt32(0), 8, 16, 24] {
            self.header.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    mutating func append(_ octets: [UInt8]) {
        self.header += octets
    }

    /// Puts the value behind the header, and its length and offset here. Values have fewer than 65,536 octets.
    mutating func appendField(_ value: [UInt8]) {
        let length = UInt16(clamping: value.count)
        for _ in 0..<2 {
            self.header.append(UInt8(truncatingIfNeeded: length))
            self.header.append(UInt8(truncatingIfNeeded: length >> 8))
        }
        self.append(UInt32(clamping: self.headerOctets + self.values.count))
        self.values += value
    }

    var message: [UInt8] {
        self.header + Array(repeating: 0, count: max(0, self.headerOctets - self.header.count)) + self.values
    }
}
