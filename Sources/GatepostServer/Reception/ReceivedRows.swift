internal import GatepostModel
internal import MailSyntax
internal import SMTP

/// The messages of the queue that one received message becomes: one for the local store, one for each sandbox inbox, one for each alias
/// that leads elsewhere. They share their content; what stands in front of it is each one's own.
struct ReceivedRows {
    let message: ReceivedMessage
    let delivery: ReceptionService.Delivery
    let returnPaths: ReturnPaths
    /// The field with the findings, and what else is said in front.
    let front: [UInt8]
    let disposition: Disposition
    let isReversePathProved: Bool
    /// The values of `Delivered-To` fields that the message came with.
    let deliveredTo: [String]
    /// Makes the identifiers of further messages.
    let makeIdentifier: () -> MessageIdentifier

    private var mail: MailParameters { self.message.transaction.mail }

    /// Aliases that the message went through here before.
    private func isLoop(_ alias: Mailbox) -> Bool {
        self.deliveredTo.contains { ASCII.equalIgnoringCase($0, alias.description) }
    }

    /// Whether it could only go where it came from.
    var isOnlyLoop: Bool {
        self.message.recipients.allSatisfy { recipient in
            recipient.places.allSatisfy { if case .elsewhere(_, let alias) = $0 { self.isLoop(alias) } else { false } }
        }
    }

    /// - Parameter content: What was kept, without anything in front.
    func make(_ content: MessageContent) -> [NewMessage] {
        var local: [EnvelopeRecipient] = []
        var unanswered: [EnvelopeRecipient] = []
        var sandboxes: [(account: String, recipients: [EnvelopeRecipient])] = []
        var elsewhere: [(alias: Mailbox, recipients: [EnvelopeRecipient])] = []
        var seen: Set<RecipientRules.Place> = []
        for recipient in self.message.recipients {
            for place in recipient.places where seen.insert(place).inserted {
                switch place {
                case .account(_, false, let path):
                    local.append(self.recipient(.mailbox(path), recipient.parameters))
                case .account(let account, true, let path):
                    let entry = self.recipient(.mailbox(path), recipient.parameters)
                    if let index = sandboxes.firstIndex(where: { $0.account == account }) {
                        sandboxes[index].recipients.append(entry)
                    } else {
                        sandboxes.append((account, [entry]))
                    }
                case .elsewhere(let target, let alias):
                    let entry = self.recipient(.mailbox(target), recipient.parameters)
                    if let index = elsewhere.firstIndex(where: { $0.alias == alias }) {
                        elsewhere[index].recipients.append(entry)
                    } else {
                        elsewhere.append((alias, [entry]))
                    }
                // Its content is kept as a report, before the message is answered.
                case .reports: continue
                case .postmaster(let path):
                    unanswered.append(self.recipient(path, recipient.parameters))
                }
            }
        }
        var rows: [NewMessage] = []
        func add(_ recipients: [EnvelopeRecipient], _ route: MessageRoute, _ reason: String?, by alias: Mailbox? = nil)
        {
            guard !recipients.isEmpty else { return }
            rows.append(self.row(content, recipients, route, reason, by: alias, isFirst: rows.isEmpty))
        }
        let isHeld = self.holdRule != nil || self.delivery.isHolding
        let route: MessageRoute = isHeld ? .hold : .deliver
        let isDeliverable = self.delivery.hasLocalStore
        add(local, isDeliverable ? route : .hold, self.holdRule ?? (isDeliverable ? nil : "no-local-store"))
        add(unanswered, .hold, self.holdRule ?? "no-postmaster")
        // A sandbox inbox keeps everything; that it is suspicious stands in front.
        for inbox in sandboxes { add(inbox.recipients, .sandbox(inbox.account), nil) }
        for forwarded in elsewhere {
            let isLoop = self.isLoop(forwarded.alias)
            add(
                forwarded.recipients,
                isLoop ? .hold : route,
                self.holdRule ?? (isLoop ? "forwarding-loop" : nil),
                by: forwarded.alias
            )
        }
        return rows
    }

    private var holdRule: String? { if case .hold(let rule) = self.disposition { rule } else { nil } }

    private func recipient(_ path: ForwardPath, _ asked: RecipientParameters) -> EnvelopeRecipient {
        // Notifications name the address that the sender wrote to (RFC 3461 §5.2.7).
        let original = OriginalRecipient(
            addressType: asked.forwardPath.isASCII ? "rfc822" : "utf-8",
            address: asked.forwardPath.description
        )
        return EnvelopeRecipient(
            forwardPath: path,
            notify: asked.notify,
            originalRecipient: asked.originalRecipient ?? (path == asked.forwardPath ? nil : original)
        )
    }

    private func row(
        _ content: MessageContent,
        _ recipients: [EnvelopeRecipient],
        _ route: MessageRoute,
        _ reason: String?,
        by alias: Mailbox?,
        isFirst: Bool
    ) -> NewMessage {
        var front = self.front
        var reversePath = self.mail.reversePath
        if let alias {
            reversePath = self.returnPaths.forward(
                reversePath,
                by: alias.domain,
                secondsSince1970: self.message.context.now.secondsSince1970
            )
            front = self.field("Delivered-To", alias.description) + front
        }
        // Dovecot and its like add this themselves when they take a message by LMTP; here this host is the last (RFC 5321 §4.4).
        if case .sandbox = route { front = self.field("Return-Path", reversePath.wire) + front }
        return NewMessage(
            identifier: isFirst ? self.message.identifier : self.makeIdentifier(),
            envelope: Envelope(
                reversePath: reversePath,
                envid: self.mail.envelopeIdentifier,
                ret: self.mail.ret,
                body: self.message.hasHighBit ? .eightBitMIME : self.mail.body ?? .sevenBit,
                isSMTPUTF8: self.mail.isSMTPUTF8,
                isReversePathProved: self.isReversePathProved
            ),
            recipients: recipients,
            content: content.with(front: front),
            received: self.message.context.now,
            route: route,
            holdReason: reason,
            subject: self.message.subject
        )
    }

    private func field(_ name: String, _ value: String) -> [UInt8] {
        HeaderField(name: name, value: value)?.octets ?? []
    }
}

extension MessageContent {
    /// The same content with something else in front.
    func with(front: [UInt8]) -> MessageContent {
        switch self {
        case .inline(let octets): .inline(front + octets)
        case .file(let name, let octets, _): .file(name: name, octets: octets, front: front)
        }
    }
}
