internal import Logging
internal import NIOCore
internal import NIOSSL
internal import NIOTLS
internal import SMTPServer

/// Something that happens on a POP3 connection.
enum POP3Event: Sendable {
    /// Octets from the client, and whether they came over TLS.
    case octets(ByteBuffer, isOverTLS: Bool)
    /// The TLS handshake is done, with this client certificate in DER; the version such as `1.3`.
    case tlsStarted(clientCertificate: [UInt8]?, version: String?)
    /// Nothing came for too long.
    case silence
    /// The server is going down.
    case shutdown
}

/// Turns what NIO tells of a connection into events in the order in which they happened, so that octets sent in the clear are never
/// taken for octets sent over TLS.
final class POP3EventHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = POP3Event

    private var isOverTLS = false
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let octets = POP3Event.octets(self.unwrapInboundIn(data), isOverTLS: self.isOverTLS)
        context.fireChannelRead(self.wrapInboundOut(octets))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted:
            self.isOverTLS = true
            self.tell(self.tlsStarted(context), context)
        case let event as IdleStateHandler.IdleStateEvent where event == .read:
            self.tell(.silence, context)
        case is SessionShutdown:
            self.tell(.shutdown, context)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func tell(_ event: POP3Event, _ context: ChannelHandlerContext) {
        context.fireChannelRead(self.wrapInboundOut(event))
        context.fireChannelReadComplete()
    }

    private func tlsStarted(_ context: ChannelHandlerContext) -> POP3Event {
        do {
            let handler = try context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
            return .tlsStarted(
                clientCertificate: try handler.peerCertificate?.toDERBytes(),
                version: handler.tlsVersion?.text
            )
        } catch {
            // Without a certificate that can be read EXTERNAL is not offered.
            self.logger.debug("client certificate could not be read", metadata: ["error": "\(error)"])
            return .tlsStarted(clientCertificate: nil, version: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.logger.debug("POP3 session ended by an error", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }
}
