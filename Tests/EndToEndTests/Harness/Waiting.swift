import Glibc

/// What a test waited for and did not get.
struct NeverHappened: Error, CustomStringConvertible {
    var what: String
    var limit: Duration
    var description: String { "waited \(limit) for \(what)" }
}

/// Asks `probe` again and again until it answers, at most for `limit`.
func eventually<Value, C: Clock>(
    _ what: @autoclosure () -> String,
    within limit: Duration = .seconds(30),
    clock: C = ContinuousClock(),
    _ probe: () async throws -> Value?
) async throws -> Value where C.Duration == Duration {
    let deadline = clock.now.advanced(by: limit)
    var pause = Duration.milliseconds(5)
    while true {
        if let value = try await probe() { return value }
        guard clock.now < deadline else { throw NeverHappened(what: what(), limit: limit) }
        try await clock.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(100))
    }
}

/// Ports and connections on loopback.
enum Loopback {
    /// Ports that are free on every address of this machine now.
    static func freePorts(_ count: Int) throws -> [Int] {
        var held: [Int32] = []
        defer { for socket in held { close(socket) } }
        return try (0..<count).map { _ in
            let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            held.append(socket)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let bound = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
                }
            }
            guard bound else { throw ChildProcessError.couldNotStart("a free port", errno) }
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }

    /// Whether somebody accepts connections there.
    static func accepts(_ address: String, _ port: Int) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = UInt16(port).bigEndian
        inet_pton(AF_INET, address, &target.sin_addr)
        return withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// Waits until `process` accepts connections there; throws what it said when it ends before.
    static func waitUntilAccepting(_ address: String, _ port: Int, by process: ChildProcess) async throws {
        try await eventually("a listener on \(address):\(port)") {
            if let exit = process.poll() {
                let said = String(decoding: process.output, as: UTF8.self) + process.errors
                throw ChildProcessError.failed(command: "listener on \(address):\(port)", exit: exit, said: said)
            }
            return accepts(address, port) ? () : nil
        }
    }
}
