internal import GatepostDelivery
internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import NIOCore
internal import NIOSSL
internal import POP3
internal import SASL
internal import SMTP
internal import SMTPServer

/// Runs one ``POP3Session`` on its connection.
struct POP3Connection: Sendable {
    typealias Writer = NIOAsyncChannelOutboundWriter<ByteBuffer>

    let channel: NIOAsyncChannel<POP3Event, ByteBuffer>
    let address: IPAddress?
    let configuration: POP3Listener.Configuration
    let service: POP3Service
    let tls: TLSContextSource

    func run() async {
        do {
            try await self.channel.executeThenClose { inbound, outbound in
                var dialog = Dialog(connection: self, outbound: outbound)
                if self.configuration.session.security != .implicit { try await dialog.greet() }
                for try await event in inbound {
                    guard try await dialog.goOn(after: event) else { break }
                }
                dialog.ended()
            }
        } catch {
            self.service.logger.debug(
                "POP3 session ended by an error",
                metadata: ["listener": "\(self.configuration.name)", "error": "\(error)"]
            )
        }
    }

    /// The session with what it has not looked at yet.
    private struct Dialog {
        let connection: POP3Connection
        let outbound: Writer
        let login: LoginExchange
        var session: POP3Session
        var input = ByteBuffer()
        var clientCertificate: [UInt8]?
        var tlsVersion: String?
        var account: Account?

        init(connection: POP3Connection, outbound: Writer) {
            self.connection = connection
            self.outbound = outbound
            self.session = POP3Session(configuration: connection.configuration.session)
            self.login = LoginExchange(
                authenticator: connection.service.authenticator,
                loginGuard: connection.service.loginGuard,
                recorder: connection.service.recorder,
                logger: connection.service.logger
            )
        }

        mutating func greet() async throws {
            _ = try await self.perform(self.session.connected())
        }

        /// - Returns: Whether the session goes on.
        mutating func goOn(after event: POP3Event) async throws -> Bool {
            switch event {
            case .octets(var octets, let isOverTLS):
                // What was sent in the clear behind STLS may be anybody's.
                guard isOverTLS == self.session.isTLS else { return false }
                self.input.writeBuffer(&octets)
                return try await self.process()
            case .tlsStarted(let certificate, let version):
                self.clientCertificate = certificate
                self.tlsVersion = version
                let isFirst = self.connection.configuration.session.security == .implicit
                // No bindings: devices that need POP3 know no -PLUS.
                self.session.tlsStarted(hasClientCertificate: certificate != nil)
                if isFirst { try await self.greet() }
                return true
            case .silence:
                return try await self.perform(self.session.end(with: .timeout))
            case .shutdown:
                return try await self.perform(self.session.end(with: .shuttingDown))
            }
        }

        private mutating func process() async throws -> Bool {
            while true {
                let now = self.connection.service.clock.now().secondsSince1970
                let (consumed, action) = self.input.withUnsafeReadableBytes { octets in
                    self.session.receive(octets) {
                        POP3Session.ExchangeSeed(nonce: RandomOctets.make(24), secondsSince1970: now)
                    }
                }
                self.input.moveReaderIndex(forwardBy: consumed)
                self.tellNotice(self.session.takeAuthenticationNotice())
                if case .waitForInput = action, consumed == 0 { break }
                guard try await self.perform(action) else { return false }
            }
            if self.input.readableBytes == 0 {
                self.input = ByteBuffer()
            } else {
                self.input.discardReadBytes()
            }
            return true
        }

        /// - Returns: Whether the session goes on.
        private mutating func perform(_ action: POP3Action) async throws -> Bool {
            var action = action
            while true {
                switch action {
                case .waitForInput:
                    return true
                case .send(let octets):
                    if !octets.isEmpty { try await self.outbound.write(ByteBuffer(bytes: octets)) }
                    return true
                case .close(let octets):
                    try await self.outbound.write(ByteBuffer(bytes: octets))
                    return false
                case .startTLS(let octets):
                    try await self.startTLS(ByteBuffer(bytes: octets))
                    return true
                case .ask(let request):
                    action = self.session.receive(try await self.answer(request))
                }
            }
        }

        /// The reply goes out and TLS is there in one turn of the event loop: nothing can come in between.
        private func startTLS(_ reply: ByteBuffer) async throws {
            let channel = self.connection.channel.channel
            let context = self.connection.tls.current.context
            try await channel.eventLoop.submit {
                channel.writeAndFlush(reply, promise: nil)
                try channel.pipeline.syncOperations.addHandler(
                    NIOSSLServerHandler(context: context),
                    position: .first
                )
            }.get()
        }

        // MARK: Questions

        private var origin: LoginExchange.Origin {
            LoginExchange.Origin(
                address: self.connection.address,
                listener: self.connection.configuration.name,
                isTLS: self.session.isTLS,
                tlsVersion: self.tlsVersion
            )
        }

        /// The connection is gone.
        func ended() {
            self.tellNotice(self.session.noticeAtEnd)
        }

        private func tellNotice(_ notice: AuthenticationNotice?) {
            guard let notice else { return }
            _ = self.login.refuse(notice.reason, mechanism: notice.mechanism, from: self.origin)
        }

        private mutating func answer(_ request: POP3Request) async throws -> POP3Answer {
            switch request {
            case .authentication(let question):
                let answer = self.login.answer(
                    question,
                    by: self.session.mechanismName ?? .login,
                    certificate: self.clientCertificate,
                    from: self.origin
                )
                switch answer {
                case .now(let answer): return .authentication(answer)
                case .later(let work):
                    guard let answer = await work() else {
                        return .refused(.error("Logins cannot be checked now; try again later", .temporary))
                    }
                    return .authentication(answer)
                }
            case .authenticationEnded(let mechanism, let result):
                return await self.conclude(mechanism, result)
            case .content(let message, let bodyLines):
                return try await self.send(message, bodyLines)
            case .update(let messages):
                return await self.update(messages)
            }
        }

        private mutating func conclude(
            _ mechanism: MechanismName,
            _ result: POP3AuthenticationResult
        ) async -> POP3Answer {
            let outcome: AuthenticationOutcome.Result =
                switch result {
                case .succeeded(let identity): .succeeded(identity)
                case .failed(let failure): .failed(failure)
                }
            let conclusion = self.login.conclude(
                AuthenticationOutcome(mechanism: mechanism, result: outcome),
                from: self.origin
            )
            await self.login.settle(conclusion)
            switch conclusion.verdict {
            case .refused(.needsAppPassword, let reference):
                return .refused(.error("This account needs an app password (ref \(reference))", .authentication))
            case .refused(.passwordChange, let reference):
                return .refused(.error("The password must be changed first (ref \(reference))", .authentication))
            case .refused(_, let reference):
                return .refused(.error(reference.refusal, .authentication))
            case .accepted(let account, let credential, _):
                self.account = account
                do {
                    let maildrop = try await self.maildrop(of: account)
                    self.openPermit(for: account, credential)
                    return .authenticated(maildrop)
                } catch {
                    self.connection.service.logger.error(
                        "inbox could not be read",
                        metadata: ["account": "\(account.address)", "error": "\(error)"]
                    )
                    return .refused(.error("The maildrop cannot be read now; try again later", .temporary))
                }
            }
        }

        private func openPermit(for account: Account, _ credential: Credential?) {
            guard let permits = self.connection.service.permits, let address = self.connection.address else { return }
            let logger = self.connection.service.logger
            guard let ends = permits.open(for: account, credential: credential, at: address) else {
                logger.warning("too many permits to send without AUTH", metadata: ["account": "\(account.address)"])
                return
            }
            logger.notice(
                "may send without AUTH",
                metadata: ["account": "\(account.address)", "ip": "\(address)", "until": "\(ends)"]
            )
        }

        // MARK: Maildrop

        /// More than any client of this kind fetches.
        private static let maximumMessages = 1_000

        /// The account's sandbox inbox, oldest first; nothing for an account that sends for real.
        private func maildrop(of account: Account) async throws -> Maildrop {
            guard account.isSandbox else { return .empty }
            let newestFirst = try await self.connection.service.inboxes.inbox(
                account: account.address,
                limit: Self.maximumMessages
            )
            return Maildrop(
                messages: newestFirst.reversed().map {
                    Maildrop.Message(uniqueID: "\($0.identifier)", size: $0.size)
                }
            )
        }

        private func send(_ message: Maildrop.Message, _ bodyLines: Int?) async throws -> POP3Answer {
            let service = self.connection.service
            guard let identifier = MessageIdentifier(message.uniqueID),
                let content = try await service.queue.content(of: identifier)
            else { return .refused(.error("The message is gone")) }
            try await self.outbound.write(ByteBuffer(string: "+OK \(message.size) octets\r\n"))
            var selection = ContentSelection(bodyLines: bodyLines)
            var stuffer = DotStuffer()
            try await service.contents.forEachChunk(of: content) { piece in
                let count = piece.withUnsafeReadableBytes { selection.take($0) }
                let octets = try stuffer.encode(Array(piece.readableBytesView.prefix(count)))
                if !octets.isEmpty { try await self.outbound.write(ByteBuffer(bytes: octets)) }
                return !selection.isComplete
            }
            try await self.outbound.write(ByteBuffer(string: "\(try stuffer.terminator())"))
            return .done
        }

        private func update(_ messages: [Maildrop.Message]) async -> POP3Answer {
            let service = self.connection.service
            if service.endsOnLogout, let account = self.account, let address = self.connection.address {
                service.permits?.close(for: account.address, at: address)
            }
            guard !messages.isEmpty, let account = self.account else { return .done }
            do {
                _ = try await service.inboxes.removeFromInbox(
                    messages.compactMap { MessageIdentifier($0.uniqueID) },
                    account: account.address
                )
                return .done
            } catch {
                service.logger.error(
                    "messages could not be removed",
                    metadata: ["account": "\(account.address)", "error": "\(error)"]
                )
                return .refused(.error("Some messages were not removed", .temporary))
            }
        }
    }
}
