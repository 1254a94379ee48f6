internal import GatepostModel
internal import Glibc
package import Logging
package import NIOCore
internal import NIOPosix
package import ServiceLifecycle

/// Answers operators' requests on `control.sock` in the data directory: one JSON request a line, one JSON response a line.
///
/// Whoever connects must be root or the server's own user; the file's mode (0600) says so too, but a mode can be changed.
package struct ControlService: Service {
    /// An operator and some scripts; more than that is a mistake.
    private static let maximumConnections = 64

    private let administration: Administration
    private let directory: String
    private let group: any EventLoopGroup
    private let logger: Logger

    package init(
        administration: Administration,
        dataDirectory: String,
        group: any EventLoopGroup,
        logger: Logger
    ) {
        self.administration = administration
        self.directory = dataDirectory
        self.group = group
        self.logger = logger
    }

    /// Listens until the service group shuts down or the task is cancelled. The caller holds the data directory's lock, so a socket
    /// file that exists is a dead server's.
    package func run() async throws {
        let path = try ControlSocketPath(inDirectory: self.directory)
        let server = try await ServerBootstrap(group: self.group)
            .bind(unixDomainSocketPath: path.path, cleanupExistingSocketFile: true) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        guard chmod(path.path, 0o600) == 0 else {
            throw LocalFile.Failure(path: "\(self.directory)/\(ControlSocketPath.name)", action: "protect", code: errno)
        }
        defer { unlink(path.path) }
        do {
            try await cancelWhenGracefulShutdown { try await self.accept(from: server) }
        } catch is CancellationError {
            self.logger.debug("control socket closed")
        }
    }

    private func accept(
        from server: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>
    ) async throws {
        try await withThrowingDiscardingTaskGroup { tasks in
            let slots = ConnectionSlots(ControlService.maximumConnections)
            try await server.executeThenClose { connections in
                for try await connection in connections {
                    guard slots.take() else {
                        try await connection.channel.close()
                        continue
                    }
                    tasks.addTask {
                        await self.serve(connection)
                        slots.giveBack()
                    }
                }
            }
            tasks.cancelAll()
        }
    }

    private func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async {
        do {
            let user = try await ControlService.user(of: connection.channel)
            guard let user, user == 0 || user == geteuid() else {
                self.logger.warning(
                    "control socket: refused a user",
                    metadata: ["uid": "\(user.map { "\($0)" } ?? "?")"]
                )
                try await connection.channel.close()
                return
            }
            let administration = self.administration.acting(as: .user(user))
            try await connection.executeThenClose { inbound, outbound in
                var pending = ByteBuffer()
                for try await var chunk in inbound {
                    pending.writeBuffer(&chunk)
                    while let line = pending.readLine() {
                        let response = await self.respond(to: line, administration)
                        try await outbound.write(ByteBuffer(bytes: try ControlProtocol.encode(response)))
                    }
                    guard pending.readableBytes <= ControlProtocol.maximumRequestOctets else { return }
                    pending.discardReadBytes()
                }
            }
        } catch is CancellationError {
            return
        } catch {
            self.logger.debug("control socket: connection ended", metadata: ["error": "\(error)"])
        }
    }

    private func respond(to line: [UInt8], _ administration: Administration) async -> AdministrationResponse {
        let request: AdministrationRequest
        do {
            request = try ControlProtocol.decode(AdministrationRequest.self, line)
        } catch {
            return .failure(
                AdministrationFailure(
                    .invalid,
                    "the server does not understand this request",
                    hint: "It may be of another version than the command: restart it."
                )
            )
        }
        return await administration.perform(request)
    }

    /// Whom the peer's process belongs to (SO_PEERCRED, unix(7)).
    private static func user(of channel: any Channel) async throws -> UInt32? {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        let peer: PeerCredentials = try await provider.unsafeGetSocketOption(
            level: .socket,
            name: NIOBSDSocket.Option(rawValue: SO_PEERCRED)
        ).get()
        return peer.user
    }
}

/// The system's `struct ucred`.
private struct PeerCredentials: Sendable {
    var process: Int32
    var user: UInt32
    var group: UInt32
}

extension ByteBuffer {
    /// Everything before the next line feed.
    fileprivate mutating func readLine() -> [UInt8]? {
        guard let end = self.readableBytesView.firstIndex(of: 0x0A) else { return nil }
        let line = self.readBytes(length: end - self.readerIndex)
        self.moveReaderIndex(forwardBy: 1)
        return line
    }
}
