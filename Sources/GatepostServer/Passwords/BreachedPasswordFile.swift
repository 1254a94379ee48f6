package import GatepostModel
internal import Glibc
package import SASL

/// A ``GatepostModel/BreachedPasswordSet`` on the disk, of which a look-up reads some pages.
package final class BreachedPasswordFile: Sendable {
    /// The file cannot be used: which, and why.
    package struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        package var description: String
    }

    private let path: String
    private let descriptor: Int32
    package let set: BreachedPasswordSet

    /// - Throws: ``Failure`` when it cannot be read, is something else, or is cut off.
    package init(path: String) throws(Failure) {
        self.path = path
        self.descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard self.descriptor >= 0 else {
            throw Failure(description: "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        do {
            let header = try BreachedPasswordFile.read(
                self.descriptor,
                0,
                BreachedPasswordSet.headerOctets
            )
            self.set = try BreachedPasswordSet(header: header)
        } catch {
            close(self.descriptor)
            throw Failure(description: "\(path) \(error)")
        }
        let end = lseek(self.descriptor, 0, SEEK_END)
        guard end >= 0, UInt64(end) == self.set.fileOctets else {
            close(self.descriptor)
            throw Failure(description: "\(path) is not whole: it has \(end) octets in place of \(self.set.fileOctets)")
        }
    }

    deinit {
        close(self.descriptor)
    }

    /// Whether the list holds the password as it was typed, or, seldom, seems to.
    package func contains(_ password: Secret) throws(Failure) -> Bool {
        do {
            let descriptor = self.descriptor
            return try self.set.contains(BreachedPasswordSet.head(of: password.octets)) { offset, count in
                try BreachedPasswordFile.read(descriptor, offset, count)
            }
        } catch {
            throw Failure(description: "\(self.path) \(error)")
        }
    }

    private struct SystemError: Error, CustomStringConvertible {
        var code: Int32
        var description: String { "cannot be read: \(String(cString: strerror(self.code)))" }
    }

    private static func read(_ descriptor: Int32, _ offset: UInt64, _ count: Int) throws -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let read = octets.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress?.advanced(by: done), count - done, off_t(offset) + off_t(done))
            }
            if read < 0 {
                if errno == EINTR { continue }
                throw SystemError(code: errno)
            }
            if read == 0 { break }
            done += read
        }
        octets.removeLast(count - done)
        return octets
    }
}
