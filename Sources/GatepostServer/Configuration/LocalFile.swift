internal import Glibc

/// Small files of our own: read whole, written whole.
package enum LocalFile {
    /// What the system said, in words.
    package struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        package var path: String
        package var action: String
        package var code: Int32

        package init(path: String, action: String, code: Int32) {
            self.path = path
            self.action = action
            self.code = code
        }

        package var description: String { "cannot \(self.action) \(self.path): \(self.reason)" }
        package var reason: String { String(cString: strerror(self.code)) }
        package var isAlreadyThere: Bool { self.code == EEXIST }
        package var isAbsent: Bool { self.code == ENOENT }
        package var isNotPermitted: Bool { self.code == EACCES || self.code == EPERM }
    }

    /// Reads a file that is no larger than `limit` octets; a larger one fails with EFBIG.
    package static func read(_ path: String, limit: Int = 1_048_576) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(path: path, action: "read", code: errno) }
        defer { close(descriptor) }
        return try LocalFile.readAll(descriptor, path: path, limit: limit)
    }

    /// A value that stands in a file of its own: its content without the last line ending.
    package static func withoutLineEnding(_ content: [UInt8]) -> ArraySlice<UInt8> {
        var value = content[...]
        if value.last == 0x0A { value.removeLast() }
        if value.last == 0x0D { value.removeLast() }
        return value
    }

    /// Reads until the end, for instance from a pipe.
    package static func readAll(_ descriptor: Int32, path: String, limit: Int) throws(Failure) -> [UInt8] {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(path: path, action: "read", code: errno)
            }
            if count == 0 { return content }
            guard content.count + count <= limit else { throw Failure(path: path, action: "read", code: EFBIG) }
            content.append(contentsOf: buffer[..<count])
        }
    }

    /// Creates a file that must not exist yet, writes it and syncs it.
    ///
    /// - Parameter mode: Its permissions, whatever the umask says.
    package static func create(_ path: String, _ content: some Collection<UInt8>, mode: UInt32) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure(path: path, action: "create", code: errno) }
        defer { close(descriptor) }
        try LocalFile.write(descriptor, Array(content), path: path)
        guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else {
            throw Failure(path: path, action: "write", code: errno)
        }
    }

    /// Writes a file beside the old one and puts it in its place: a reader sees the one or the other, whole.
    package static func replace(_ path: String, _ content: some Collection<UInt8>, mode: UInt32) throws(Failure) {
        let temporary = "\(path).new"
        guard unlink(temporary) == 0 || errno == ENOENT else {
            throw Failure(path: temporary, action: "remove", code: errno)
        }
        try LocalFile.create(temporary, content, mode: mode)
        guard Glibc.rename(temporary, path) == 0 else { throw Failure(path: path, action: "replace", code: errno) }
    }

    /// Makes names that were created, renamed or removed beside this file survive a power cut.
    package static func syncDirectory(of path: String) throws(Failure) {
        let directory = LocalFile.directory(of: path)
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(path: directory, action: "open", code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Failure(path: directory, action: "sync", code: errno) }
    }

    /// Puts a file in another's place, durably.
    package static func rename(_ path: String, to target: String) throws(Failure) {
        guard Glibc.rename(path, target) == 0 else { throw Failure(path: target, action: "replace", code: errno) }
        try LocalFile.syncDirectory(of: target)
    }

    /// Removes a file, durably; one that does not exist is as good.
    package static func remove(_ path: String) throws(Failure) {
        guard unlink(path) == 0 || errno == ENOENT else { throw Failure(path: path, action: "remove", code: errno) }
        try LocalFile.syncDirectory(of: path)
    }

    /// Writes everything, however many calls that takes.
    package static func write(_ descriptor: Int32, _ content: [UInt8], path: String) throws(Failure) {
        var written = 0
        while written < content.count {
            let count = content.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(path: path, action: "write", code: errno)
            }
            written += count
        }
    }

    /// Creates a directory, and those above it where they are missing; one that exists is left as it is.
    package static func makeDirectory(_ path: String, mode: UInt32 = 0o700) throws(Failure) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT else { throw Failure(path: path, action: "create", code: errno) }
        let parent = LocalFile.directory(of: path)
        guard parent != path else { throw Failure(path: path, action: "create", code: ENOENT) }
        try LocalFile.makeDirectory(parent, mode: 0o755)
        guard mkdir(path, mode) == 0 || errno == EEXIST else {
            throw Failure(path: path, action: "create", code: errno)
        }
    }

    /// Whether this process may read the file.
    package static func isReadable(_ path: String) -> Bool {
        access(path, R_OK) == 0
    }

    package static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// The path from the root, with `.` and empty parts removed; links are not followed.
    package static func absolute(_ path: String, relativeTo base: String? = nil) -> String {
        var full = path
        if !path.hasPrefix("/") {
            let start = base.map { LocalFile.absolute($0) } ?? LocalFile.workingDirectory
            full = start + "/" + path
        }
        var parts: [Substring] = []
        for part in full.split(separator: "/", omittingEmptySubsequences: true) where part != "." {
            if part == "..", parts.last != nil { parts.removeLast() } else if part != ".." { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Everything before the last slash.
    package static func directory(of path: String) -> String {
        let whole = LocalFile.absolute(path)
        guard let slash = whole.lastIndex(of: "/"), slash != whole.startIndex else { return "/" }
        return String(whole[..<slash])
    }

    package static var workingDirectory: String {
        guard let buffer = getcwd(nil, 0) else { return "/" }
        defer { free(buffer) }
        return String(cString: buffer)
    }
}
