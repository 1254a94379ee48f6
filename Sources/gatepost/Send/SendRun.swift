internal import ArgumentParser
internal import Glibc
internal import MailSyntax
internal import NIOCore
internal import NIOPosix
internal import SASL
internal import SMTP
internal import SMTPClient

/// One message to one server, and what to say and how to end afterwards.
struct SendRun {
    var endpoint: Endpoint
    var options: ConnectionOptions
    var reversePath: ReversePath
    var recipients: [Mailbox]
    var content: [UInt8]

    struct Report: Encodable {
        struct Recipient: Encodable {
            var address: String
            var accepted: Bool
            var stage: String
            var code: Int?
            var reply: String
        }

        var server: String
        var tls: Bool
        var accepted: Bool
        var recipients: [Recipient]
    }

    /// Sends and reports.
    ///
    /// - Returns: The report, and the code to end with.
    func send() async throws -> (Report, ExitCode) {
        let group = MultiThreadedEventLoopGroup.singleton
        let connection: SMTPConnection
        do {
            connection = try await SMTPConnection.connect(to: self.endpoint, options: self.options, group: group)
        } catch let error as SMTPClientError {
            throw SendRun.failure(error)
        }
        let isTLS = await connection.isTLS
        let result: MailTransactionResult
        do {
            result = try await connection.send(
                SMTPClient.MailTransaction(
                    reversePath: self.reversePath,
                    recipients: self.recipients.map { RecipientParameters(forwardPath: .mailbox($0)) },
                    content: .bytes(ByteBuffer(bytes: self.content)),
                    size: self.content.count
                )
            )
        } catch let error as SMTPClientError {
            connection.close()
            throw SendRun.failure(error)
        }
        await connection.quit()
        return self.report(result, isTLS: isTLS)
    }

    private func report(_ result: MailTransactionResult, isTLS: Bool) -> (Report, ExitCode) {
        var recipients: [Report.Recipient] = []
        var code = ExitCode.success
        for (mailbox, outcome) in zip(self.recipients, result.outcomes) {
            var recipient = Report.Recipient(
                address: mailbox.description,
                accepted: false,
                stage: "",
                code: nil,
                reply: ""
            )
            switch outcome {
            case .accepted(let reply):
                recipient.accepted = true
                recipient.stage = ClientStage.content.description
                recipient.code = reply.code
                recipient.reply = SendRun.words(reply)
            case .refused(let stage, let reply):
                recipient.stage = stage.description
                recipient.code = reply.code
                recipient.reply = SendRun.words(reply)
                if code != .no { code = reply.isTransient ? .temporaryFailure : .no }
            case .interrupted(let error):
                recipient.stage = error.stage.description
                recipient.reply = "\(error)"
                if code == .success { code = .temporaryFailure }
            }
            recipients.append(recipient)
        }
        let report = Report(
            server: self.endpoint.description,
            tls: isTLS,
            accepted: recipients.allSatisfy(\.accepted),
            recipients: recipients
        )
        return (report, code)
    }

    static func words(_ reply: Reply) -> String {
        let status = reply.enhanced.map { "\($0) " } ?? ""
        return "\(reply.code) \(status)\(reply.lines.joined(separator: " / "))"
    }

    /// What failed, what the server said, and what to try.
    private static func failure(_ error: SMTPClientError) -> Failure {
        let text = Terminal.visible("\(error)")
        switch error.reason {
        case .session(let reason):
            switch reason {
            case .authenticationRefused(let mechanism):
                let what =
                    switch mechanism.credentialKind {
                    case .password: "user name and password"
                    case .bearerToken: "the access token"
                    case .certificate: "the certificate"
                    case .ticket: "the ticket"
                    }
                return Failure(.no, "\(text)\n  The server did not take \(what).")
            case .authenticationUnavailable:
                return Failure(.temporaryFailure, "\(text)\n  The server cannot check logins now.")
            case .authenticationAborted(.gssapi, _):
                return Failure(.no, "\(text)\n  klist shows the tickets, kinit fetches one.")
            case .authenticationAborted: return Failure(.no, text)
            case .tlsNotOffered:
                return Failure(
                    .unavailable,
                    "\(text)\n  --tls none sends without TLS (safe on this host only), --tls implicit speaks TLS at once."
                )
            case .tlsFailed:
                return Failure(
                    .unavailable,
                    "\(text)\n  --ca FILE trusts another authority, --insecure none at all."
                )
            case .noUsableMechanism, .authenticationNotOffered:
                return Failure(.unavailable, "\(text)\n  PLAIN and LOGIN need TLS: see --tls.")
            case .refused:
                return Failure(error.reply?.isTransient == true ? .temporaryFailure : .no, text)
            default: return Failure(.unavailable, text)
            }
        case .accessTokenUnavailable(let reason): return Failure(reason.isTemporary ? .temporaryFailure : .no, text)
        case .timedOut: return Failure(.temporaryFailure, text)
        case .bareLineEnding, .contentSizeMismatch, .contentFailed: return Failure(.badInput, text)
        case .misuse, .invalidConfiguration: return Failure(.usage, text)
        case .connectFailed, .network, .cancelled: return Failure(.unavailable, text)
        }
    }

    /// What EHLO says: this host's name where it is one, else the loopback literal that mail clients use.
    static func heloName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        if gethostname(&buffer, buffer.count - 1) == 0 {
            let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            do {
                _ = try Domain(parsing: Array(name.utf8), allowUTF8: false)
                return name
            } catch {
                return "[127.0.0.1]"
            }
        }
        return "[127.0.0.1]"
    }
}
