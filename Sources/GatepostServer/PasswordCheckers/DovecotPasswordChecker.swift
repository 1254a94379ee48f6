internal import AuthenticationProtocols
package import GatepostModel
internal import Glibc
package import NIOCore
internal import NIOPosix
internal import Synchronization

/// Asks a Dovecot over its authentication socket. One connection carries all questions, and is made anew when it ends.
package final class DovecotPasswordChecker: PasswordChecker {
    /// Questions without an answer; the next is refused at once.
    private static let maximumOpen = 256

    private struct State {
        /// Made, or being made.
        var connection: EventLoopFuture<DovecotConnection>?
        /// Of the connection: an earlier one that ends late takes away none but itself.
        var serial: UInt64 = 0
        var open = 0
        var isOver = false
    }

    package let name: String
    private let configuration: Configuration.Dovecot
    private let timeout: Duration
    private let group: any EventLoopGroup
    private let state = Mutex(State())

    package init(_ configuration: Configuration.Dovecot, timeout: Duration, group: any EventLoopGroup) {
        self.name = "dovecot \(configuration.socket)"
        self.configuration = configuration
        self.timeout = timeout
        self.group = group
    }

    package func verdict(on login: PasswordLogin) async throws -> PasswordVerdict {
        let isAdmitted = self.state.withLock { state in
            guard state.open < DovecotPasswordChecker.maximumOpen else { return false }
            state.open += 1
            return true
        }
        guard isAdmitted else { throw HashingPool.Busy() }
        defer { self.state.withLock { $0.open -= 1 } }
        let request = DovecotAuthClient.Request(
            user: self.configuration.name == .address ? login.address : login.localPart,
            password: login.password,
            isSecured: login.peer.isTLS,
            remoteAddress: login.peer.address
        )
        let answer: DovecotAuthClient.Verdict
        do {
            answer = try await self.ask(request)
        } catch let fault as DovecotConnection.Fault {
            throw PasswordCheckerUnreachable(self.name, fault.description)
        }
        switch answer {
        case .accepted: return .accepted
        case .temporaryFailure: throw PasswordCheckerUnreachable(self.name, "temporary failure")
        case .refused(.credentials): return .wrong
        case .refused(.disabled): return .disabled
        case .refused(.passwordExpired): return .expired
        }
    }

    /// Asks once more when the connection ended before the answer: the other server may just have been started anew.
    private func ask(_ request: DovecotAuthClient.Request) async throws -> DovecotAuthClient.Verdict {
        do {
            return try await self.connection().ask(request, timeout: self.timeout)
        } catch DovecotConnection.Fault.ended {
            return try await self.connection().ask(request, timeout: self.timeout)
        }
    }

    private func connection() async throws -> DovecotConnection {
        try await self.connectionFuture().get()
    }

    private func connectionFuture() -> EventLoopFuture<DovecotConnection> {
        let loop = self.group.next()
        let promise = loop.makePromise(of: DovecotConnection.self)
        let (known, serial) = self.state.withLock { state -> (EventLoopFuture<DovecotConnection>?, UInt64) in
            if state.connection != nil || state.isOver { return (state.connection, 0) }
            state.serial &+= 1
            state.connection = promise.futureResult
            return (nil, state.serial)
        }
        guard known == nil, serial != 0 else {
            promise.fail(DovecotConnection.Fault.ended)
            return known ?? promise.futureResult
        }
        DovecotConnection.connect(
            to: self.configuration.socket,
            timeout: self.timeout,
            on: loop,
            whenEnded: { [weak self] in
                self?.state.withLock { if $0.serial == serial { $0.connection = nil } }
            }
        ).cascade(to: promise)
        return promise.futureResult
    }

    package func shutdown() async throws {
        let connection = self.state.withLock { state in
            state.isOver = true
            defer { state.connection = nil }
            return state.connection
        }
        guard let connection else { return }
        do {
            try await connection.get().close()
        } catch is DovecotConnection.Fault {
            // It never came to be.
        }
    }
}
