internal import NIOCore
internal import SMTP

/// Turns chunks of content into what goes over the wire.
struct OutgoingContent {
    private let framing: ContentFraming
    private var stuffer = DotStuffer()

    init(_ framing: ContentFraming) {
        self.framing = framing
    }

    /// Octets of content so far.
    var octets: Int { self.stuffer.octets }

    /// What comes before the content.
    var header: [UInt8] {
        switch self.framing {
        case .dotStuffed: []
        case .chunk(let command): command
        }
    }

    /// The next chunk as it is sent; the same storage when no line of it starts with a dot.
    mutating func encode(_ chunk: ByteBuffer) throws(BareLineEnding) -> ByteBuffer {
        var dots: [Int] = []
        try self.scan(chunk) { dots.append($0) }
        guard case .dotStuffed = self.framing, !dots.isEmpty else { return chunk }
        var encoded = ByteBufferAllocator().buffer(capacity: chunk.readableBytes + dots.count)
        var rest = chunk
        var copied = 0
        for offset in dots {
            if let run = rest.readSlice(length: offset - copied) { encoded.writeImmutableBuffer(run) }
            encoded.writeInteger(UInt8(ascii: "."))
            copied = offset
        }
        encoded.writeImmutableBuffer(rest)
        return encoded
    }

    /// What comes after the content.
    func trailer() throws(BareLineEnding) -> StaticString {
        switch self.framing {
        case .dotStuffed:
            return try self.stuffer.terminator()
        case .chunk:
            // BDAT carries an unfinished last line as it is, but not half a line ending.
            _ = try self.stuffer.endsWithinLine()
            return ""
        }
    }

    /// Checks a whole content before anything is sent.
    ///
    /// - Returns: Whether it has octets above 127.
    static func check(_ content: ByteBuffer) throws(BareLineEnding) -> Bool {
        var outgoing = OutgoingContent(.dotStuffed)
        try outgoing.scan(content) { _ in }
        _ = try outgoing.stuffer.endsWithinLine()
        return outgoing.stuffer.isEightBit
    }

    private mutating func scan(_ chunk: ByteBuffer, dotBefore body: (Int) -> Void) throws(BareLineEnding) {
        var failure: BareLineEnding?
        chunk.withUnsafeReadableBytes { octets in
            do throws(BareLineEnding) {
                try self.stuffer.scan(octets, dotBefore: body)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
