import Foundation

/// A plain TCP connection to a server on loopback, for dialogs that a mail client would not hold. Blocking.
final class SMTPConnection {
    struct Closed: Error {}

    private let descriptor: Int32
    private var isOpen = true

    init(port: Int) throws {
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw POSIXError(.ECONNREFUSED) }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { self.close() }

    func close() {
        guard self.isOpen else { return }
        self.isOpen = false
        Foundation.close(self.descriptor)
    }

    func send(_ text: String) throws {
        let octets = Array(text.utf8)
        guard Foundation.send(self.descriptor, octets, octets.count, Int32(MSG_NOSIGNAL)) == octets.count else {
            throw Closed()
        }
    }

    /// One reply, all its lines; empty when the server ended the connection.
    func reply() throws -> String {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let lines = text.components(separatedBy: "\r\n").dropLast()
            if text.hasSuffix("\r\n"), let last = lines.last, last.count >= 4, Array(last)[3] == " " { return text }
            let count = recv(self.descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return text }
            text += String(decoding: buffer.prefix(count), as: UTF8.self)
        }
    }
}
