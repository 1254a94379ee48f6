import Foundation
import Glibc

/// NSD on a free port of loopback, with zones of its own, for as long as the object lives.
final class NameServer {
    /// Where `Scripts/packages servers` unpacks it; Debian's installed one would run as a service.
    private static let unpacked = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent(".build-peers/nsd/tree").path
    static let program = ["/usr/sbin/nsd", "/usr/local/sbin/nsd", "\(unpacked)/usr/sbin/nsd"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    static let signer = "/usr/bin/ldns-signzone"
    static let keyMaker = "/usr/bin/ldns-keygen"
    static var canSign: Bool {
        self.program != nil && [self.signer, self.keyMaker].allSatisfy(FileManager.default.isExecutableFile)
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let port: Int
    private let process = Process()
    private let folder: URL

    /// Starts a server for zones, name to text, and returns once it takes connections.
    convenience init(zones: [String: String]) throws {
        let folder = try Self.makeFolder()
        for (name, text) in zones {
            try text.write(to: folder.appendingPathComponent("\(name).zone"), atomically: true, encoding: .utf8)
        }
        try self.init(folder: folder, files: zones.keys.map { ($0, "\($0).zone") })
    }

    init(folder: URL, files: [(zone: String, file: String)]) throws {
        self.folder = folder
        self.port = try Self.freePort()
        var configuration = """
            server:
              ip-address: 127.0.0.1@\(self.port)
              port: \(self.port)
              username: ""
              chroot: ""
              zonesdir: "\(folder.path)"
              pidfile: "\(folder.path)/nsd.pid"
              database: ""
              zonelistfile: "\(folder.path)/zone.list"
              xfrdfile: "\(folder.path)/xfrd.state"
              logfile: "\(folder.path)/nsd.log"
              server-count: 1
            remote-control:
              control-enable: no

            """
        for (zone, file) in files { configuration += "zone:\n  name: \"\(zone)\"\n  zonefile: \"\(file)\"\n" }
        let file = folder.appendingPathComponent("nsd.conf")
        try configuration.write(to: file, atomically: true, encoding: .utf8)
        guard let program = Self.program else { throw Failure(description: "no nsd") }
        self.process.executableURL = URL(fileURLWithPath: program)
        self.process.arguments = ["-d", "-c", file.path]
        self.process.environment = ProcessInfo.processInfo.environment.merging(
            ["LD_LIBRARY_PATH": "\(Self.unpacked)/usr/lib/x86_64-linux-gnu"]
        ) { first, _ in first }
        self.process.standardOutput = FileHandle.nullDevice
        self.process.standardError = FileHandle.nullDevice
        try self.process.run()
        try self.waitUntilReady()
    }

    deinit {
        // The whole group, since NSD forks; and for certain, since a child of a pool thread has SIGTERM blocked.
        kill(-self.process.processIdentifier, SIGKILL)
        self.process.waitUntilExit()
        try? FileManager.default.removeItem(at: self.folder)
    }

    /// Stops it answering without closing its port.
    func suspend() { kill(-self.process.processIdentifier, SIGSTOP) }
    func resume() { kill(-self.process.processIdentifier, SIGCONT) }

    static func makeFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dns-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    /// Runs a program in `folder` and returns the first line it prints.
    static func run(_ program: String, _ arguments: [String], in folder: URL) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(description: "\(program) failed") }
        return text.split(separator: "\n").first.map(String.init) ?? ""
    }

    /// A port that was free a moment ago.
    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = Self.loopback(port: 0)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                return bind(descriptor, generic, length) == 0 ? getsockname(descriptor, generic, &length) : -1
            }
        }
        guard code == 0 else { throw Failure(description: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func with<Value>(
        _ address: sockaddr_in,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
    ) -> Value {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                body(generic, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func loopback(port: Int, host: UInt32 = 0x7F00_0001) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = host.bigEndian
        return address
    }

    /// Asks over TCP until it answers: nothing tells us, and a connection is refused at once until then.
    private func waitUntilReady() throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline, self.process.isRunning {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            // From another address, or the socket might be given the very port and connect to itself.
            let isBound = Self.with(Self.loopback(port: 0, host: 0x7F00_0002)) { bind(descriptor, $0, $1) == 0 }
            let isOpen = Self.with(Self.loopback(port: self.port)) { connect(descriptor, $0, $1) == 0 }
            if isBound, isOpen { return }
            sched_yield()
        }
        let log = try? String(contentsOf: self.folder.appendingPathComponent("nsd.log"), encoding: .utf8)
        throw Failure(description: "nsd does not start: \(log ?? "no log")")
    }
}
