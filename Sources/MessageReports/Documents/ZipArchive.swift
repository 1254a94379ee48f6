internal import MailSyntax

/// The one report in a zip archive, as reporters send it.
///
/// Everything that an archive says of itself may be a lie: offsets are checked, and the size and the checksum must be
/// those of what comes out. What comes out is not looked into for another archive.
enum ZipArchive {
    private struct Entry {
        var name: ArraySlice<UInt8>
        var flags: UInt16
        var method: UInt16
        var checksum: UInt32
        var compressed: Int
        var size: Int
        var offset: Int
    }

    private static let damaged = ReportError(.malformed, "the archive is damaged")

    static func report(_ archive: [UInt8], _ limits: ReportLimits) throws(ReportError) -> [UInt8] {
        let entries = try self.entries(archive, limits)
        func ends(_ entry: Entry, _ suffix: String) -> Bool {
            ASCII.equalIgnoringCase(entry.name.suffix(suffix.utf8.count), suffix.utf8)
        }
        let files = entries.filter { $0.name.last != ASCII.slash }
        guard let entry = files.first(where: { ends($0, ".xml") || ends($0, ".json") }) ?? files.first else {
            throw ReportError(.noReport, "the archive has no file")
        }
        guard entry.flags & 1 == 0 else { throw ReportError(.unsupported, "the archive is encrypted") }
        guard entry.size <= limits.maximumOctets else {
            throw ReportError(.tooLarge, "it unfolds to more than \(limits.maximumOctets) octets")
        }
        try Compression.checkRatio(entry.size, of: entry.compressed, limits)
        let data = try self.data(entry, archive)
        var output: [UInt8] = []
        switch entry.method {
        case 0: output = Array(data)
        case 8: _ = try Compression.inflate(data, .none, into: &output, of: data.count, limits)
        default: throw ReportError(.unsupported, "the archive is compressed in a way that is not read")
        }
        guard output.count == entry.size, Compression.checksum(output) == entry.checksum else { throw self.damaged }
        return output
    }

    private static func number(_ octets: [UInt8], _ at: Int, _ count: Int) throws(ReportError) -> UInt32 {
        guard at >= 0, at <= octets.count - count else { throw self.damaged }
        return (0..<count).reduce(0) { $0 | UInt32(octets[at + $1]) << (8 * UInt32($1)) }
    }

    /// The central directory (APPNOTE 4.3.12), which the end record points to.
    private static func entries(_ archive: [UInt8], _ limits: ReportLimits) throws(ReportError) -> [Entry] {
        guard let end = self.endRecord(archive) else { throw self.damaged }
        let count = Int(try self.number(archive, end + 10, 2))
        var at = Int(try self.number(archive, end + 16, 4))
        var entries: [Entry] = []
        for _ in 0..<min(count, limits.maximumArchiveEntries) {
            guard try self.number(archive, at, 4) == 0x0201_4B50 else { throw self.damaged }
            let nameCount = Int(try self.number(archive, at + 28, 2))
            let others = Int(try self.number(archive, at + 30, 2)) + Int(try self.number(archive, at + 32, 2))
            guard at + 46 + nameCount + others <= archive.count else { throw self.damaged }
            entries.append(
                Entry(
                    name: archive[(at + 46)..<(at + 46 + nameCount)],
                    flags: UInt16(truncatingIfNeeded: try self.number(archive, at + 8, 2)),
                    method: UInt16(truncatingIfNeeded: try self.number(archive, at + 10, 2)),
                    checksum: try self.number(archive, at + 16, 4),
                    compressed: Int(try self.number(archive, at + 20, 4)),
                    size: Int(try self.number(archive, at + 24, 4)),
                    offset: Int(try self.number(archive, at + 42, 4))
                )
            )
            at += 46 + nameCount + others
        }
        return entries
    }

    /// Where the end record begins: behind it is at most a comment of 65,535 octets.
    private static func endRecord(_ archive: [UInt8]) -> Int? {
        guard archive.count >= 22 else { return nil }
        var at = archive.count - 22
        let first = max(0, at - 0xFFFF)
        while at >= first {
            if archive[at] == 0x50, archive[at + 1] == 0x4B, archive[at + 2] == 5, archive[at + 3] == 6 { return at }
            at -= 1
        }
        return nil
    }

    private static func data(_ entry: Entry, _ archive: [UInt8]) throws(ReportError) -> ArraySlice<UInt8> {
        guard try self.number(archive, entry.offset, 4) == 0x0403_4B50 else { throw self.damaged }
        let names = Int(try self.number(archive, entry.offset + 26, 2))
        let start = entry.offset + 30 + names + Int(try self.number(archive, entry.offset + 28, 2))
        guard start <= archive.count, entry.compressed <= archive.count - start else { throw self.damaged }
        return archive[start..<(start + entry.compressed)]
    }
}
