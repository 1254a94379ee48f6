internal import Glibc

/// A C library that is loaded when the configuration asks for what it does.
///
/// libldap brings GnuTLS and Cyrus SASL along, 3 MB of memory that a server which asks no directory need not hold.
struct SharedLibrary: @unchecked Sendable {
    /// The library, or one of its functions, is not on this host.
    struct Missing: Error, Hashable, CustomStringConvertible {
        var description: String
    }

    // Never closed: what it points to stays where it is, for every thread.
    private let handle: UnsafeMutableRawPointer

    /// - Parameter names: File names of one library in the versions that fit, the newest first.
    init(_ names: [String]) throws(Missing) {
        for name in names {
            if let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) {
                self.handle = handle
                return
            }
        }
        throw Missing(description: "\(names[0]) cannot be loaded: \(SharedLibrary.error)")
    }

    /// A function of the library.
    ///
    /// - Parameter type: Its C signature, which the caller takes from the header: nothing else can check it.
    func function<Function>(_ name: String, _ type: Function.Type = Function.self) throws(Missing) -> Function {
        guard let address = dlsym(self.handle, name) else {
            throw Missing(description: "\(name) is missing: \(SharedLibrary.error)")
        }
        return unsafeBitCast(address, to: type)
    }

    private static var error: String { dlerror().map { String(cString: $0) } ?? "no reason is given" }
}
