#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// A password or key: held once, overwritten when the last holder lets go, never printed.
///
/// A copy taken through ``octets`` is the caller's to look after.
public final class Secret: Sendable {
    // Written in `init` and `deinit` only, when no other thread can hold a reference.
    nonisolated(unsafe) private let storage: UnsafeMutableRawBufferPointer

    /// Copies the octets.
    public init(_ octets: some Collection<UInt8>) {
        self.storage = .allocate(byteCount: octets.count, alignment: 1)
        self.storage.copyBytes(from: octets)
    }

    /// The UTF-8 octets of the text.
    public convenience init(_ text: String) {
        self.init(Array(text.utf8))
    }

    deinit {
        // A plain loop of stores before a deallocation is a loop the optimiser may leave out.
        if let base = self.storage.baseAddress {
            #if canImport(Darwin)
            memset_s(base, self.storage.count, 0, self.storage.count)
            #else
            explicit_bzero(base, self.storage.count)
            #endif
        }
        self.storage.deallocate()
    }

    /// The number of octets.
    public var count: Int { self.storage.count }

    /// Whether there are no octets.
    public var isEmpty: Bool { self.storage.isEmpty }

    /// A copy of the octets, which is not wiped.
    public var octets: [UInt8] { Array(self.storage) }

    /// Lends the octets without a copy. The pointer must not leave the closure.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(self.storage))
    }
}

extension Secret: Equatable {
    /// Compared in constant time.
    public static func == (first: Secret, second: Secret) -> Bool {
        ConstantTime.equals(first.storage, second.storage)
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always the same words, whatever the content.
    public var description: String { "(secret)" }
    public var debugDescription: String { "(secret)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
