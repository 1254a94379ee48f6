package import GatepostModel
package import NIOCore
internal import NIOPosix

/// The content of one message, piece by piece, for somebody who takes the next one when they are ready for it.
package struct ContentChunks: Sendable {
    private let next: @Sendable () async throws -> ByteBuffer?
    private let file: ContentFile?

    init(file: ContentFile?, next: @escaping @Sendable () async throws -> ByteBuffer?) {
        self.file = file
        self.next = next
    }

    /// The next 64 KiB at most of a file, all of what is in memory; nil at the end.
    package func chunk() async throws -> ByteBuffer? { try await self.next() }

    /// To be called once nothing more is wanted.
    package func close() { self.file?.close() }
}

extension ContentReader {
    /// Content to be taken piece by piece.
    package func chunks(of content: MessageContent) async throws -> ContentChunks {
        switch content {
        case .inline(let octets):
            let whole = OnceTaken(octets)
            return ContentChunks(file: nil) { whole.take() }
        case .file(let name, let size, let front):
            let path = self.spool + "/" + name
            let threads = self.threads
            let file = try await threads.runIfActive { try ContentFile(path: path, octets: size, front: front) }
            return ContentChunks(file: file) { try await threads.runIfActive { try file.next() } }
        }
    }
}
