internal import Crypto

/// A SHA-256 hash: a link of the audit chain, or what stands for content that was dropped.
package struct AuditHash: Hashable, Sendable, CustomStringConvertible {
    package static let octetCount = 32
    /// Before the first record; also the commitment of a record without personal fields.
    package static let zero = AuditHash(0, 0, 0, 0)

    // Four words and not an array: a verification makes millions of these.
    private var words: (UInt64, UInt64, UInt64, UInt64)

    private init(_ first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64) {
        self.words = (first, second, third, fourth)
    }

    /// nil unless there are 32 octets.
    package init?(_ octets: UnsafeRawBufferPointer) {
        guard octets.count == Self.octetCount else { return nil }
        self.init(0, 0, 0, 0)
        withUnsafeMutableBytes(of: &self.words) { $0.copyMemory(from: octets) }
    }

    /// nil unless there are 32 octets.
    package init?(_ octets: [UInt8]) {
        guard let hash = octets.withUnsafeBytes({ AuditHash($0) }) else { return nil }
        self = hash
    }

    /// Reads 64 hexadecimal digits; nil for anything else.
    package init?(_ text: some StringProtocol) {
        var octets: [UInt8] = []
        var high: UInt8?
        for digit in text.utf8 {
            let value: UInt8
            switch digit {
            case 0x30...0x39: value = digit - 0x30
            case 0x61...0x66: value = digit - 0x61 + 10
            case 0x41...0x46: value = digit - 0x41 + 10
            default: return nil
            }
            guard octets.count < Self.octetCount else { return nil }
            if let first = high {
                octets.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        guard high == nil else { return nil }
        self.init(octets)
    }

    init(digest: SHA256.Digest) {
        self.init(0, 0, 0, 0)
        digest.withUnsafeBytes { digest in
            withUnsafeMutableBytes(of: &self.words) { $0.copyMemory(from: digest) }
        }
    }

    package var octets: [UInt8] { self.withUnsafeBytes { Array($0) } }

    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try Swift.withUnsafeBytes(of: self.words, body)
    }

    package static func == (first: AuditHash, second: AuditHash) -> Bool { first.words == second.words }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(self.words.0)
        hasher.combine(self.words.1)
    }

    /// Hexadecimal.
    package var description: String {
        self.octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
