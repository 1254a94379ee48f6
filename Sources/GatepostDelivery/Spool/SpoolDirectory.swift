package import GatepostModel
internal import Glibc
package import NIOPosix

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
