public import MailSyntax
public import NIOCore
internal import Synchronization

/// Counts the sessions of a server, in all and by address, and can tell them all to end.
public final class SessionRegistry: Sendable {
    /// Whether a new connection may become a session.
    public enum Admission: Sendable, Equatable {
        case admitted
        /// Over the limit in all.
        case serverFull
        /// Over the limit of its address.
        case addressFull
        /// The server is going down.
        case shuttingDown
    }

    private struct State {
        var byAddress: [IPAddress: Int] = [:]
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isShuttingDown = false
        var refusals = 0
    }

    /// How many connections may be in a TLS handshake only to be told that they are refused.
    static let maximumRefusals = 64

    public let maximumSessions: Int
    public let maximumSessionsPerAddress: Int
    /// Addresses without a limit of their own.
    public let unlimited: [IPNetwork]
    private let state = Mutex(State())

    public init(maximumSessions: Int, maximumSessionsPerAddress: Int, unlimited: [IPNetwork] = []) {
        self.maximumSessions = maximumSessions
        self.maximumSessionsPerAddress = maximumSessionsPerAddress
        self.unlimited = unlimited
    }

    /// Open sessions.
    public var count: Int { self.state.withLock { $0.channels.count } }

    /// Counts a connection, if it may be; one that was admitted is to be ``remove(_:from:)``d when it closes.
    public func admit(_ channel: any Channel, from address: IPAddress?) -> Admission {
        let isUnlimited = address.map { address in self.unlimited.contains { $0.contains(address) } } ?? true
        return self.state.withLock { state in
            if state.isShuttingDown { return .shuttingDown }
            guard state.channels.count < self.maximumSessions else { return .serverFull }
            if let address {
                let count = state.byAddress[address, default: 0]
                guard isUnlimited || count < self.maximumSessionsPerAddress else { return .addressFull }
                state.byAddress[address] = count + 1
            }
            state.channels[ObjectIdentifier(channel)] = channel
            return .admitted
        }
    }

    public func remove(_ channel: any Channel, from address: IPAddress?) {
        self.state.withLock { state in
            guard state.channels.removeValue(forKey: ObjectIdentifier(channel)) != nil else { return }
            guard let address, let count = state.byAddress[address] else { return }
            state.byAddress[address] = count > 1 ? count - 1 : nil
        }
    }

    /// Whether a connection that is refused may still do a TLS handshake to hear why; false when so many do already that it must
    /// be closed without a word, or connections over the limit would be without limit. One that may calls ``refusalEnded()`` once closed.
    func mayHearRefusal() -> Bool {
        self.state.withLock { state in
            guard state.refusals < SessionRegistry.maximumRefusals else { return false }
            state.refusals += 1
            return true
        }
    }

    func refusalEnded() {
        self.state.withLock { $0.refusals -= 1 }
    }

    /// Ends idle sessions with `421` now and the others after their transaction; returns when none is left or `deadline` has passed,
    /// when what remains is cut.
    public func shutDown(within limit: Duration) async {
        let channels = self.state.withLock { state in
            state.isShuttingDown = true
            return Array(state.channels.values)
        }
        for channel in channels {
            channel.pipeline.fireUserInboundEventTriggered(SessionShutdown())
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for channel in channels {
                    await withCheckedContinuation { continuation in
                        channel.closeFuture.whenComplete { _ in continuation.resume() }
                    }
                }
            }
            group.addTask {
                do {
                    try await Task.sleep(for: limit)
                } catch {
                    return  // All sessions ended before the limit.
                }
                for channel in channels {
                    channel.close(mode: .all, promise: nil)
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}

/// Sent down a session's pipeline: end as soon as the transaction under way is done.
public struct SessionShutdown: Sendable {}
