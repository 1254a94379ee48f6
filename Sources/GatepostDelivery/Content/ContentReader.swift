package import GatepostModel
package import NIOCore
package import NIOPosix
internal import SMTPClient

/// Why a message's file could not be read.
struct ContentError: Error, CustomStringConvertible {
    var description: String
}

/// Reads the content of queued messages: small ones whole, large ones in chunks from their files, on threads that may wait
/// for the disk.
package struct ContentReader: Sendable {
    static let chunkOctets = 64 * 1024

    /// The absolute path of the directory with the files.
    let spool: String
    let threads: NIOThreadPool

    package init(spool: String, threads: NIOThreadPool) {
        self.spool = spool
        self.threads = threads
    }

    /// Hands out the content piece by piece until it ends or `body` returns false.
    package func forEachChunk(
        of content: MessageContent,
        _ body: (ByteBuffer) async throws -> Bool
    ) async throws {
        switch content {
        case .inline(let octets):
            _ = try await body(ByteBuffer(bytes: octets))
        case .file(let name, let size, let front):
            let file = try await self.threads.runIfActive {
                try ContentFile(path: self.spool + "/" + name, octets: size, front: front)
            }
            defer { file.close() }
            while let chunk = try await self.threads.runIfActive({ try file.next() }) {
                guard try await body(chunk) else { return }
            }
        }
    }

    /// Content for one transaction, and what has to be closed after it.
    func open(_ content: MessageContent) async throws -> (content: MailContent, file: ContentFile?) {
        switch content {
        case .inline(let octets):
            return (.bytes(ByteBuffer(bytes: octets)), nil)
        case .file(let name, let size, let front):
            let file = try await self.threads.runIfActive {
                try ContentFile(path: self.spool + "/" + name, octets: size, front: front)
            }
            let threads = self.threads
            return (.stream { try await threads.runIfActive { try file.next() } }, file)
        }
    }

    /// The first octets of a message, no more than `limit`.
    func beginning(of content: MessageContent, limit: Int) async throws -> [UInt8] {
        switch content {
        case .inline(let octets):
            return Array(octets.prefix(limit))
        case .file(let name, let size, let front):
            let path = self.spool + "/" + name
            return try await self.threads.runIfActive {
                var octets = Array(front.prefix(limit))
                let file = try ContentFile(path: path, octets: min(size, limit - octets.count))
                defer { file.close() }
                while let chunk = try file.next() { octets += chunk.readableBytesView }
                return octets
            }
        }
    }
}
