internal import Crypto

/// A large set of password hashes in little space: a Golomb-coded set of the first 64 bits of each SHA-1.
///
/// Of `count` hashes, spread evenly over `count · 2^bits` values, the sorted differences are kept in Golomb-Rice code: about `bits + 1.5` bits
/// a hash. A password of the set is always found; of the others one in `2^bits` is taken for one of the set. An index entry every
/// ``blockEntries`` hashes makes a look-up read a few pages of the file and nothing else.
///
/// ```
/// octets  0–7    "GPBREACH"
///         8–11   version, 1        12–15  bits
///        16–23   count             24–31  octets of data
///        32–     index: for each block its first value and the bit at which the block's differences begin, 8 octets each
///                data
/// ```
/// Numbers are little-endian.
package struct BreachedPasswordSet: Sendable {
    package struct Damaged: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    package static let headerOctets = 32
    package static let blockEntries = 256
    private static let magic = Array("GPBREACH".utf8)

    package let bits: Int
    package let count: UInt64
    private let dataOctets: UInt64

    /// The octets of a whole file.
    package var fileOctets: UInt64 { self.dataOffset + self.dataOctets }
    package var blocks: UInt64 { (self.count + UInt64(Self.blockEntries) - 1) / UInt64(Self.blockEntries) }
    private var dataOffset: UInt64 { UInt64(Self.headerOctets) + 16 * self.blocks }

    /// Reads a file's first ``headerOctets`` octets.
    package init(header: [UInt8]) throws(Damaged) {
        guard header.count >= Self.headerOctets, Array(header.prefix(8)) == Self.magic else {
            throw Damaged(description: "is no list of breached passwords: 'gatepost passwords build-filter' makes one")
        }
        guard Self.number(header[8..<12]) == 1 else {
            throw Damaged(description: "is of a later version")
        }
        let bits = Self.number(header[12..<16])
        let count = Self.number(header[16..<24])
        let data = Self.number(header[24..<32])
        guard (1...24).contains(bits), count <= 1 << 39, data <= 1 << 44 else {
            throw Damaged(description: "has impossible sizes")
        }
        self.bits = Int(bits)
        self.count = count
        self.dataOctets = data
    }

    /// The first 64 bits of a password's SHA-1.
    package static func head(of password: some Sequence<UInt8>) -> UInt64 {
        Insecure.SHA1.hash(data: Array(password)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Whether the set holds the hash, or seems to.
    ///
    /// - Parameter read: Reads octets of the file at an offset; fewer than asked for at its end.
    package func contains(_ head: UInt64, read: (_ offset: UInt64, _ count: Int) throws -> [UInt8]) throws -> Bool {
        guard self.count > 0 else { return false }
        let value = Self.value(of: head, count: self.count, bits: self.bits)
        var (low, high) = (UInt64(0), self.blocks)
        // The last block that begins at or below the value.
        while low < high {
            let middle = low + (high - low) / 2
            if try self.block(middle, read).first <= value { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return false }
        return try self.block(low - 1, holds: value, read)
    }

    private func block(
        _ number: UInt64,
        _ read: (UInt64, Int) throws -> [UInt8]
    ) throws -> (first: UInt64, bit: UInt64) {
        let entry = try read(UInt64(Self.headerOctets) + 16 * number, 16)
        guard entry.count == 16 else { throw Damaged(description: "is cut off in its index") }
        return (Self.number(entry[0..<8]), Self.number(entry[8..<16]))
    }

    private func block(
        _ number: UInt64,
        holds value: UInt64,
        _ read: (UInt64, Int) throws -> [UInt8]
    ) throws -> Bool {
        let (first, start) = try self.block(number, read)
        let end = number + 1 < self.blocks ? try self.block(number + 1, read).bit : self.dataOctets * 8
        // A block of 256 differences whose sum is far below 2^64: more would be damage.
        guard start <= end, end <= self.dataOctets * 8, end - start <= 1 << 24 else {
            throw Damaged(description: "has an index that does not fit")
        }
        let octets = try read(self.dataOffset + start / 8, Int((end + 7) / 8 - start / 8))
        var bits = BitReader(octets: octets, position: Int(start % 8))
        let entries = min(UInt64(Self.blockEntries), self.count - number * UInt64(Self.blockEntries))
        var current = first
        if current == value { return true }
        for _ in 1..<max(1, entries) {
            guard let difference = bits.next(remainderBits: self.bits) else {
                throw Damaged(description: "is cut off in its data")
            }
            let (sum, overflow) = current.addingReportingOverflow(difference)
            guard !overflow else { throw Damaged(description: "has a difference that is too large") }
            current = sum
            if current >= value { return current == value }
        }
        return false
    }

    /// Spreads 64-bit hashes over the values; keeps their order.
    static func value(of head: UInt64, count: UInt64, bits: Int) -> UInt64 {
        head.multipliedFullWidth(by: count << UInt64(bits)).high
    }

    private static func number(_ octets: ArraySlice<UInt8>) -> UInt64 {
        octets.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    fileprivate static func octets(_ number: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
    }
}

extension BreachedPasswordSet {
    /// Writes a set, hash after hash, without holding it.
    package struct Encoder: Sendable {
        package let bits: Int
        package let count: UInt64
        private var entries: UInt64 = 0
        private var last: UInt64 = 0
        private var pending = BitWriter()
        private var writtenBits: UInt64 = 0

        /// - Parameters:
        ///   - count: Exactly how many hashes will come.
        ///   - bits: One false hit in `2^bits`; 1 to 24.
        package init?(count: UInt64, bits: Int) {
            guard (1...24).contains(bits), count <= 1 << 39 else { return nil }
            self.count = count
            self.bits = bits
        }

        /// Where the data begins in the file.
        package var dataOffset: UInt64 {
            let block = UInt64(BreachedPasswordSet.blockEntries)
            return UInt64(BreachedPasswordSet.headerOctets) + 16 * ((self.count + block - 1) / block)
        }

        /// Takes the next hash, which must not be smaller than the one before.
        ///
        /// - Returns: The index entry that it begins, where it begins one, to be appended to the index.
        package mutating func append(_ head: UInt64) -> [UInt8]? {
            let value = BreachedPasswordSet.value(of: head, count: self.count, bits: self.bits)
            defer {
                self.last = value
                self.entries += 1
            }
            if self.entries.isMultiple(of: UInt64(BreachedPasswordSet.blockEntries)) {
                let bit = self.writtenBits + UInt64(self.pending.count)
                return BreachedPasswordSet.octets(value, 8) + BreachedPasswordSet.octets(bit, 8)
            }
            self.pending.append(value >= self.last ? value - self.last : 0, remainderBits: self.bits)
            return nil
        }

        /// Whole octets of data that are complete.
        package mutating func takeData() -> [UInt8] {
            let octets = self.pending.takeWholeOctets()
            self.writtenBits += UInt64(octets.count) * 8
            return octets
        }

        /// The last octet, and the header, which is written when everything else is.
        package mutating func finish() -> (data: [UInt8], header: [UInt8]) {
            let rest = self.pending.takeEverything()
            let total = self.writtenBits / 8 + UInt64(rest.count)
            let header =
                BreachedPasswordSet.magic + BreachedPasswordSet.octets(1, 4)
                + BreachedPasswordSet.octets(UInt64(self.bits), 4) + BreachedPasswordSet.octets(self.count, 8)
                + BreachedPasswordSet.octets(total, 8)
            return (rest, header)
        }
    }
}

/// Golomb-Rice code: the quotient in ones ended by a zero, then the remainder, high bit first.
private struct BitReader {
    let octets: [UInt8]
    var position: Int

    mutating func next(remainderBits: Int) -> UInt64? {
        var quotient: UInt64 = 0
        while true {
            guard let bit = self.bit() else { return nil }
            if bit == 0 { break }
            quotient += 1
        }
        var remainder: UInt64 = 0
        for _ in 0..<remainderBits {
            guard let bit = self.bit() else { return nil }
            remainder = remainder << 1 | bit
        }
        return quotient << UInt64(remainderBits) | remainder
    }

    private mutating func bit() -> UInt64? {
        guard self.position / 8 < self.octets.count else { return nil }
        defer { self.position += 1 }
        return UInt64(self.octets[self.position / 8] >> UInt8(7 - self.position % 8) & 1)
    }
}

private struct BitWriter: Sendable {
    private var octets: [UInt8] = []
    private var current: UInt8 = 0
    private var currentBits = 0

    var count: Int { self.octets.count * 8 + self.currentBits }

    mutating func append(_ value: UInt64, remainderBits: Int) {
        for _ in 0..<(value >> UInt64(remainderBits)) { self.append(bit: 1) }
        self.append(bit: 0)
        for shift in stride(from: remainderBits - 1, through: 0, by: -1) {
            self.append(bit: UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 1)
        }
    }

    private mutating func append(bit: UInt8) {
        self.current = self.current << 1 | bit
        self.currentBits += 1
        if self.currentBits == 8 {
            self.octets.append(self.current)
            (self.current, self.currentBits) = (0, 0)
        }
    }

    mutating func takeWholeOctets() -> [UInt8] {
        defer { self.octets.removeAll(keepingCapacity: true) }
        return self.octets
    }

    mutating func takeEverything() -> [UInt8] {
        if self.currentBits > 0 {
            self.octets.append(self.current << UInt8(8 - self.currentBits))
            (self.current, self.currentBits) = (0, 0)
        }
        return self.takeWholeOctets()
    }
}
