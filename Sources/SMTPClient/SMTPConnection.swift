internal import MailSyntax
public import NIOCore
internal import NIOPosix
public import NIOSSL
public import SMTP

/// A connection to an SMTP or LMTP server, logged in and ready for transactions, one after the other.
///
///     let connection = try await SMTPConnection.connect(
///         to: .tcp(host: "mail.example.org", port: 587),
///         options: ConnectionOptions(heloName: "client.example.net", tls: .required, credentials: credentials),
///         group: group
///     )
///     let result = try await connection.send(transaction)
///     await connection.quit()
///
/// It lives on its channel's event loop. When nothing refers to it any more the channel stays open: end with ``quit()`` or ``close()``.
public actor SMTPConnection {
    public nonisolated let endpoint: Endpoint
    public nonisolated var unownedExecutor: UnownedSerialExecutor { self.executor.asUnownedSerialExecutor() }

    private nonisolated let executor: any SerialExecutor
    private nonisolated let channel: any Channel
    private nonisolated let boundHandler: NIOLoopBound<ClientChannelHandler>
    private var isBusy = false

    private init(_ channel: any Channel, _ handler: ClientChannelHandler) {
        self.endpoint = handler.endpoint
        self.channel = channel
        self.executor = channel.eventLoop.executor
        self.boundHandler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
    }

    /// The actor runs on the channel's event loop, so this is always in its place.
    private var handler: ClientChannelHandler { self.boundHandler.value }

    /// What the server offers.
    public var capabilities: Capabilities { self.handler.session.capabilities }

    /// Whether another transaction can be sent; false once the server has closed or the protocol was broken.
    public var isUsable: Bool { self.handler.session.isReady && !self.handler.isClosed }

    public var isTLS: Bool { self.handler.session.isTLS }

    /// nil without TLS.
    public var tlsVersion: TLSVersion? { self.handler.tlsVersion }

    /// Whether the certificate was checked: chain, dates and name.
    public var isCertificateVerified: Bool {
        self.handler.session.isTLS && self.handler.options.effectiveVerification == .full
    }

    /// Connects, greets, turns TLS on and logs in, as the options say.
    ///
    /// Where TLS is opportunistic and its handshake fails, connects once more and stays in clear (RFC 7435 §3), with `tls` then being off; but not with
    /// credentials, which an attacker could want to see.
    ///
    /// - Throws: ``SMTPClientError``; the connection is closed then.
    public static func connect(
        to endpoint: Endpoint,
        options: ConnectionOptions,
        group: any EventLoopGroup
    ) async throws -> SMTPConnection {
        guard let tokens = options.accessTokens, let credentials = options.credentials else {
            return try await self.attemptWithFallback(endpoint, options, group)
        }
        return try await self.withAccessToken(tokens, credentials, endpoint) { credentials in
            var options = options
            options.credentials = credentials
            return try await self.attemptWithFallback(endpoint, options, group)
        }
    }

    private static func attemptWithFallback(
        _ endpoint: Endpoint,
        _ options: ConnectionOptions,
        _ group: any EventLoopGroup
    ) async throws -> SMTPConnection {
        do {
            return try await self.attempt(endpoint, options, group)
        } catch let error as SMTPClientError
            where options.tls == .opportunistic && options.credentials == nil && error.stage == .tlsHandshake
        {
            var options = options
            options.tls = .none
            return try await self.attempt(endpoint, options, group)
        }
    }

    /// Sends one message.
    ///
    /// - Returns: One outcome for each recipient. When the connection fails after the fate of some was known, the others are
    ///   ``MailTransactionResult/Outcome/interrupted(_:)``.
    /// - Throws: ``SMTPClientError`` when nothing is known about any recipient. A bare CR or LF is found before anything is sent, if the content is in memory.
    public func send(_ transaction: MailTransaction) async throws -> MailTransactionResult {
        let handler = self.handler
        if let failure = handler.failure { throw failure }
        guard !self.isBusy else { throw self.error(.misuse("another transaction is running")) }
        guard handler.session.isReady else { throw self.error(.session(.connectionClosed)) }
        guard !transaction.recipients.isEmpty else { throw self.error(.misuse("a transaction needs a recipient")) }
        let envelope = try self.envelope(of: transaction)
        self.isBusy = true
        defer { self.isBusy = false }
        return try await self.cancellable {
            handler.begin(envelope, transaction.content)
            while true {
                if let outcome = handler.takeOutcome() { return try outcome.get() }
                if case .stream(let next) = transaction.content, handler.isStreaming {
                    await self.stream(next)
                    continue
                }
                await handler.changed()
            }
        }
    }

    /// Says QUIT, waits for the reply and closes. A connection that failed is only closed.
    public func quit() async {
        let handler = self.handler
        handler.quit()
        while !handler.isClosed {
            await handler.changed()
        }
    }

    /// Closes without QUIT; a running transaction fails.
    public nonisolated func close() {
        self.stop(.session(.connectionClosed))
    }

    // MARK: -

    private static func attempt(
        _ endpoint: Endpoint,
        _ options: ConnectionOptions,
        _ group: any EventLoopGroup
    ) async throws -> SMTPConnection {
        let tlsContext: ClientTLS.Context?
        do {
            tlsContext = options.tls == .none ? nil : try ClientTLS.context(for: options)
        } catch {
            throw SMTPClientError(
                .invalidConfiguration(String(describing: error)),
                stage: .connect,
                endpoint: endpoint,
                isTLS: false
            )
        }
        let connection = try await self.open(endpoint, options, tlsContext, group)
        try await connection.establish()
        return connection
    }

    private static func open(
        _ endpoint: Endpoint,
        _ options: ConnectionOptions,
        _ tlsContext: ClientTLS.Context?,
        _ group: any EventLoopGroup
    ) async throws -> SMTPConnection {
        var bootstrap = ClientBootstrap(group: group.next()).connectTimeout(TimeAmount(options.timeouts.connect))
        if let localAddress = options.localAddress { bootstrap = bootstrap.bind(to: localAddress) }
        let initialize: @Sendable (any Channel) -> EventLoopFuture<SMTPConnection> = { channel in
            channel.eventLoop.makeCompletedFuture {
                let handler = ClientChannelHandler(endpoint: endpoint, options: options, tlsContext: tlsContext)
                try channel.pipeline.syncOperations.addHandler(handler)
                return SMTPConnection(channel, handler)
            }
        }
        do {
            switch endpoint {
            case .tcp(let host, let port):
                // Replies and small writes alternate: Nagle's algorithm would hold each for the other's delayed ACK.
                bootstrap = bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                if IPAddress(host) != nil {
                    let address = try SocketAddress(ipAddress: host, port: port)
                    return try await bootstrap.connect(to: address, channelInitializer: initialize)
                }
                return try await bootstrap.connect(host: host, port: port, channelInitializer: initialize)
            case .unix(let path):
                return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: initialize)
            }
        } catch {
            var reason = SMTPClientError.Reason.connectFailed(String(describing: error))
            if let error = error as? ChannelError, case .connectTimeout = error { reason = .timedOut }
            throw SMTPClientError(reason, stage: .connect, endpoint: endpoint, isTLS: false)
        }
    }

    private func establish() async throws {
        let handler = self.handler
        try await self.cancellable {
            while true {
                if let failure = handler.failure { throw failure }
                if handler.isEstablished { return }
                await handler.changed()
            }
        }
    }

    /// The envelope as the machine takes it, after a look at content that is in memory.
    private func envelope(of transaction: MailTransaction) throws -> ClientTransaction {
        var size = transaction.size
        var isEightBit = transaction.body8bit
        if case .bytes(let content) = transaction.content {
            size = content.readableBytes
            do throws(BareLineEnding) {
                if try OutgoingContent.check(content) { isEightBit = true }
            } catch {
                throw self.error(.bareLineEnding(error), at: .beforeSending)
            }
        }
        return ClientTransaction(
            mail: MailParameters(
                reversePath: transaction.reversePath,
                size: size,
                body: isEightBit ? .eightBitMIME : .sevenBit,
                isSMTPUTF8: transaction.smtpUTF8,
                ret: transaction.ret,
                envelopeIdentifier: transaction.envid
            ),
            recipients: transaction.recipients
        )
    }

    /// Takes chunks from the source as fast as the socket takes them.
    private func stream(_ next: @Sendable () async throws -> ByteBuffer?) async {
        let handler = self.handler
        do {
            while handler.isStreaming, let chunk = try await next() {
                handler.write(chunk)
                while handler.isStreaming, !handler.isWritable { await handler.changed() }
            }
            handler.finishContent()
        } catch is CancellationError {
            handler.abandon(.cancelled)
        } catch {
            handler.abandon(.contentFailed(String(describing: error)))
        }
    }

    private func cancellable<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await withTaskCancellationHandler {
            try await body()
        } onCancel: {
            self.stop(.cancelled)
        }
    }

    private nonisolated func stop(_ cause: SMTPClientError.Reason) {
        let boundHandler = self.boundHandler
        self.channel.eventLoop.execute { boundHandler.value.abandon(cause) }
    }

    private func error(_ reason: SMTPClientError.Reason, at stage: ClientStage = .idle) -> SMTPClientError {
        SMTPClientError(reason, stage: stage, endpoint: self.endpoint, isTLS: self.handler.session.isTLS)
    }
}
