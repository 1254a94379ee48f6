package import MailSyntax
package import SMTP

/// The mail that tells an account's owner and the operator that its mail is held or refused.
///
/// From the null reverse-path and without a wish for reports, so that nothing ever answers it; told once a day and event at most
/// (``SendingRecord/record(_:decision:now:)``).
package struct SendingNotice: Sendable {
    let account: Mailbox
    let decision: SendingDecision
    let rule: SendingRule
    /// The message that was held; nil when it was refused.
    let message: MessageIdentifier?
    let address: IPAddress?
    /// Of the credential; empty for the main password.
    let credential: String
    let hostname: String
    let now: Timestamp

    /// nil for a decision without a rule.
    package init?(
        account: Mailbox,
        decision: SendingDecision,
        message: MessageIdentifier?,
        address: IPAddress?,
        credential: String,
        hostname: String,
        now: Timestamp
    ) {
        guard let rule = decision.rule else { return nil }
        self.account = account
        self.decision = decision
        self.rule = rule
        self.message = message
        self.address = address
        self.credential = credential
        self.hostname = hostname
        self.now = now
    }

    private var isHeld: Bool { self.decision.verdict == .held }

    /// For the owner.
    package func ownersMail(_ identifier: MessageIdentifier, route: MessageRoute) -> NewMessage {
        self.mail(
            identifier,
            to: .mailbox(self.account),
            subject: self.isHeld ? "Your mail is held" : "Your mail is refused",
            advice: [
                self.isHeld
                    ? "Nothing is lost: the operator of \(self.hostname) was told as well, and will let it go or remove it. "
                        + "Until then there is no need to send it again."
                    : "Your mail program keeps what was refused, or told you; it may be sent later.",
                "If this was not you, somebody else may know your password: change it, and ask the operator to end the app "
                    + "passwords that you do not know.",
            ],
            route: route
        )
    }

    /// For the operator.
    package func operatorsMail(
        _ identifier: MessageIdentifier,
        to postmaster: ForwardPath,
        route: MessageRoute
    ) -> NewMessage {
        var advice = [
            "What it sent: gatepost audit list --account \(self.account)",
            "Its limits: gatepost account limits \(self.account)",
        ]
        if self.isHeld {
            advice += [
                "What is held: gatepost queue list --account \(self.account)",
                "To let it go: gatepost queue release --account \(self.account), or by message",
                "To remove it: gatepost queue cancel --account \(self.account), or by message",
            ]
        }
        return self.mail(
            identifier,
            to: postmaster,
            subject: "\(self.isHeld ? "Held" : "Refused"): mail of \(self.account)",
            advice: advice,
            route: route
        )
    }

    private var cause: String {
        switch self.rule {
        case .newNetworkBurst:
            "it went to more than \(self.decision.maximum) people to whom the account never sent before, within an hour and "
                + "from a network that the account did not use until now"
        case .limit(let limit, .account):
            "it was more than the \(self.decision.maximum) \(limit.phrase) that the account may send"
        case .limit(let limit, .credential):
            "it was more than the \(self.decision.maximum) \(limit.phrase) that this app password may send"
        }
    }

    private func mail(
        _ identifier: MessageIdentifier,
        to recipient: ForwardPath,
        subject: String,
        advice: [String],
        route: MessageRoute
    ) -> NewMessage {
        var text = DSNText()
        text.field("From", "Gatepost <postmaster@\(self.hostname)>")
        text.field("To", "<\(recipient.mailbox.map { "\($0)" } ?? "postmaster@\(self.hostname)")>")
        text.field("Subject", subject)
        text.field("Date", MailDate.format(secondsSince1970: self.now.secondsSince1970))
        text.field("Message-ID", "<\(identifier)@\(self.hostname)>")
        text.field("Auto-Submitted", "auto-generated")  // RFC 3834 §5: nothing automatic may answer
        text.field("MIME-Version", "1.0")
        text.line("Content-Type: text/plain; charset=utf-8")
        text.line("Content-Transfer-Encoding: 8bit")
        text.line()
        let what = self.isHeld ? "holds mail" : "refused mail"
        text.paragraph("\(self.hostname) \(what) of \(self.account), because \(self.cause).", indent: "")
        text.line()
        text.line("Rule:      \(self.rule.code)")
        text.line("Time:      \(self.now)")
        text.line("From:      \(self.address.map { "\($0)" } ?? "this host")")
        text.line(
            "Password:  \(self.credential.isEmpty ? "the main one, or a ticket" : "app password '\(self.credential)'")"
        )
        if let message = self.message { text.line("Message:   \(message), the first of them") }
        if let until = self.decision.until { text.line("Fits from: \(until), if nothing more is sent") }
        for line in advice {
            text.line()
            text.paragraph(line, indent: "")
        }
        text.line()
        text.paragraph("You are told once a day at most, however many messages this is about.", indent: "")
        return NewMessage(
            identifier: identifier,
            envelope: Envelope(
                reversePath: .null,
                body: text.octets.allSatisfy { $0 < 0x80 } ? .sevenBit : .eightBitMIME,
                isSMTPUTF8: recipient.mailbox.map { !$0.isASCII } ?? false
            ),
            recipients: [EnvelopeRecipient(forwardPath: recipient, notify: .never)],
            content: .inline(text.octets),
            received: self.now,
            route: route,
            holdReason: route == .hold ? "delivery-route" : nil,
            subject: subject
        )
    }
}
