internal import Crypto
internal import GatepostModel
internal import Glibc
internal import MailSyntax

/// Makes the file of breached passwords from a list: one SHA-1 a line in hexadecimal, with or without `:count` after it, or one password a
/// line in clear text; both may be mixed.
///
/// A list of hashes that is sorted, as the published ones are, is read twice and never held. Any other is sorted in memory, eight octets a
/// line.
package enum BreachedPasswordBuilder {
    package struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        package var description: String
    }

    package struct Report: Sendable, Hashable, Codable {
        /// Distinct hashes in the file.
        package var passwords: UInt64
        package var octets: UInt64
        /// One other password in so many is taken for one of the list.
        package var falsePositiveOneIn: UInt64
    }

    /// - Parameters:
    ///   - bits: One false hit in `2^bits`; 1 to 24.
    /// - Throws: ``Failure``, `LocalFile.Failure`.
    package static func build(from list: String, to path: String, bits: Int) throws -> Report {
        guard (1...24).contains(bits) else { throw Failure(description: "bits must be from 1 to 24") }
        let survey = try BreachedPasswordBuilder.survey(list)
        guard survey.lines > 0 else { throw Failure(description: "\(list) holds no password") }
        let temporary = path + ".new"
        let report: Report
        if survey.isSorted {
            report = try BreachedPasswordBuilder.write(temporary, count: survey.distinct, bits: bits) { body in
                var last: UInt64?
                try BreachedPasswordBuilder.forEachHash(of: list) { head in
                    if head != last { try body(head) }
                    last = head
                }
            }
        } else {
            var heads: [UInt64] = []
            heads.reserveCapacity(survey.lines)
            try BreachedPasswordBuilder.forEachHash(of: list) { heads.append($0) }
            heads.sort()
            let distinct = heads.indices.reduce(UInt64(0)) { count, index in
                count + (index == 0 || heads[index] != heads[index - 1] ? 1 : 0)
            }
            report = try BreachedPasswordBuilder.write(temporary, count: distinct, bits: bits) { body in
                for (index, head) in heads.enumerated() where index == 0 || head != heads[index - 1] { try body(head) }
            }
        }
        try LocalFile.rename(temporary, to: path)
        return report
    }

    private struct Survey {
        var lines = 0
        var distinct: UInt64 = 0
        var isSorted = true
    }

    private static func survey(_ list: String) throws -> Survey {
        var survey = Survey()
        var last: UInt64?
        try BreachedPasswordBuilder.forEachHash(of: list) { head in
            survey.lines += 1
            if let last, head < last { survey.isSorted = false }
            if head != last { survey.distinct += 1 }
            last = head
        }
        return survey
    }

    private static func write(
        _ path: String,
        count: UInt64,
        bits: Int,
        _ heads: ((UInt64) throws -> Void) throws -> Void
    ) throws -> Report {
        guard var encoder = BreachedPasswordSet.Encoder(count: count, bits: bits) else {
            throw Failure(description: "the list is too long")
        }
        unlink(path)
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw LocalFile.Failure(path: path, action: "create", code: errno) }
        defer { close(descriptor) }
        var index = Positioned(descriptor, path, at: UInt64(BreachedPasswordSet.headerOctets))
        var data = Positioned(descriptor, path, at: encoder.dataOffset)
        var seen: UInt64 = 0
        try heads { head in
            seen += 1
            guard seen <= count else { throw Failure(description: "the list changed while it was read") }
            if let entry = encoder.append(head) { try index.append(entry) }
            if seen.isMultiple(of: 4096) { try data.append(encoder.takeData()) }
        }
        guard seen == count else { throw Failure(description: "the list changed while it was read") }
        let (rest, header) = encoder.finish()
        try data.append(rest)
        try index.flush()
        try data.flush()
        var start = Positioned(descriptor, path, at: 0)
        try start.append(header)
        try start.flush()
        guard fsync(descriptor) == 0 else { throw LocalFile.Failure(path: path, action: "sync", code: errno) }
        return Report(passwords: count, octets: data.position, falsePositiveOneIn: 1 << UInt64(bits))
    }

    /// Writes in large pieces from one place of a file on.
    private struct Positioned {
        private let descriptor: Int32
        private let path: String
        private(set) var position: UInt64
        private var pending: [UInt8] = []

        init(_ descriptor: Int32, _ path: String, at position: UInt64) {
            self.descriptor = descriptor
            self.path = path
            self.position = position
        }

        mutating func append(_ octets: [UInt8]) throws(LocalFile.Failure) {
            self.pending += octets
            if self.pending.count >= 65536 { try self.flush() }
        }

        mutating func flush() throws(LocalFile.Failure) {
            var done = 0
            while done < self.pending.count {
                let written = self.pending.withUnsafeBytes { buffer in
                    pwrite(
                        self.descriptor,
                        buffer.baseAddress?.advanced(by: done),
                        buffer.count - done,
                        off_t(self.position)
                    )
                }
                if written < 0 {
                    if errno == EINTR { continue }
                    throw LocalFile.Failure(path: self.path, action: "write", code: errno)
                }
                done += written
                self.position += UInt64(written)
            }
            self.pending.removeAll(keepingCapacity: true)
        }
    }

    /// The first 64 bits of each line's hash.
    private static func forEachHash(of list: String, _ body: (UInt64) throws -> Void) throws {
        let descriptor = open(list, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LocalFile.Failure(path: list, action: "read", code: errno) }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        var rest: [UInt8] = []
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw LocalFile.Failure(path: list, action: "read", code: errno)
            }
            if count == 0 { break }
            var chunk = buffer[..<count]
            while let end = chunk.firstIndex(of: 0x0A) {
                if rest.isEmpty {
                    try BreachedPasswordBuilder.take(chunk[..<end], body)
                } else {
                    rest += chunk[..<end]
                    try BreachedPasswordBuilder.take(rest[...], body)
                    rest.removeAll(keepingCapacity: true)
                }
                chunk = chunk[(end + 1)...]
            }
            rest += chunk
            guard rest.count <= 65536 else { throw Failure(description: "\(list) has a line of more than 64 KiB") }
        }
        try BreachedPasswordBuilder.take(rest[...], body)
    }

    private static func take(_ line: ArraySlice<UInt8>, _ body: (UInt64) throws -> Void) throws {
        var line = line
        if line.last == 0x0D { line.removeLast() }
        guard !line.isEmpty else { return }
        try body(BreachedPasswordBuilder.hash(line) ?? BreachedPasswordSet.head(of: line))
    }

    /// Of a line that is a SHA-1 in hexadecimal, alone or before a colon.
    private static func hash(_ line: ArraySlice<UInt8>) -> UInt64? {
        guard line.count == 40 || (line.count > 40 && line[line.startIndex + 40] == ASCII.colon) else { return nil }
        var head: UInt64 = 0
        for (index, octet) in line.prefix(40).enumerated() {
            guard let digit = ASCII.hexadecimalValue(octet) else { return nil }
            if index < 16 { head = head << 4 | UInt64(digit) }
        }
        return head
    }
}
