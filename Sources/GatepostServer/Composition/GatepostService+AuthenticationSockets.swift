internal import GatepostModel
internal import NIOCore

extension GatepostService {
    /// Opens the sockets at which other servers ask about logins, as far as there are any.
    ///
    /// - Throws: ``Failure``.
    func openAuthenticationSockets(
        authenticator: Authenticator,
        counters: SubmissionCounters,
        clock: SystemClock,
        group: any EventLoopGroup
    ) async throws -> [AuthenticationSocket] {
        let wanted = self.configuration.authentication.sockets
        let context = AuthenticationSocketContext(
            self.configuration,
            authenticator: authenticator,
            counters: counters,
            clock: clock,
            logger: self.logger
        )
        var sockets: [AuthenticationSocket] = []
        let kinds: [(AuthenticationSocket.Kind, String?)] = [
            (.dovecot, wanted.dovecot), (.saslauthd, wanted.saslauthd),
        ]
        for case (let kind, let path?) in kinds {
            do {
                sockets.append(
                    try await AuthenticationSocket.open(
                        kind,
                        path: path,
                        mode: wanted.mode,
                        context: context,
                        group: group
                    )
                )
            } catch {
                for socket in sockets { await socket.close() }
                throw Failure(
                    kind: .cannotListen,
                    description: "cannot listen on the \(kind.name) socket \(path): \(error)",
                    hint: Self.hint(for: error, path: path)
                )
            }
        }
        return sockets
    }

    private static func hint(for error: any Error, path: String) -> String {
        switch error {
        case LocalSocket.Obstacle.inUse:
            "Choose another path, or stop the server that has this one."
        case LocalSocket.Obstacle.notASocket:
            "Choose another path, or remove what is there."
        default:
            "The server's user must be able to write to \(LocalFile.directory(of: path)), and to pass through the directories above it."
        }
    }
}
