internal import MailSyntax

/// Takes canonical octets as they come.
protocol CanonicalSink {
    /// Valid for the call only.
    mutating func take(_ octets: UnsafeRawBufferPointer)
}

/// Keeps all octets.
struct OctetCollector: CanonicalSink {
    private(set) var octets: [UInt8] = []

    mutating func take(_ octets: UnsafeRawBufferPointer) {
        self.octets.append(contentsOf: octets)
    }
}

/// Brings a body into the form that is hashed, piece by piece (RFC 6376 §3.4.3, §3.4.4).
///
/// What is canonical already goes to the sink in place, without a copy: for most mail that is a whole chunk at a time. Of
/// what came before only counts are kept, so that memory is bounded whatever the body.
struct BodyCanonicalizer: Hashable, Sendable {
    private let isRelaxed: Bool
    /// Line endings that are written only when something follows: those at the end of the body do not count.
    private var pendingLines: UInt64 = 0
    /// White space that is written as one space only when something follows on its line (relaxed).
    private var isSpacePending = false
    /// A CR that ended the last chunk: a line ending if an LF follows, content else.
    private var isReturnPending = false
    /// Whether anything but line endings (and, relaxed, white space before them) has come.
    private var hasContent = false

    init(_ form: DKIM.Canonicalization.Form) {
        self.isRelaxed = form == .relaxed
    }

    /// Takes the next piece, which may end anywhere.
    ///
    /// - Complexity: O(n).
    mutating func receive(_ chunk: UnsafeRawBufferPointer, _ sink: inout some CanonicalSink) {
        guard let base = chunk.baseAddress, !chunk.isEmpty else { return }
        let count = chunk.count
        var index = 0
        if self.isReturnPending {
            self.isReturnPending = false
            if chunk[0] == ASCII.lf {
                self.lineEnded()
                index = 1
            } else {
                self.writePending(&sink)
                self.write([ASCII.cr], &sink)
            }
        }
        // chunk[runStart..<runEnd] is canonical and not yet written. What is pending after it is canonical too, and can
        // be written with it in place, as long as `isVerbatim`.
        var runStart = index
        var runEnd = index
        var isVerbatim = self.pendingLines == 0 && !self.isSpacePending
        while index < count {
            let next = self.firstSpecial(base, index, count)
            if next > index {
                if self.pendingLines > 0 || self.isSpacePending {
                    if isVerbatim {
                        self.pendingLines = 0
                        self.isSpacePending = false
                    } else {
                        self.write(chunk, runStart..<runEnd, &sink)
                        self.writePending(&sink)
                        runStart = index
                    }
                }
                isVerbatim = true
                runEnd = next
                index = next
                self.hasContent = true
                continue
            }
            let octet = chunk[index]
            if octet == ASCII.space || octet == ASCII.tab {
                if self.isSpacePending || octet == ASCII.tab { isVerbatim = false }
                self.isSpacePending = true
                index += 1
            } else if index + 1 == count {
                self.isReturnPending = true
                index += 1
            } else if chunk[index + 1] == ASCII.lf {
                if self.isSpacePending { isVerbatim = false }
                self.lineEnded()
                index += 2
            } else {
                // A CR alone is content like any other octet.
                if self.pendingLines > 0 || self.isSpacePending, !isVerbatim {
                    self.write(chunk, runStart..<runEnd, &sink)
                    self.writePending(&sink)
                    runStart = index
                }
                self.pendingLines = 0
                self.isSpacePending = false
                self.hasContent = true
                isVerbatim = true
                index += 1
                runEnd = index
            }
        }
        self.write(chunk, runStart..<runEnd, &sink)
    }

    /// Ends the body: one line ending stands for all those at its end, or for the one it lacks. An empty body is one line
    /// ending when simple and nothing when relaxed.
    mutating func finish(_ sink: inout some CanonicalSink) {
        if self.isReturnPending {
            self.writePending(&sink)
            self.write([ASCII.cr], &sink)
        }
        if self.hasContent || !self.isRelaxed { self.write([ASCII.cr, ASCII.lf], &sink) }
        self = BodyCanonicalizer(self.isRelaxed ? .relaxed : .simple)
    }

    private mutating func lineEnded() {
        self.isSpacePending = false
        self.pendingLines &+= 1
    }

    /// The next octet from `index` that may not be written as it stands: CR, and when relaxed SP and HTAB.
    ///
    /// Eight octets at a time: a word has such an octet only if subtracting borrows into a high bit.
    private func firstSpecial(_ base: UnsafeRawPointer, _ index: Int, _ count: Int) -> Int {
        var index = index
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        if self.isRelaxed {
            while index < count {
                while index &+ 8 <= count {
                    let word = base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                    // Below 0x21: the specials and the few other controls.
                    if (word &- ones &* 0x21) & ~word & highs != 0 { break }
                    index &+= 8
                }
                let end = min(index &+ 8, count)
                while index < end {
                    let octet = base.load(fromByteOffset: index, as: UInt8.self)
                    if octet == ASCII.space || octet == ASCII.tab || octet == ASCII.cr { return index }
                    index &+= 1
                }
            }
        } else {
            while index < count {
                while index &+ 8 <= count {
                    let word = base.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ ones &* UInt64(ASCII.cr)
                    if (word &- ones) & ~word & highs != 0 { break }
                    index &+= 8
                }
                let end = min(index &+ 8, count)
                while index < end {
                    if base.load(fromByteOffset: index, as: UInt8.self) == ASCII.cr { return index }
                    index &+= 1
                }
            }
        }
        return index
    }

    private func write(_ chunk: UnsafeRawBufferPointer, _ range: Range<Int>, _ sink: inout some CanonicalSink) {
        if !range.isEmpty { sink.take(UnsafeRawBufferPointer(rebasing: chunk[range])) }
    }

    private mutating func write(_ octets: [UInt8], _ sink: inout some CanonicalSink) {
        self.hasContent = true
        octets.withUnsafeBytes { sink.take($0) }
    }

    private static let lineEndings = [UInt8](unsafeUninitializedCapacity: 1024) { buffer, count in
        for index in 0..<1024 { buffer[index] = index.isMultiple(of: 2) ? ASCII.cr : ASCII.lf }
        count = 1024
    }

    private mutating func writePending(_ sink: inout some CanonicalSink) {
        while self.pendingLines > 0 {
            let lines = min(self.pendingLines, UInt64(Self.lineEndings.count / 2))
            Self.lineEndings.withUnsafeBytes { sink.take(UnsafeRawBufferPointer(rebasing: $0[..<(Int(lines) * 2)])) }
            self.pendingLines -= lines
        }
        if self.isSpacePending { self.write([ASCII.space], &sink) }
        self.isSpacePending = false
    }
}
