package import GatepostModel
internal import Glibc
internal import NIOPosix

/// The files of messages that are too large for the database.
///
/// A file is written and synced before the row that names it is committed; a file without a row is a leftover that the next start sweeps.
package struct SpoolDirectory: Sendable {
    package let path: String
    private let threads: NIOThreadPool

    /// - Parameter threads: Where blocking file calls run; never an event loop.
    package init(path: String, threads: NIOThreadPool) {
        self.path = path
        self.threads = threads
    }

    /// Begins a file for this message.
    ///
    /// - Throws: ``StoreError``.
    package func makeFile(for identifier: MessageIdentifier) async throws -> SpoolFile {
        let name = "\(identifier)"
        let path = self.path + "/" + name
        let descriptor = try await self.threads.runIfActive {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw SpoolDirectory.failure("create", path, errno) }
            return descriptor
        }
        return SpoolFile(name: name, path: path, directory: self.path, descriptor: descriptor, threads: self.threads)
    }

    /// Octets free for new mail.
    package func freeOctets() -> Int {
        var status = statvfs()
        guard statvfs(self.path, &status) == 0 else { return 0 }
        let (octets, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : Int(clamping: octets)
    }

    static func failure(_ action: String, _ path: String, _ code: Int32) -> StoreError {
        let isNoSpace = code == ENOSPC || code == EDQUOT
        return StoreError(isNoSpace ? .noSpace : .unavailable, "\(action) \(path): \(String(cString: strerror(code)))")
    }
}

/// A spool file that is being written by one message, one call at a time.
package struct SpoolFile: Sendable {
    package let name: String
    private let path: String
    private let directory: String
    private let descriptor: CInt
    private let threads: NIOThreadPool

    init(name: String, path: String, directory: String, descriptor: CInt, threads: NIOThreadPool) {
        self.name = name
        self.path = path
        self.directory = directory
        self.descriptor = descriptor
        self.threads = threads
    }

    /// Appends.
    package func write(_ octets: [UInt8]) async throws {
        let (descriptor, path) = (self.descriptor, self.path)
        try await self.threads.runIfActive {
            try octets.withUnsafeBytes { buffer in
                var offset = 0
                while offset < buffer.count {
                    let written = Glibc.write(descriptor, buffer.baseAddress.map { $0 + offset }, buffer.count - offset)
                    if written < 0 {
                        if errno == EINTR { continue }
                        throw SpoolDirectory.failure("write", path, errno)
                    }
                    offset += written
                }
            }
        }
    }

    /// Makes file and name durable, and closes.
    package func finish() async throws {
        let (descriptor, path, directory) = (self.descriptor, self.path, self.directory)
        try await self.threads.runIfActive {
            // A failed fsync is final: the pages count as clean afterwards, so a second one would lie.
            let synced = fsync(descriptor)
            let code = errno
            close(descriptor)
            guard synced == 0 else {
                unlink(path)
                throw SpoolDirectory.failure("sync", path, code)
            }
            let parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard parent >= 0 else { throw SpoolDirectory.failure("open", directory, errno) }
            defer { close(parent) }
            guard fsync(parent) == 0 else { throw SpoolDirectory.failure("sync", directory, errno) }
        }
    }

    /// Closes and removes a file that nothing refers to.
    package func discard() async throws {
        let (descriptor, path) = (self.descriptor, self.path)
        try await self.threads.runIfActive {
            close(descriptor)
            unlink(path)
        }
    }

    /// Removes a finished file whose row could not be stored.
    package func remove() async throws {
        let path = self.path
        try await self.threads.runIfActive { _ = unlink(path) }
    }
}
