internal import GatepostModel
internal import Glibc
internal import NIOPosix
internal import Synchronization

/// A spool file that one message writes, one call at a time.
package final class SpoolFile: Sendable {
    package let name: String
    private let path: String
    private let directory: String
    private let threads: NIOThreadPool
    /// nil once closed, so that no descriptor is closed twice.
    private let descriptor: Mutex<CInt?>

    init(name: String, path: String, directory: String, descriptor: CInt, threads: NIOThreadPool) {
        self.name = name
        self.path = path
        self.directory = directory
        self.threads = threads
        self.descriptor = Mutex(descriptor)
    }

    deinit {
        if let open = self.take() { close(open) }
    }

    private func take() -> CInt? {
        self.descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
    }

    /// Appends.
    package func write(_ octets: [UInt8]) async throws {
        try await self.threads.runIfActive {
            guard let descriptor = self.descriptor.withLock({ $0 }) else {
                throw StoreError(.unavailable, "\(self.path) is closed")
            }
            try octets.withUnsafeBytes { buffer in
                var offset = 0
                while offset < buffer.count {
                    let written = Glibc.write(descriptor, buffer.baseAddress.map { $0 + offset }, buffer.count - offset)
                    if written < 0 {
                        if errno == EINTR { continue }
                        throw SpoolDirectory.failure("write", self.path, errno)
                    }
                    offset += written
                }
            }
        }
    }

    /// Makes the octets and the name durable, and closes.
    package func finish() async throws {
        try await self.threads.runIfActive {
            guard let descriptor = self.take() else { return }
            // A failed fsync is final: the pages count as clean afterwards, so a second one would lie.
            let synced = fsync(descriptor)
            let code = errno
            close(descriptor)
            guard synced == 0 else { throw SpoolDirectory.failure("sync", self.path, code) }
            let parent = open(self.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard parent >= 0 else { throw SpoolDirectory.failure("open", self.directory, errno) }
            defer { close(parent) }
            guard fsync(parent) == 0 else { throw SpoolDirectory.failure("sync", self.directory, errno) }
        }
    }

    /// Closes and removes a file that no row refers to.
    package func discard() async throws {
        try await self.threads.runIfActive {
            if let open = self.take() { close(open) }
            guard unlink(self.path) == 0 || errno == ENOENT else {
                throw SpoolDirectory.failure("remove", self.path, errno)
            }
        }
    }
}
