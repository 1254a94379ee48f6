internal import GatepostModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// `audit.head`: the last signed head, beside the database. Who cuts the trail's end off has to find this file too.
struct AuditHeadFile: Sendable {
    let path: String

    init(directory: String) {
        self.path = directory + "/audit.head"
    }

    /// nil when there is no such file, or it holds no head.
    func read() throws -> AuditHead? {
        let descriptor = open(self.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw StoreError.system("cannot open \(self.path)")
        }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw StoreError.system("cannot read \(self.path)") }
        return AuditHead(octets: Array(buffer.prefix(count)))
    }

    /// Replaces the file. That it fails loses nothing: the head is in the database, and an older one in the file still fits.
    func write(_ head: AuditHead) {
        let octets = head.octets
        let temporary = self.path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        let isWritten = pwrite(descriptor, octets, octets.count, 0) == octets.count
        close(descriptor)
        if isWritten { rename(temporary, self.path) } else { unlink(temporary) }
    }
}
