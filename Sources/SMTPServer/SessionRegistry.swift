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
        /// Its address connects too often.
        case tooFrequent
        /// The server is going down.
        case shuttingDown
    }

    private struct Entry {
        var channel: any Channel
        /// nil where no address is counted.
        var network: IPNetwork?
    }

    private struct State {
        /// By the address, an IPv6 one with its /64: whoever has one of these has them all.
        var byAddress: [IPNetwork: Int] = [:]
        var channels: [ObjectIdentifier: Entry] = [:]
        var rates: ArrivalRates
        var isShuttingDown = false
        var refusals = 0
    }

    /// How many connections may be in a TLS handshake only to be told that they are refused.
    static let maximumRefusals = 64

    public let maximumSessions: Int
    public let maximumSessionsPerAddress: Int
    /// New sessions of an address within a minute, refused ones not counted. Loopback is free of it: programs on this host come often.
    public let maximumArrivalsPerMinute: Int
    /// Addresses without a limit of their own, even where a listener denies them.
    public let unlimited: [IPNetwork]
    private let state: Mutex<State>
    private let now: @Sendable () -> Int64

    public convenience init(
        maximumSessions: Int,
        maximumSessionsPerAddress: Int,
        maximumArrivalsPerMinute: Int = .max,
        unlimited: [IPNetwork] = []
    ) {
        self.init(
            maximumSessions: maximumSessions,
            maximumSessionsPerAddress: maximumSessionsPerAddress,
            maximumArrivalsPerMinute: maximumArrivalsPerMinute,
            unlimited: unlimited,
            now: { Int64(truncatingIfNeeded: NIODeadline.now().uptimeNanoseconds) }
        )
    }

    /// - Parameter now: Nanoseconds of a clock that only goes forward.
    init(
        maximumSessions: Int,
        maximumSessionsPerAddress: Int,
        maximumArrivalsPerMinute: Int,
        unlimited: [IPNetwork],
        now: @escaping @Sendable () -> Int64
    ) {
        self.maximumSessions = maximumSessions
        self.maximumSessionsPerAddress = maximumSessionsPerAddress
        self.maximumArrivalsPerMinute = maximumArrivalsPerMinute
        self.unlimited = unlimited
        self.state = Mutex(State(rates: ArrivalRates(perMinute: maximumArrivalsPerMinute)))
        self.now = now
    }

    /// Open sessions.
    public var count: Int { self.state.withLock { $0.channels.count } }

    /// Whether the address is in one of the ``unlimited`` networks, which are never turned away for where they are.
    public func isUnlimited(_ address: IPAddress) -> Bool {
        self.unlimited.contains { $0.contains(address) }
    }

    /// Counts a connection in, until ``remove(_:)``; a second call for the same one moves it to another address.
    ///
    /// - Parameter address: nil where none is to be counted: a Unix socket, or a proxy.
    public func admit(_ channel: any Channel, from address: IPAddress?) -> Admission {
        let network = address.flatMap { self.isUnlimited($0) ? nil : $0.network() }
        return self.state.withLock { state in
            let identifier = ObjectIdentifier(channel)
            let entry = state.channels[identifier]
            let isMove = entry != nil
            if let entry, entry.network == network { return .admitted }
            if state.isShuttingDown { return .shuttingDown }
            guard isMove || state.channels.count < self.maximumSessions else { return .serverFull }
            if let network {
                let count = state.byAddress[network, default: 0]
                guard count < self.maximumSessionsPerAddress else { return .addressFull }
                if self.maximumArrivalsPerMinute < .max, !network.address.isLoopback {
                    guard state.rates.arrives(network, now: self.now()) else { return .tooFrequent }
                }
                state.byAddress[network] = count + 1
            }
            if isMove { SessionRegistry.remove(identifier, from: &state) }
            state.channels[identifier] = Entry(channel: channel, network: network)
            return .admitted
        }
    }

    public func remove(_ channel: any Channel) {
        self.state.withLock { SessionRegistry.remove(ObjectIdentifier(channel), from: &$0) }
    }

    private static func remove(_ identifier: ObjectIdentifier, from state: inout State) {
        guard let entry = state.channels.removeValue(forKey: identifier) else { return }
        guard let network = entry.network, let count = state.byAddress[network] else { return }
        state.byAddress[network] = count > 1 ? count - 1 : nil
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
            return state.channels.values.map(\.channel)
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
