import Foundation

/// Stands before a server and cancels every exchange that a client begins: Programs/cancelling_proxy.py.
final class CancellingProxy: Sendable {
    /// What one connection through it came to.
    struct Connection: Decodable, Sendable {
        struct Cancelled: Decodable, Sendable {
            var mechanism: String
            /// To `*`.
            var reply: String
            /// To the NOOP after it.
            var noop: String
            /// The client's next word, `hangs up` when there was none.
            var then: String?
        }
        var cancelled: [Cancelled]
    }

    let port: Int
    private let folder: TemporaryFolder
    private let process: ChildProcess

    private init(port: Int, folder: TemporaryFolder, process: ChildProcess) {
        self.port = port
        self.folder = folder
        self.process = process
    }

    static func start(before server: Int, certificates: Certificates) async throws -> CancellingProxy {
        guard let python = Program.find("python3") else { throw MissingProgram(name: "python3") }
        let folder = try TemporaryFolder("proxy")
        let port = try Loopback.freePorts(1)[0]
        let process = try ChildProcess(
            [
                python, Program.script("cancelling_proxy.py"), "\(port)", "\(server)", certificates.certificate,
                certificates.key,
                certificates.authority, folder.path("connections"),
            ],
            log: folder.path("log")
        )
        try await Loopback.waitUntilAccepting("127.0.0.1", port, by: process)
        let proxy = CancellingProxy(port: port, folder: folder, process: process)
        // The look whether it accepts was a connection too.
        _ = try await eventually("the proxy's first connection to end") { try proxy.connections.isEmpty ? nil : true }
        return proxy
    }

    /// Those that have ended.
    private var connections: [Connection] {
        get throws {
            try contents(of: folder.path("connections")).split(separator: 0x0A).map {
                try JSONDecoder().decode(Connection.self, from: Data($0))
            }
        }
    }

    /// What the connections that a client makes in `body` come to; one client at a time.
    func watch<Value>(_ body: () async throws -> Value) async throws -> (Value, [Connection.Cancelled]) {
        let before = try connections.count
        let value = try await body()
        let all = try await eventually("the client's connection to end") {
            let all = try connections
            return all.count > before ? all : nil
        }
        return (value, all.dropFirst(before).flatMap(\.cancelled))
    }
}
