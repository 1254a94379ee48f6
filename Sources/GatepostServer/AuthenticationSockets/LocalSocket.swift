internal import Glibc

/// The files of Unix sockets.
package enum LocalSocket {
    /// The longest path that other programs can connect to (unix(7): `sun_path` has 108 octets, the last of them NUL).
    package static let maximumPathOctets = 107

    /// What is in the way of a socket.
    package enum Obstacle: Error, Sendable, Hashable, CustomStringConvertible {
        /// A file, a directory or a link, which is not ours to remove.
        case notASocket(path: String)
        /// Somebody answers there.
        case inUse(path: String)

        package var description: String {
            switch self {
            case .notASocket(let path): "\(path) is there already and is no socket"
            case .inUse(let path): "another server listens on \(path)"
            }
        }
    }

    /// Which file a path led to.
    struct Identity: Sendable, Hashable {
        var device: UInt64
        var inode: UInt64
        /// A file system gives a number again as soon as it is free: the time tells the files apart.
        var changedSeconds: Int
        var changedNanoseconds: Int

        fileprivate init(_ status: stat) {
            self.device = UInt64(status.st_dev)
            self.inode = UInt64(status.st_ino)
            self.changedSeconds = status.st_ctim.tv_sec
            self.changedNanoseconds = status.st_ctim.tv_nsec
        }
    }

    /// Whether a path is free, or has a socket on it.
    package static func mayTake(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { return true }
        return status.st_mode & S_IFMT == S_IFSOCK
    }

    /// Removes a socket that nobody serves any more: a server that was killed leaves it behind.
    package static func removeStale(_ path: String) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw LocalFile.Failure(path: path, action: "look at", code: errno) }
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw Obstacle.notASocket(path: path) }
        guard try !self.isServed(path) else { throw Obstacle.inUse(path: path) }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw LocalFile.Failure(path: path, action: "remove", code: errno)
        }
    }

    /// Whether somebody accepts connections there. Does not wait: a server with a full queue is one.
    private static func isServed(_ path: String) throws(LocalFile.Failure) -> Bool {
        let descriptor = try self.make(path)
        defer { Glibc.close(descriptor) }
        let result = try self.withAddress(of: path) { connect(descriptor, $0, $1) }
        if result == 0 || errno == EAGAIN || errno == EINPROGRESS { return true }
        guard errno == ECONNREFUSED || errno == ENOENT else {
            throw LocalFile.Failure(path: path, action: "try", code: errno)
        }
        return false
    }

    /// A socket with its place in the file system, on which nobody listens yet: its permissions hold from the first connection on.
    ///
    /// - Returns: A descriptor that is the caller's.
    static func bind(_ path: String, mode: UInt32) throws(LocalFile.Failure) -> Int32 {
        let descriptor = try self.make(path)
        guard try self.withAddress(of: path, { Glibc.bind(descriptor, $0, $1) }) == 0 else {
            let code = errno
            Glibc.close(descriptor)
            throw LocalFile.Failure(path: path, action: "listen on", code: code)
        }
        guard chmod(path, mode) == 0 else {
            let code = errno
            Glibc.close(descriptor)
            throw LocalFile.Failure(path: path, action: "set the mode of", code: code)
        }
        return descriptor
    }

    private static func make(_ path: String) throws(LocalFile.Failure) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw LocalFile.Failure(path: path, action: "try", code: errno) }
        return descriptor
    }

    private static func withAddress(
        of path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(LocalFile.Failure) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let octets = Array(path.utf8)
        guard octets.count <= self.maximumPathOctets else {
            throw LocalFile.Failure(path: path, action: "try", code: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    static func identity(of path: String) throws(LocalFile.Failure) -> Identity {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw LocalFile.Failure(path: path, action: "look at", code: errno) }
        return Identity(status)
    }

    /// Removes the file, unless another one has its place by now. That it stays where removing fails does no harm: the next start
    /// removes it.
    static func remove(_ path: String, ifStill identity: Identity) {
        var status = stat()
        guard lstat(path, &status) == 0, Identity(status) == identity else { return }
        unlink(path)
    }
}
