internal import Logging
internal import MailSyntax
internal import NIOCore
internal import SMTP

/// What a listener does with each new connection: finds out whose it is, and makes a session or a refusal of it.
struct ConnectionIntake: Sendable {
    let configuration: Listener.Configuration
    let shared: SessionChannelHandler.Shared
    let service: any SessionService
    let registry: SessionRegistry

    func accept(_ channel: any Channel) throws {
        let remote = channel.remoteAddress
        let peer = SessionPeer(
            address: remote?.ipAddress.flatMap { IPAddress($0) }?.unmapped,
            port: remote?.port,
            listener: self.configuration.name
        )
        if let address = peer.address, self.configuration.proxies.contains(where: { $0.contains(address) }) {
            try self.awaitHeader(channel, proxy: peer)
        } else {
            try self.begin(channel, peer, isMove: false)
        }
    }

    /// Counts the connection in all, and for its client once that is known.
    private func awaitHeader(_ channel: any Channel, proxy: SessionPeer) throws {
        guard case .admitted = self.registry.admit(channel, from: nil) else {
            // Before the header no reply may be sent, for the proxy would take it for the client's.
            channel.close(promise: nil)
            return
        }
        channel.closeFuture.whenComplete { _ in self.registry.remove(channel) }
        try channel.pipeline.syncOperations.addHandler(
            ProxyHeaderHandler(
                limit: self.shared.timeouts.tlsHandshake,
                found: { header in
                    var peer = proxy
                    switch header.source {
                    case .client(let source, _):
                        peer.address = source.address
                        peer.port = source.port
                    case .unixSocket:
                        peer.address = nil
                        peer.port = nil
                    case .proxy:
                        break
                    }
                    try self.begin(channel, peer, isMove: true)
                },
                failed: { reason in
                    self.shared.logger.notice(
                        "proxied connection refused",
                        metadata: [
                            "reason": "\(reason)", "listener": "\(proxy.listener)",
                            "ip": "\(proxy.address.map { "\($0)" } ?? "local")",
                        ]
                    )
                }
            )
        )
    }

    private func begin(_ channel: any Channel, _ peer: SessionPeer, isMove: Bool) throws {
        let refusal = self.refusal(channel, peer, isMove: isMove)
        if refusal != nil, self.configuration.session.security == .implicit {
            guard self.registry.mayHearRefusal() else {
                channel.close(promise: nil)
                return
            }
            channel.closeFuture.whenComplete { _ in self.registry.refusalEnded() }
        }
        var reassign: ((SessionPeer) -> Reply?)?
        if let address = peer.address, self.configuration.forwarders.contains(where: { $0.contains(address) }) {
            reassign = { self.refusal(channel, $0, isMove: true) }
        }
        try channel.pipeline.syncOperations.addHandler(
            SessionChannelHandler(
                shared: self.shared,
                peer: peer,
                service: self.service,
                eventLoop: channel.eventLoop,
                refusal: refusal,
                reassign: reassign
            )
        )
    }

    /// Why the connection is refused; nil when it was counted in.
    private func refusal(_ channel: any Channel, _ peer: SessionPeer, isMove: Bool) -> Reply? {
        let isUnlimited = peer.address.map(self.registry.isUnlimited) ?? true
        if let reply = self.configuration.refusal(for: peer, service: self.service, isUnlimited: isUnlimited) {
            let isStranger = self.configuration.isStranger(peer)
            self.shared.logger.log(
                level: isStranger ? .notice : .debug,
                isStranger ? "connection refused: not one of the listener's clients" : "connection refused",
                metadata: [
                    "listener": "\(peer.listener)", "ip": "\(peer.address.map { "\($0)" } ?? "local")",
                    "reply": "\(reply)",
                ]
            )
            return reply
        }
        switch self.registry.admit(channel, from: peer.address) {
        case .admitted:
            // Not left to the handler: a connection may die before it ever becomes active.
            if !isMove { channel.closeFuture.whenComplete { _ in self.registry.remove(channel) } }
            return nil
        case .serverFull: return .serverFull
        case .addressFull: return .tooManySessions
        case .tooFrequent: return .tooManyConnections
        case .shuttingDown: return .shuttingDown
        }
    }
}
