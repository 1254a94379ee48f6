internal import GatepostModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The directory of messages too large for the database. Others write the files; here they are deleted.
struct Spool: Sendable {
    let directory: String

    /// Makes the directory when it is not there.
    init(directory: String) throws {
        self.directory = directory
        try Self.make(directory)
    }

    /// Makes a directory, and those above it, readable by its owner only.
    static func make(_ directory: String) throws {
        guard mkdir(directory, 0o700) != 0 else { return }
        if errno == ENOENT, let slash = directory.lastIndex(of: "/"), slash > directory.startIndex {
            try self.make(String(directory[..<slash]))
            guard mkdir(directory, 0o700) != 0 else { return }
        }
        guard errno == EEXIST else { throw StoreError.system("cannot make \(directory)") }
    }

    /// Whether a name is that of a file right in the directory.
    static func isName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.utf8.contains { $0 == 0x2f || $0 == 0 }
    }

    /// A file that cannot be deleted now goes at the next start's sweep.
    func delete(_ names: [String]) {
        for name in names where Self.isName(name) { _ = unlink("\(self.directory)/\(name)") }
    }

    /// Deletes the files that no message refers to and that were last written before `moment`: what a crash left of messages
    /// that were never answered `250`, or of deleted ones.
    ///
    /// - Returns: How many were deleted.
    func sweep(keeping names: Set<String>, olderThan moment: Timestamp) throws -> Int {
        guard let stream = opendir(self.directory) else { throw StoreError.system("cannot read \(self.directory)") }
        defer { closedir(stream) }
        var count = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard Self.isName(name), !names.contains(name) else { continue }
            let path = "\(self.directory)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            let modified = Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
            guard modified < moment.milliseconds, unlink(path) == 0 else { continue }
            count += 1
        }
        return count
    }
}
