internal import NIOCore

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// An open file of the spool, read from its start to its announced end, after what stands in front of it.
///
/// `@unchecked Sendable`: one transaction reads it, one call at a time, and closes it when it is over.
final class ContentFile: @unchecked Sendable {
    private let descriptor: CInt
    private let octets: Int
    private var offset = 0
    private var isOpen = true
    private var front: [UInt8]

    init(path: String, octets: Int, front: [UInt8] = []) throws {
        self.octets = octets
        self.front = front
        self.descriptor = openDescriptor(path)
        guard self.descriptor >= 0 else { throw ContentError(description: "open: error \(errno)") }
    }

    deinit { self.close() }

    /// The next chunk; nil at the end.
    func next() throws -> ByteBuffer? {
        guard self.front.isEmpty else {
            defer { self.front = [] }
            return ByteBuffer(bytes: self.front)
        }
        let wanted = min(ContentReader.chunkOctets, self.octets - self.offset)
        guard wanted > 0 else { return nil }
        var buffer = ByteBufferAllocator().buffer(capacity: wanted)
        let count = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { target in
            while true {
                let count = pread(self.descriptor, target.baseAddress, wanted, off_t(self.offset))
                if count >= 0 { return count }
                guard errno == EINTR else { throw ContentError(description: "read: error \(errno)") }
            }
        }
        guard count > 0 else {
            throw ContentError(description: "the file ends at \(self.offset) of \(self.octets) octets")
        }
        self.offset += count
        return buffer
    }

    func close() {
        guard self.isOpen else { return }
        self.isOpen = false
        // Read only: nothing can be lost by what close says.
        _ = closeDescriptor(self.descriptor)
    }
}

/// `open` and `close` under names that the methods above do not hide.
private func openDescriptor(_ path: String) -> CInt { open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) }
private func closeDescriptor(_ descriptor: CInt) -> CInt { close(descriptor) }
