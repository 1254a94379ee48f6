import GatepostServer
import Glibc

/// A blocking connection to a Unix socket; every read ends after ten seconds.
final class LocalConnection {
    struct Failure: Error {
        var action: String
        var code = errno
    }

    private let descriptor: Int32
    private var pending: [UInt8] = []

    init(_ path: String) throws {
        self.descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard self.descriptor >= 0 else { throw Failure(action: "socket") }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Failure(action: "connect") }
    }

    deinit { close(self.descriptor) }

    func send(_ octets: some Sequence<UInt8>) throws {
        try LocalFile.write(self.descriptor, Array(octets), path: "socket")
    }

    /// The next line without its line feed; nil at the end.
    func line() throws -> String? {
        while true {
            if let end = self.pending.firstIndex(of: 0x0A) {
                defer { self.pending.removeSubrange(...end) }
                return String(decoding: self.pending[..<end], as: UTF8.self)
            }
            guard try self.fill() else { return nil }
        }
    }

    /// Everything up to the end of the connection.
    func rest() throws -> [UInt8] {
        while try self.fill() {}
        return self.pending
    }

    private func fill() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(self.descriptor, &buffer, buffer.count)
        if count < 0, errno == ECONNRESET { return false }
        guard count >= 0 else { throw Failure(action: "read") }
        self.pending += buffer[..<count]
        return count > 0
    }
}
