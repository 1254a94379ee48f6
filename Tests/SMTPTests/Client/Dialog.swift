import MailSyntax
import SASL
import SMTP
import Testing

/// A session of the client machine as text, one event or action a line.
///
///     S: 220 mail.test       the server sends this line; lines that follow each other arrive in one read
///     C: EHLO client.test    the machine sends this; several lines of one write are joined by ` | `
///     > tls                  something happens: connect, tls, tls-failed, mail, sent, drop, quit
///     ! established          an action that is not a send
struct Dialog: Sendable, CustomTestStringConvertible {
    var name: String
    var configuration: ClientSession.Configuration
    var transaction: ClientTransaction
    var script: String

    init(
        _ name: String,
        protocol: MailProtocol = .smtp,
        security: TransportSecurity = .none,
        credentials: ClientCredentials? = nil,
        mechanism: MechanismName? = nil,
        allowClearTextWithoutTLS: Bool = false,
        transaction: ClientTransaction = .sample(),
        _ script: String
    ) {
        self.name = name
        self.configuration = ClientSession.Configuration(
            heloName: "client.test",
            protocol: `protocol`,
            security: security,
            credentials: credentials,
            mechanism: mechanism,
            allowClearTextWithoutTLS: allowClearTextWithoutTLS,
            nonce: { Array(repeating: 7, count: 24) }
        )
        self.transaction = transaction
        self.script = script
    }

    var testDescription: String { self.name }

    /// The script's lines without indentation.
    var lines: [String] {
        self.script.split(separator: "\n").map { line in String(line.drop { $0 == " " }) }.filter { !$0.isEmpty }
    }

    /// Plays the script's `S:` and `>` lines and returns the whole exchange as it came out.
    func played(octetByOctet: Bool) -> [String] {
        var session = ClientSession(configuration: self.configuration)
        var trace: [String] = []
        session.connected()
        session.drain(into: &trace)
        var pending: [UInt8] = []
        func deliver() {
            if octetByOctet {
                for octet in pending {
                    session.received(CollectionOfOne(octet))
                    session.drain(into: &trace)
                }
            } else if !pending.isEmpty {
                session.received(pending)
                session.drain(into: &trace)
            }
            pending = []
        }
        for line in self.lines {
            if line.hasPrefix("S: ") {
                trace.append(line)
                pending += Array(line.dropFirst(3).utf8) + [0x0D, 0x0A]
                continue
            }
            deliver()
            guard line.hasPrefix("> ") else { continue }
            trace.append(line)
            switch line.dropFirst(2) {
            case "tls": session.tlsEstablished()
            case "tls-failed": session.tlsFailed("bad certificate")
            case "mail": session.begin(self.transaction)
            case "sent": session.contentSent()
            case "drop": session.connectionClosed()
            case "quit": session.quit()
            default: trace.append("unknown event")
            }
            session.drain(into: &trace)
        }
        deliver()
        return trace
    }

    /// The trace with the server's lines taken out, since actions come between them when octets come one by one.
    static func withoutServer(_ trace: [String]) -> [String] {
        trace.filter { !$0.hasPrefix("S: ") }
    }
}

extension ClientSession {
    fileprivate mutating func drain(into trace: inout [String]) {
        while let action = self.nextAction() {
            switch action {
            case .send(let octets):
                let lines = octets.split(separator: 0x0A).map { String(decoding: $0.dropLast(), as: UTF8.self) }
                trace.append("C: " + lines.joined(separator: " | "))
            case .startTLS: trace.append("! startTLS")
            case .established: trace.append("! established\(self.isTLS ? " TLS" : "")")
            case .sendContent(.dotStuffed): trace.append("! content")
            case .sendContent(.chunk(let command)):
                trace.append("! content " + String(decoding: command.dropLast(2), as: UTF8.self))
            case .transactionEnded(let result):
                trace.append("! ended " + result.outcomes.map(Self.describe).joined(separator: ", "))
            case .failed(let failure):
                let outcomes = failure.outcomes.map { $0.map(Self.describe) ?? "?" }
                let known = outcomes.isEmpty ? "" : " [\(outcomes.joined(separator: ", "))]"
                trace.append("! failed \(Self.describe(failure.reason)) at \(failure.stage.rawValue)\(known)")
            case .closed: trace.append("! closed")
            }
        }
    }

    private static func describe(_ outcome: RecipientOutcome) -> String {
        switch outcome {
        case .accepted(let reply): "ok \(reply.code)"
        case .refused(let stage, let reply):
            "no \(reply.code)\(reply.enhanced.map { " \($0)" } ?? "") at \(stage.rawValue)"
        }
    }

    private static func describe(_ reason: ClientSessionFailure.Reason) -> String {
        switch reason {
        case .malformedReply(let error): "malformed (\(error.code.rawValue))"
        case .authenticationAborted(let mechanism, let failure): "aborted \(mechanism) (\(failure.reason))"
        case .authenticationRefused(let mechanism): "refused \(mechanism)"
        case .authenticationUnavailable(let mechanism): "unavailable \(mechanism)"
        case .tlsFailed: "tlsFailed"
        case .noUsableMechanism: "noUsableMechanism"
        case .connectionClosed: "connectionClosed"
        case .refused: "refused"
        case .unexpectedReply: "unexpectedReply"
        case .responseInjection: "responseInjection"
        case .tlsNotOffered: "tlsNotOffered"
        case .authenticationNotOffered: "authenticationNotOffered"
        case .invalidHELOName: "invalidHELOName"
        }
    }
}

extension ClientTransaction {
    /// From a@client.test to as many recipients: b@, c@, d@mail.test …
    static func sample(
        from: String = "a@client.test",
        to recipients: [String] = ["b@mail.test"],
        size: Int? = 10,
        body: BodyType = .sevenBit,
        isSMTPUTF8: Bool = false,
        ret: DSNReturn? = nil,
        envid: String? = nil,
        notify: DSNNotify? = nil,
        originalRecipient: OriginalRecipient? = nil
    ) -> ClientTransaction {
        ClientTransaction(
            mail: MailParameters(
                reversePath: from.isEmpty ? .null : .mailbox(mailbox(from)),
                size: size,
                body: body,
                isSMTPUTF8: isSMTPUTF8,
                ret: ret,
                envelopeIdentifier: envid
            ),
            recipients: recipients.map {
                RecipientParameters(
                    forwardPath: .mailbox(mailbox($0)),
                    notify: notify,
                    originalRecipient: originalRecipient
                )
            }
        )
    }

    private static func mailbox(_ text: String) -> Mailbox {
        let parts = text.split(separator: "@")
        return Mailbox(localPart: String(parts[0]), domain: .name(String(parts[1])))
    }
}

extension ClientCredentials {
    static let tim = ClientCredentials(authenticationIdentity: "tim", password: Secret("tanstaaftanstaaf"))
}
