import GatepostServer
import Glibc
import Testing

@Suite("The files of authentication sockets")
struct LocalSocketTests {
    @Test("a socket that nobody serves is removed")
    func stale() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/socket"
        try Self.bind(path)
        #expect(LocalFile.exists(path) && LocalSocket.mayTake(path))
        try LocalSocket.removeStale(path)
        #expect(!LocalFile.exists(path))
        try LocalSocket.removeStale(path)
    }

    @Test("nothing else is removed")
    func others() throws {
        let directory = try TemporaryDirectory()
        let file = "\(directory.path)/file"
        let link = "\(directory.path)/link"
        try directory.write("file", "precious")
        try Self.bind("\(directory.path)/socket")
        #expect(symlink("socket", link) == 0)
        for path in [file, link, directory.path] {
            #expect(!LocalSocket.mayTake(path))
            #expect(throws: LocalSocket.Obstacle.notASocket(path: path)) { try LocalSocket.removeStale(path) }
            #expect(LocalFile.exists(path))
        }
    }

    @Test("a socket that is served stays, and goes when its server closes it")
    func served() async throws {
        try await AuthenticationSocketFixture.with { fixture in
            let path = fixture.dovecot.path
            #expect(throws: LocalSocket.Obstacle.inUse(path: path)) { try LocalSocket.removeStale(path) }
            #expect(LocalFile.exists(path))
        }
    }

    @Test("closing removes the socket, but not another one in its place")
    func closing() async throws {
        let directory = try TemporaryDirectory()
        try await AuthenticationSocketFixture.with { fixture in
            // Somebody puts a socket of his own in the other's place.
            let path = fixture.saslauthd.path
            #expect(unlink(path) == 0)
            try Self.bind(path)
            #expect(rename(path, "\(directory.path)/moved") == 0)
            #expect(link("\(directory.path)/moved", path) == 0)
        }
        #expect(LocalFile.exists("\(directory.path)/moved"))
    }

    /// A socket file without a server.
    private static func bind(_ path: String) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0)
    }
}
