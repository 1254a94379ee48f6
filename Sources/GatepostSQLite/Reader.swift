internal import Dispatch
internal import GatepostModel

/// A connection that only reads, on a queue of its own: never waits for the writer.
final class Reader: Sendable {
    private let connection: Connection
    private let queue: DispatchQueue

    init(_ configuration: Connection.Configuration, label: String) throws {
        var configuration = configuration
        configuration.isReadOnly = true
        self.connection = try Connection(configuration)
        self.connection.takeOver()
        self.queue = DispatchQueue(label: label, qos: .userInitiated)
    }

    /// What `body` reads belongs to one moment, after everything that was durable when it was asked for.
    func read<Value: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            self.queue.async {
                continuation.resume(with: Result { try self.connection.reading(body) }.mapError { StoreError(any: $0) })
            }
        }
    }

    /// For one statement, which is one moment by itself.
    func readOne<Value: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            self.queue.async {
                continuation.resume(with: Result { try body(self.connection) }.mapError { StoreError(any: $0) })
            }
        }
    }

    func close() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            self.queue.async {
                continuation.resume(with: Result { try self.connection.close() })
            }
        }
    }
}
