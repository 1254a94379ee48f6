import GatepostServer
import Glibc

/// A directory that goes away with the value.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        let suffix = RandomOctets.make(8).map { String($0, radix: 36) }.joined()
        self.path = "/tmp/gatepost-tests-\(suffix)"
        try LocalFile.makeDirectory(self.path)
    }

    deinit {
        TemporaryDirectory.remove(self.path)
    }

    func write(_ name: String, _ text: String, mode: UInt32 = 0o600) throws {
        try LocalFile.create("\(self.path)/\(name)", text.utf8, mode: mode)
    }

    private static func remove(_ path: String) {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != "." && name != ".." { remove("\(path)/\(name)") }
            }
            closedir(directory)
        }
        Glibc.remove(path)
    }
}
