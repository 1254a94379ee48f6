internal import NIOCore
internal import Synchronization

/// Octets in memory that are handed out once.
final class OnceTaken: Sendable {
    private let octets: Mutex<[UInt8]?>

    init(_ octets: [UInt8]) {
        self.octets = Mutex(octets)
    }

    func take() -> ByteBuffer? {
        self.octets.withLock { octets in
            defer { octets = nil }
            return octets.map { ByteBuffer(bytes: $0) }
        }
    }
}
