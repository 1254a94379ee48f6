internal import Glibc

/// Talks to a running server over its control socket. Blocking: it is for commands.
package final class ControlClient {
    /// The server ended the connection or said something else.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package var description: String
    }

    private let descriptor: Int32
    private var received: [UInt8] = []

    /// - Returns: `nil` where no server listens.
    /// - Throws: ``LocalFile/Failure`` where the socket may not be used.
    package static func connect(dataDirectory: String) throws -> ControlClient? {
        guard LocalFile.exists("\(dataDirectory)/\(ControlSocketPath.name)") else {
            // A directory that may not be entered looks empty; to take it so would start a second writer.
            guard access(dataDirectory, X_OK) == 0 || errno == ENOENT else {
                throw LocalFile.Failure(path: dataDirectory, action: "enter", code: errno)
            }
            return nil
        }
        let path = try ControlSocketPath(inDirectory: dataDirectory)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw LocalFile.Failure(path: path.path, action: "open", code: errno) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.path.utf8.prefix(107)) }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                Glibc.connect(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 ? 0 : errno
            }
        }
        guard code == 0 else {
            close(descriptor)
            // Left behind by a server that was killed.
            if code == ECONNREFUSED || code == ENOENT { return nil }
            throw LocalFile.Failure(
                path: "\(dataDirectory)/\(ControlSocketPath.name)",
                action: "connect to",
                code: code
            )
        }
        return ControlClient(descriptor: descriptor)
    }

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(self.descriptor)
    }

    /// Sends one request and waits for its response.
    package func perform(_ request: AdministrationRequest) throws -> AdministrationResponse {
        let line = try ControlProtocol.encode(request)
        var rest = line[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(description: "the server does not listen any more: \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(count)
        }
        return try ControlProtocol.decode(AdministrationResponse.self, try self.readLine())
    }

    private func readLine() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65536)
        var searched = 0
        while true {
            if let end = self.received[searched...].firstIndex(of: 0x0A) {
                let line = Array(self.received[..<end])
                self.received.removeSubrange(...end)
                return line
            }
            searched = self.received.count
            guard searched <= ControlProtocol.maximumResponseOctets else {
                throw Failure(description: "the server's response is too long")
            }
            let count = buffer.withUnsafeMutableBytes { recv(self.descriptor, $0.baseAddress, $0.count, 0) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(description: "the server ended before it answered") }
            self.received.append(contentsOf: buffer[..<count])
        }
    }
}
