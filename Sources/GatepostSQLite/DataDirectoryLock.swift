internal import GatepostModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The exclusive right to a data directory, held as long as the value lives. The kernel gives it back when the process ends,
/// however that happens.
final class DataDirectoryLock: Sendable {
    private let descriptor: Int32

    /// - Throws: ``StoreError`` with `inUse`, naming the process that holds the directory.
    init(directory: String) throws {
        let path = directory + "/gatepost.lock"
        let descriptor = Self.open(path)
        guard descriptor >= 0 else { throw StoreError.system("cannot open \(path)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let holder = Self.read(descriptor)
            let failure = StoreError.system("cannot lock \(path)")
            _ = Self.close(descriptor)
            guard isHeld else { throw failure }
            throw StoreError(.inUse, "process \(holder.isEmpty ? "unknown" : holder) holds \(path)")
        }
        self.descriptor = descriptor
        let text = Array("\(getpid())\n".utf8)
        // Only for the message above: a lock without a name in it is as good.
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
    }

    /// Gives the right back now. Closing the descriptor alone would not while a child that is being started has a copy of it.
    func release() {
        flock(self.descriptor, LOCK_UN)
    }

    deinit {
        _ = Self.close(self.descriptor)
    }

    private static func open(_ path: String) -> Int32 {
        #if canImport(Glibc)
        Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        #else
        Darwin.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        #endif
    }

    private static func close(_ descriptor: Int32) -> Int32 {
        #if canImport(Glibc)
        Glibc.close(descriptor)
        #else
        Darwin.close(descriptor)
        #endif
    }

    private static func read(_ descriptor: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return "" }
        return String(decoding: buffer.prefix(count).filter { (0x30...0x39).contains($0) }, as: UTF8.self)
    }
}

/// Makes an empty file that only its owner may read, unless it is there. SQLite gives its log the same mode, and would
/// itself let the whole host read the password hashes.
func makePrivateFile(_ path: String) throws {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw StoreError.system("cannot make \(path)") }
    close(descriptor)
}

extension StoreError {
    /// What `errno` says.
    static func system(_ what: String) -> StoreError {
        let code = errno
        let reason = "\(what): \(String(cString: strerror(code)))"
        return StoreError(code == ENOSPC || code == EDQUOT ? .noSpace : .unavailable, reason)
    }
}
