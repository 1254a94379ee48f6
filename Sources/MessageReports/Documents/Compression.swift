internal import CZlib

/// DEFLATE (RFC 1951) with and without the frame of gzip (RFC 1952).
enum Compression {
    enum Frame {
        case gzip
        case none

        /// zlib's number for it.
        var windowBits: Int32 { self == .gzip ? 31 : -15 }
    }

    private static let piece = 1 << 16

    /// Unfolds all members of a gzip file.
    static func gunzip(_ input: ArraySlice<UInt8>, _ limits: ReportLimits) throws(ReportError) -> [UInt8] {
        var output: [UInt8] = []
        var rest = input
        repeat {
            rest = try self.inflate(rest, .gzip, into: &output, of: input.count, limits)
            // What is behind the last member is padding.
        } while rest.starts(with: [0x1F, 0x8B])
        return output
    }

    /// Unfolds a stream.
    ///
    /// - Parameters:
    ///   - output: Gets what comes out, behind what it has.
    ///   - compressed: What the ratio is measured against.
    /// - Returns: What stands behind the stream.
    static func inflate(
        _ input: ArraySlice<UInt8>,
        _ frame: Frame,
        into output: inout [UInt8],
        of compressed: Int,
        _ limits: ReportLimits
    ) throws(ReportError) -> ArraySlice<UInt8> {
        var stream = z_stream()
        guard gatepost_inflate_init(&stream, frame.windowBits) == Z_OK else {
            throw ReportError(.malformed, "there is no memory to unfold it")
        }
        defer { inflateEnd(&stream) }
        var input = Array(input)
        let total = input.count
        var buffer = [UInt8](repeating: 0, count: self.piece)
        var code = Z_OK
        var consumed = 0
        while code != Z_STREAM_END {
            let (status, taken, made) = input.withUnsafeMutableBufferPointer { input in
                buffer.withUnsafeMutableBufferPointer { buffer in
                    let count = min(total - consumed, self.piece)
                    stream.next_in = input.baseAddress.map { $0 + consumed }
                    stream.avail_in = UInt32(count)
                    stream.next_out = buffer.baseAddress
                    stream.avail_out = UInt32(self.piece)
                    let status = CZlib.inflate(&stream, Z_NO_FLUSH)
                    return (status, count - Int(stream.avail_in), self.piece - Int(stream.avail_out))
                }
            }
            code = status
            consumed += taken
            guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
                throw ReportError(.malformed, "the compressed data is damaged")
            }
            guard taken > 0 || made > 0 || code == Z_STREAM_END else {
                throw ReportError(.malformed, "the compressed data ends too early")
            }
            guard output.count + made <= limits.maximumOctets else {
                throw ReportError(.tooLarge, "it unfolds to more than \(limits.maximumOctets) octets")
            }
            output += buffer[..<made]
            try self.checkRatio(output.count, of: compressed, limits)
        }
        return Array(input[consumed...])[...]
    }

    static func checkRatio(_ count: Int, of compressed: Int, _ limits: ReportLimits) throws(ReportError) {
        guard count > limits.ratioFreeOctets else { return }
        guard count / max(1, compressed) < limits.maximumRatio else {
            throw ReportError(.tooLarge, "it unfolds to more than \(limits.maximumRatio) times its size")
        }
    }

    /// Makes a gzip file, without name and time, so that the same octets always give the same file.
    static func gzip(_ octets: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        guard gatepost_deflate_init(&stream, Frame.gzip.windowBits) == Z_OK else { return self.stored(octets) }
        defer { deflateEnd(&stream) }
        guard let count = UInt32(exactly: octets.count) else { return self.stored(octets) }
        var input = octets
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(octets.count))) + 32)
        let made = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output -> Int? in
                stream.next_in = input.baseAddress
                stream.avail_in = count
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(clamping: output.count)
                return deflate(&stream, Z_FINISH) == Z_STREAM_END ? output.count - Int(stream.avail_out) : nil
            }
        }
        guard let made else { return self.stored(octets) }
        return Array(output[..<made])
    }

    /// A gzip file that compresses nothing: for when zlib has no memory.
    private static func stored(_ octets: [UInt8]) -> [UInt8] {
        var file: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
        var rest = octets[...]
        repeat {
            let block = rest.prefix(0xFFFF)
            rest = rest.dropFirst(block.count)
            let length = UInt16(block.count)
            file.append(rest.isEmpty ? 1 : 0)
            for word in [length, ~length] { file += [UInt8(word & 0xFF), UInt8(word >> 8)] }
            file += block
        } while !rest.isEmpty
        for word in [self.checksum(octets), UInt32(truncatingIfNeeded: octets.count)] {
            file += (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
        }
        return file
    }

    /// The CRC-32 of gzip and zip.
    static func checksum(_ octets: [UInt8]) -> UInt32 {
        octets.withUnsafeBufferPointer { buffer in
            UInt32(truncatingIfNeeded: crc32_z(0, buffer.baseAddress, buffer.count))
        }
    }
}
