import MailSyntax
import NIOCore
import NIOPosix
import SMTP
import SMTPClient

extension SMTPConnection {
    static func test(_ server: TestServer, _ options: ConnectionOptions = .test()) async throws -> SMTPConnection {
        try await self.connect(
            to: .tcp(host: "127.0.0.1", port: server.port),
            options: options,
            group: MultiThreadedEventLoopGroup.singleton
        )
    }
}

extension ConnectionOptions {
    static func test(
        protocol: MailProtocol = .smtp,
        tls: TransportSecurity = .none,
        change: (inout ConnectionOptions) -> Void = { _ in }
    ) -> ConnectionOptions {
        var options = ConnectionOptions(
            heloName: "client.test",
            protocol: `protocol`,
            tls: tls,
            tlsServerName: "server.test",
            timeouts: Timeouts(all: .seconds(30))
        )
        change(&options)
        return options
    }
}

extension SMTPClient.MailTransaction {
    static func test(
        _ content: String = "Subject: x\r\n\r\nhello\r\n",
        to recipients: [String] = ["b"]
    ) -> SMTPClient.MailTransaction {
        self.test(.bytes(ByteBuffer(string: content)), to: recipients)
    }

    static func test(
        _ content: MailContent,
        to recipients: [String] = ["b"],
        size: Int? = nil
    ) -> SMTPClient.MailTransaction {
        SMTPClient.MailTransaction(
            reversePath: .mailbox(Mailbox(localPart: "a", domain: .name("client.test"))),
            recipients: recipients.map {
                RecipientParameters(forwardPath: .mailbox(Mailbox(localPart: $0, domain: .name("server.test"))))
            },
            content: content,
            size: size
        )
    }
}

extension MailTransactionResult {
    /// One word or two for each outcome.
    var summary: [String] {
        self.outcomes.map { outcome in
            switch outcome {
            case .accepted(let reply): "ok \(reply.code)"
            case .refused(let stage, let reply): "no \(reply.code) at \(stage)"
            case .interrupted: "interrupted"
            }
        }
    }
}
