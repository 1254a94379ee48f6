internal import GatepostDelivery
internal import GatepostModel
internal import MailSyntax

/// The octets of one message while they arrive: in memory while they are few, in a spool file once they are not.
///
/// Never more than ``MessageContent/maximumInlineOctets`` and one chunk are held. Whoever changes the header section does so while all of
/// it is in ``buffer``: when the message ends or leaves memory, whichever comes first.
struct ArrivingContent {
    /// Octets that are collected before they go to the file.
    static let chunkOctets = 256 * 1024
    /// Space that must stay free besides the message itself, for the database to go on working.
    static let reservedOctets = 4 * 1024 * 1024

    let identifier: MessageIdentifier
    /// What is not written yet: at first all of the message.
    var buffer: [UInt8] = []
    private(set) var file: SpoolFile?
    private(set) var writtenOctets = 0
    /// As they came, before any change.
    private(set) var receivedOctets = 0
    /// Whether an octet outside ASCII came.
    private(set) var hasHighBit = false

    init(identifier: MessageIdentifier) {
        self.identifier = identifier
        self.buffer.reserveCapacity(8 * 1024)
    }

    mutating func append(_ octets: UnsafeRawBufferPointer) {
        self.receivedOctets += octets.count
        self.buffer.append(contentsOf: octets)
        if !self.hasHighBit { self.hasHighBit = octets.hasHighBit }
    }

    /// The buffer has grown over what memory may hold: it must go to the file.
    var needsWrite: Bool {
        if self.file == nil { return self.buffer.count > MessageContent.maximumInlineOctets }
        return self.buffer.count >= ArrivingContent.chunkOctets
    }

    /// The end of the header section in the buffer; nil when it is too large for any message.
    var headerLength: Int? {
        let end = self.buffer.withUnsafeBytes { $0.endOfHeaderSection }
        if end == nil, self.buffer.count > MessageContent.maximumInlineOctets { return nil }
        return end ?? self.buffer.count
    }

    /// Puts another header section in the place of the first `length` octets of the buffer.
    mutating func replaceHeader(_ length: Int, by header: [UInt8]) {
        var changed = header
        changed.reserveCapacity(header.count + self.buffer.count - length)
        changed.append(contentsOf: self.buffer[length...])
        self.buffer = changed
    }

    /// Hands out what is not written yet, to be given to ``write(_:to:)``.
    mutating func takeBuffer() -> [UInt8] {
        defer { self.buffer = [] }
        return self.buffer
    }

    /// Appends to the file, which it makes for the first octets.
    ///
    /// - Throws: `StoreError`.
    mutating func write(_ octets: [UInt8], to spool: SpoolDirectory) async throws {
        let open: SpoolFile
        if let file = self.file {
            open = file
        } else {
            open = try await spool.makeFile(for: self.identifier)
            self.file = open
        }
        // A client that did not tell the size may not fill the disk up either: the database needs room to note what was delivered.
        guard spool.freeOctets() >= ArrivingContent.reservedOctets else {
            throw StoreError(.noSpace, "less than \(ArrivingContent.reservedOctets) octets are free")
        }
        try await open.write(octets)
        self.writtenOctets += octets.count
    }

    /// Whether the content ends in a file: it is there already, or changes made a message that fitted a little too large.
    var endsInFile: Bool { self.file != nil || self.buffer.count > MessageContent.maximumInlineOctets }

    /// Puts the content where it will lie: in memory for the database, or synced in its file. The buffer was written when it ``endsInFile``.
    ///
    /// - Parameter front: Fields that were made once the body was known, to stand before all that was kept.
    mutating func finish(front: [UInt8] = []) async throws -> MessageContent {
        guard let file = self.file else { return .inline(front.isEmpty ? self.buffer : front + self.buffer) }
        try await file.finish()
        return .file(name: file.name, octets: self.writtenOctets, front: front)
    }

    /// Finished content, where it may stay with so large a header section in front: in memory only while both together are small.
    mutating func ready(
        _ finished: MessageContent,
        behind front: [UInt8],
        spool: SpoolDirectory
    ) async throws -> MessageContent {
        guard case .inline(let octets) = finished,
            front.count + octets.count > MessageContent.maximumInlineOctets
        else { return finished }
        try await self.write(self.takeBuffer(), to: spool)
        return try await self.finish()
    }

    /// Throws away what came; more may come, and is not kept.
    mutating func clear() {
        self.buffer = []
    }

    /// Removes the file, if there is one.
    mutating func discardFile() async throws {
        guard let file = self.file else { return }
        self.file = nil
        try await file.discard()
    }
}

extension UnsafeRawBufferPointer {
    /// Whether an octet is outside ASCII.
    var hasHighBit: Bool {
        var index = 0
        var bits: UInt64 = 0
        while index + 8 <= self.count {
            bits |= self.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index += 8
        }
        var rest: UInt8 = 0
        while index < self.count {
            rest |= self[index]
            index += 1
        }
        return bits & 0x8080_8080_8080_8080 != 0 || rest & 0x80 != 0
    }

    /// The offset behind the empty line that ends the header section; nil when there is none.
    var endOfHeaderSection: Int? {
        if self.count >= 2, self[0] == 0x0d, self[1] == 0x0a { return 2 }
        var index = 0
        while index + 3 < self.count {
            // Every CRLFCRLF has an LF at its second or fourth place: look at each second octet.
            if self[index + 3] == 0x0a, self[index] == 0x0d, self[index + 1] == 0x0a, self[index + 2] == 0x0d {
                return index + 4
            }
            index += self[index + 3] == 0x0d || self[index + 3] == 0x0a ? 1 : 4
        }
        return nil
    }
}
