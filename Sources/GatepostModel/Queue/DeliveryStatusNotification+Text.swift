internal import MailSyntax
internal import SMTP

extension DeliveryStatusNotification {
    /// The whole message.
    func render(to sender: Mailbox) -> [UInt8] {
        let boundary = "=_gatepost_\(self.identifier)"
        var output = DSNText()
        output.field("From", "Mail Delivery System <MAILER-DAEMON@\(self.hostname)>")
        output.field("To", "<\(sender)>")
        output.field("Subject", self.subject)
        output.field("Date", MailDate.format(secondsSince1970: self.now.secondsSince1970))
        output.field("Message-ID", "<\(self.identifier)@\(self.hostname)>")
        if let reference = self.originalMessageIdentifier {
            output.field("In-Reply-To", reference)
            output.field("References", reference)
        }
        output.field("Auto-Submitted", "auto-replied")  // RFC 3834 §5: nothing automatic may answer
        output.field("MIME-Version", "1.0")
        output.line("Content-Type: multipart/report; report-type=delivery-status;")
        output.line("\tboundary=\"\(boundary)\"")
        output.line()
        output.line("This is a delivery status notification in MIME format.")
        output.line()
        self.appendForPeople(to: &output, boundary)
        self.appendForPrograms(to: &output, boundary)
        self.appendOriginal(to: &output, boundary)
        output.line("--\(boundary)--")
        return output.octets
    }

    private var originalMessageIdentifier: String? {
        guard let section = try? HeaderSection(parsing: self.original.octets),
            let field = section.first(named: "Message-ID"),
            let identifier = MessageIDField.read(field.valueOctets), identifier.utf8.allSatisfy({ $0 < 0x80 })
        else { return nil }
        return identifier
    }

    // MARK: Part 1, for people

    private func appendForPeople(to output: inout DSNText, _ boundary: String) {
        var text = DSNText()
        let arrival = MailDate.format(secondsSince1970: self.original.received.secondsSince1970)
        text.line("This is the mail server \(self.hostname).")
        text.line()
        text.line("It is about your message of \(arrival).")
        let groups: [(DeliveryStatusNotification.Action, String)] = [
            (.failed, "It could not be delivered to the following, and will not be tried again:"),
            (.delayed, "It could not be delivered yet to the following, and is tried again:"),
            (.delivered, "It was delivered to:"),
            (.relayed, "It was passed on to a server that tells nothing more about it, for:"),
        ]
        for (action, sentence) in groups {
            let members = self.recipients.filter { $0.action == action }
            guard !members.isEmpty else { continue }
            text.line()
            text.line(sentence)
            for member in members {
                text.line()
                text.line("  \(member.recipient.forwardPath.wire)")
                for line in member.explanation { text.paragraph(line, indent: "      ") }
            }
        }
        text.line()
        text.line(
            self.returnsWholeMessage
                ? "Below follow a report for mail programs, and your message."
                : "Below follow a report for mail programs, and the header of your message."
        )
        let isASCII = text.octets.allSatisfy { $0 < 0x80 }
        output.line("--\(boundary)")
        output.line("Content-Description: Notification")
        output.line("Content-Type: text/plain; charset=\(isASCII ? "us-ascii" : "utf-8")")
        if !isASCII { output.line("Content-Transfer-Encoding: 8bit") }
        output.line()
        output.octets += text.octets
        output.line()
    }

    // MARK: Part 2, for programs

    private func appendForPrograms(to output: inout DSNText, _ boundary: String) {
        var report = DSNText()
        if let envid = self.original.envelope.envid { report.field("Original-Envelope-Id", envid) }
        report.field("Reporting-MTA", "dns; \(self.hostname)")
        report.field(
            "Arrival-Date",
            MailDate.format(secondsSince1970: self.original.received.secondsSince1970)
        )
        for recipient in self.recipients {
            report.line()
            recipient.appendFields(to: &report, now: self.now)
        }
        // RFC 6533 §3: addresses beyond ASCII may only stand in the global form.
        let isASCII = report.octets.allSatisfy { $0 < 0x80 }
        output.line("--\(boundary)")
        output.line("Content-Description: Delivery report")
        output.line("Content-Type: message/\(isASCII ? "delivery-status" : "global-delivery-status")")
        if !isASCII { output.line("Content-Transfer-Encoding: 8bit") }
        output.line()
        output.octets += report.octets
        output.line()
    }

    // MARK: Part 3, the message

    private var returnsWholeMessage: Bool {
        self.original.isComplete
            && self.recipients.contains {
                Self.returnsWholeMessage(self.original.envelope, size: self.original.octets.count, action: $0.action)
            }
    }

    private func appendOriginal(to output: inout DSNText, _ boundary: String) {
        let isWhole = self.returnsWholeMessage
        let octets = isWhole ? self.original.octets : self.originalHeader
        let headerIsASCII = self.originalHeader.allSatisfy { $0 < 0x80 }
        let isASCII = octets.allSatisfy { $0 < 0x80 }
        output.line("--\(boundary)")
        output.line("Content-Description: \(isWhole ? "Undelivered message" : "Header of the message")")
        switch (isWhole, headerIsASCII) {  // RFC 6522 §3 and, for headers beyond ASCII, RFC 6533 §4
        case (true, true): output.line("Content-Type: message/rfc822")
        case (true, false): output.line("Content-Type: message/global")
        case (false, true): output.line("Content-Type: text/rfc822-headers")
        case (false, false): output.line("Content-Type: message/global-headers")
        }
        if !isASCII { output.line("Content-Transfer-Encoding: 8bit") }
        output.line()
        output.octets += octets
        if octets.last != ASCII.lf { output.line() }
        output.line()
    }

    /// Whole fields, without the empty line, as many as may be returned.
    private var originalHeader: [UInt8] {
        guard let section = try? HeaderSection(parsing: self.original.octets.prefix(1 << 20)) else { return [] }
        var octets: [UInt8] = []
        for line in section.lines {
            guard octets.count + line.octets.count <= Self.maximumReturnedOctets else { break }
            octets += line.octets
        }
        return octets
    }
}

extension DeliveryStatusNotification.Recipient {
    /// What is known, in sentences.
    fileprivate var explanation: [String] {
        var lines: [String] = []
        if let reply = self.attempt?.reply {
            let peer = self.attempt?.peer ?? self.remoteHost ?? "The next server"
            lines.append("\(peer) said: \(reply)")
        }
        if let note = self.attempt?.note { lines.append(note) }
        if let until = self.willRetryUntil {
            lines.append("It is tried until \(MailDate.format(secondsSince1970: until.secondsSince1970)).")
        }
        return lines
    }

    /// The fields of one recipient (RFC 3464 §2.3).
    fileprivate func appendFields(to report: inout DSNText, now: Timestamp) {
        if let original = self.recipient.originalRecipient {
            report.field("Original-Recipient", "\(original.addressType);\(original.address)")
        }
        let path = self.recipient.forwardPath
        report.field("Final-Recipient", "\(path.isASCII ? "rfc822" : "utf-8");\(path)")
        report.field("Action", self.action.rawValue)
        report.field("Status", self.effectiveStatus.description)
        if let host = self.remoteHost { report.field("Remote-MTA", "dns; \(host)") }
        if let reply = self.attempt?.reply { report.field("Diagnostic-Code", "smtp; \(reply)") }
        if let attempt = self.attempt {
            report.field("Last-Attempt-Date", MailDate.format(secondsSince1970: attempt.at.secondsSince1970))
        }
        if self.action == .delayed, let until = self.willRetryUntil {
            report.field("Will-Retry-Until", MailDate.format(secondsSince1970: until.secondsSince1970))
        }
    }

    /// A code whose class fits the action (RFC 3464 §2.3.4).
    var effectiveStatus: EnhancedStatusCode {
        let expectedClass =
            switch self.action {
            case .failed: 5
            case .delayed: 4
            case .delivered, .relayed: 2
            }
        if let status = self.status { return status }
        if let status = self.attempt?.reply?.enhanced, status.class == expectedClass { return status }
        return EnhancedStatusCode(expectedClass, 0, 0)
    }
}
