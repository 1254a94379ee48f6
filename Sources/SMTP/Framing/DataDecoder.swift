#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Removes dot-stuffing from mail data, checks its line endings and finds its end.
///
/// Only `<CRLF>.<CRLF>` ends mail data. A lone CR or LF does not: it is noted in ``hasBareLineEnding``, and reading goes on to the
/// real end, so that what follows is not taken for commands (RFC 5321 §4.1.1.4, §2.3.8).
///
/// - Complexity: O(n), no copy: the result is ranges of the input.
/// - SeeAlso: RFC 5321 §4.5.2 (transparency)
public struct DataDecoder: Sendable {
    private enum State {
        case lineStart
        case inLine
        case afterCR
        /// A dot at a line's start: stuffing or the end. It is dropped either way.
        case dot
        case dotCR
    }

    /// How the end is found.
    public enum Framing: Sendable {
        /// `DATA`: a dot on its own line ends it, other leading dots are stuffing.
        case dotTerminated
        /// `BDAT`: the caller counts octets; dots mean nothing here.
        case counted
    }

    private let framing: Framing
    private var state = State.lineStart
    /// A CR without LF or LF without CR was seen.
    public private(set) var hasBareLineEnding = false
    /// A NUL was seen, which no mail but BINARYMIME's may hold (RFC 2045 §2.8) and which other programs cut lines at.
    public private(set) var hasNUL = false

    public init(framing: Framing) {
        self.framing = framing
    }

    /// True when the data so far ends inside a line or between CR and LF.
    public var endsInsideLine: Bool { self.state != .lineStart }

    /// Tells a counted body's end: a CR that no LF followed is a lone CR.
    public mutating func finishCounted() {
        if self.state == .afterCR { self.hasBareLineEnding = true }
    }

    /// Reads on.
    ///
    /// - Parameters:
    ///   - input: Octets as received; any length, may split a CRLF.
    ///   - kept: Receives the ranges of `input` that are content, ascending; neighbours are joined.
    /// - Returns: The number of octets used, which is less than all only when the end was found: the rest are commands.
    ///   `isComplete` when `<CRLF>.<CRLF>` was read.
    public mutating func decode(
        _ input: UnsafeRawBufferPointer,
        kept: inout [Range<Int>]
    ) -> (consumed: Int, isComplete: Bool) {
        let result = self.findEnd(input, kept: &kept)
        if !self.hasNUL, result.consumed > 0, let base = input.baseAddress, memchr(base, 0, result.consumed) != nil {
            self.hasNUL = true
        }
        return result
    }

    private mutating func findEnd(
        _ input: UnsafeRawBufferPointer,
        kept: inout [Range<Int>]
    ) -> (consumed: Int, isComplete: Bool) {
        var index = 0
        var keepFrom = 0
        while index < input.count {
            switch self.state {
            case .lineStart:
                if self.framing == .dotTerminated, input[index] == UInt8(ascii: ".") {
                    DataDecoder.append(keepFrom..<index, to: &kept)
                    index += 1
                    keepFrom = index
                    self.state = .dot
                } else {
                    self.state = .inLine
                }
            case .inLine:
                index = self.scanLine(input, from: index)
            case .afterCR:
                if input[index] == 0x0a {
                    index += 1
                    self.state = .lineStart
                } else {
                    self.hasBareLineEnding = true
                    self.state = .inLine
                }
            case .dot:
                if input[index] == 0x0d {
                    // Kept back until it is known whether this is the end.
                    DataDecoder.append(keepFrom..<index, to: &kept)
                    index += 1
                    keepFrom = index
                    self.state = .dotCR
                } else {
                    self.state = .inLine
                }
            case .dotCR:
                if input[index] == 0x0a {
                    self.state = .lineStart
                    return (index + 1, true)
                }
                // ".<CR>x": a lone CR. The mail is refused at its end, so the octet that was kept back need not return.
                self.hasBareLineEnding = true
                self.state = .inLine
            }
        }
        DataDecoder.append(keepFrom..<index, to: &kept)
        return (index, false)
    }

    /// From inside a line to behind its LF or CR, or to the end of input.
    private mutating func scanLine(_ input: UnsafeRawBufferPointer, from start: Int) -> Int {
        guard let base = input.baseAddress else { return start }
        let count = input.count - start
        let origin = base + start
        guard let newline = memchr(origin, 0x0a, count) else {
            guard let carriageReturn = memchr(origin, 0x0d, count) else { return input.count }
            let offset = UnsafeRawPointer(carriageReturn) - base
            if offset == input.count - 1 {
                self.state = .afterCR
            } else {
                self.hasBareLineEnding = true
            }
            return offset + 1
        }
        let end = UnsafeRawPointer(newline) - base
        let length = end - start
        if length == 0 || input[end - 1] != 0x0d {
            self.hasBareLineEnding = true
            return end + 1
        }
        if length > 1, memchr(origin, 0x0d, length - 1) != nil {
            self.hasBareLineEnding = true
        }
        self.state = .lineStart
        return end + 1
    }

    private static func append(_ range: Range<Int>, to kept: inout [Range<Int>]) {
        guard !range.isEmpty else { return }
        if let last = kept.indices.last, kept[last].upperBound == range.lowerBound {
            kept[last] = kept[last].lowerBound..<range.upperBound
        } else {
            kept.append(range)
        }
    }
}
