package import GatepostModel
internal import Glibc
internal import SASL

/// `audit.key`: 32 random octets that sign the trail's heads. The master key is exchanged once in a while, and old signatures must stay good, so
/// it is a file of its own.
package enum AuditKeyFile {
    package enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        case file(LocalFile.Failure)
        case wrongSize(path: String)
        /// Others than its owner may read it.
        case open(path: String)

        package var description: String {
            switch self {
            case .file(let failure): "\(failure)"
            case .wrongSize(let path): "\(path) is not an audit key: it must hold 32 octets"
            case .open(let path): "\(path) can be read by others: chmod 600 \(path)"
            }
        }
    }

    package static func path(inDirectory directory: String) -> String { directory + "/audit.key" }

    /// Reads the key of a data directory, and makes it where it is missing.
    package static func open(inDirectory directory: String) throws(Failure) -> AuditKey {
        let path = AuditKeyFile.path(inDirectory: directory)
        if !LocalFile.exists(path) {
            do {
                try LocalFile.create(path, RandomOctets.make(AuditKey.seedOctets), mode: 0o600)
                try LocalFile.syncDirectory(of: path)
            } catch {
                // Another process may have been first.
                guard error.isAlreadyThere else { throw .file(error) }
            }
        }
        return try AuditKeyFile.read(path)
    }

    private static func read(_ path: String) throws(Failure) -> AuditKey {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .file(LocalFile.Failure(path: path, action: "read", code: errno))
        }
        guard status.st_mode & 0o077 == 0 else { throw .open(path: path) }
        let octets: [UInt8]
        do {
            octets = try LocalFile.read(path, limit: 4096)
        } catch {
            throw .file(error)
        }
        guard let key = AuditKey(seed: Secret(octets)) else { throw .wrongSize(path: path) }
        return key
    }
}
