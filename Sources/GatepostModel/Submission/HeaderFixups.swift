package import MailSyntax

/// What the server changes in the header section of a message that passes through it, and what it refuses.
///
/// Submission (RFC 6409 §8): `Date` and `Message-ID` are supplied, `Bcc`, `Resent-Bcc` and `Return-Path` removed, a `Received` field is put
/// in front that does not tell the submitter's address. Reception (RFC 5321 §4.4): only `Received`. All other octets stay as they are.
package enum HeaderFixups {
    /// What the rules need to know about the transaction.
    package struct Context: Sendable {
        package var hostname: String
        /// As registered for `with` (RFC 3848, 6531 §4.3): `ESMTPSA`, `UTF8SMTPSA`, `ESMTPS` …
        package var protocolKeyword: String
        package var identifier: MessageIdentifier
        package var now: Timestamp
        /// Of the server's time zone, for `Date` and `Received`.
        package var offsetMinutes: Int
        /// The most octets of a header section, its empty line included.
        package var maximumOctets: Int
        /// More `Received` fields than this are a loop (RFC 5321 §6.3).
        package var maximumReceived: Int

        package init(
            hostname: String,
            protocolKeyword: String,
            identifier: MessageIdentifier,
            now: Timestamp,
            offsetMinutes: Int = 0,
            maximumOctets: Int = 256 * 1024,
            maximumReceived: Int = 100
        ) {
            self.hostname = hostname
            self.protocolKeyword = protocolKeyword
            self.identifier = identifier
            self.now = now
            self.offsetMinutes = offsetMinutes
            self.maximumOctets = maximumOctets
            self.maximumReceived = maximumReceived
        }
    }

    /// A header section that may go on.
    package struct Accepted: Hashable, Sendable {
        /// What takes the place of the octets that were given.
        package var octets: [UInt8]
        /// The mailboxes of `From`.
        package var authors: [Mailbox]
        /// The decoded `Subject`, for people.
        package var subject: String?
        /// With its angle brackets; nil when a received message has none.
        package var messageIdentifier: String?
        package var changes: [Change]
    }

    /// Something that was done to a header section.
    package enum Change: Hashable, Sendable {
        case added(String)
        case removed(String)
        case replaced(String)
    }

    package enum Verdict: Hashable, Sendable {
        case accepted(Accepted)
        case refused(Refusal)
    }

    /// Looks at the header section of a message that `account` submits.
    ///
    /// - Parameter header: From the first octet to the empty line or the end; octets behind the empty line are carried along.
    /// - Complexity: O(n).
    package static func submission(_ header: [UInt8], account: Account, context: Context) -> Verdict {
        let section: HeaderSection
        switch self.parse(header, context) {
        case .success(let parsed): section = parsed
        case .failure(let refusal): return .refused(refusal)
        }
        let summary = Summary(section)
        guard !section.hasNUL, !section.hasBareLineEnding, summary.firstMalformedLine == nil else {
            return .refused(.malformedHeader(line: summary.firstMalformedLine ?? 0))
        }
        if let refusal = summary.loop(context) { return .refused(refusal) }
        guard let from = summary.from.first else { return .refused(.noFrom) }
        guard summary.from.count == 1 else { return .refused(.severalFrom(summary.from.count)) }
        guard let authors = try? AddressList(parsing: from.valueOctets).mailboxes, !authors.isEmpty else {
            return .refused(.malformedFrom)
        }
        if let refusal = self.objection(to: authors, in: .author, account) { return .refused(refusal) }
        for (place, field) in summary.origins {
            guard let mailboxes = try? AddressList(parsing: field.valueOctets).mailboxes, !mailboxes.isEmpty else {
                return .refused(.malformedOrigin(place))
            }
            if let refusal = self.objection(to: mailboxes, in: place, account) { return .refused(refusal) }
        }

        var changes: [Change] = [.added("Received")]
        var output = ReceivedField(context: context, origin: .submitted).octets
        output.reserveCapacity(output.count + header.count + 160)
        let hasDate = summary.date.contains { (try? MailDate(parsing: $0.valueOctets)) != nil }
        let messageIdentifier = summary.messageIdentifier.lazy.compactMap { MessageIDField.read($0.valueOctets) }.first
        for line in section.lines {
            guard case .field(let field) = line else { continue }
            switch KnownField(field) {
            case .bcc, .resentBcc, .returnPath: changes.append(.removed(field.name))
            case .date where !hasDate, .messageIdentifier where messageIdentifier == nil: break
            default: output += field.octets
            }
        }
        if output.last != ASCII.lf { output += [ASCII.cr, ASCII.lf] }
        if !hasDate {
            let date = MailDate.format(
                secondsSince1970: context.now.secondsSince1970,
                offsetMinutes: context.offsetMinutes
            )
            output += "Date: \(date)\r\n".utf8
            changes.append(summary.date.isEmpty ? .added("Date") : .replaced("Date"))
        }
        let made = "<\(context.identifier)@\(context.hostname)>"
        if messageIdentifier == nil {
            output += "Message-ID: \(made)\r\n".utf8
            changes.append(summary.messageIdentifier.isEmpty ? .added("Message-ID") : .replaced("Message-ID"))
        }
        self.appendRest(of: header, behind: section, to: &output)
        return .accepted(
            Accepted(
                octets: output,
                authors: authors,
                subject: summary.subject,
                messageIdentifier: messageIdentifier ?? made,
                changes: changes
            )
        )
    }

    /// Looks at the header section of a message that another server hands over.
    ///
    /// - Parameters:
    ///   - header: As for ``submission(_:account:context:)``.
    ///   - origin: Who handed it over.
    ///   - recipient: Named in `Received` when it is the only one of the transaction; several would tell each about the others.
    ///   - isUnwanted: Fields that must not go on: what only this host may say.
    package static func reception(
        _ header: [UInt8],
        from origin: ReceivedField.Origin,
        recipient: ForwardPath?,
        context: Context,
        dropping isUnwanted: (HeaderField) -> Bool = { _ in false }
    ) -> Verdict {
        let section: HeaderSection
        switch self.parse(header, context) {
        case .success(let parsed): section = parsed
        case .failure(let refusal): return .refused(refusal)
        }
        let summary = Summary(section)
        if let refusal = summary.loop(context) { return .refused(refusal) }
        let authors = summary.from.flatMap { (try? AddressList(parsing: $0.valueOctets).mailboxes) ?? [] }
        var output = ReceivedField(context: context, origin: origin, recipient: recipient).octets
        var changes: [Change] = [.added("Received")]
        output.reserveCapacity(output.count + header.count)
        for line in section.lines {
            if case .field(let field) = line, isUnwanted(field) {
                changes.append(.removed(field.name))
            } else {
                output += line.octets
            }
        }
        self.appendRest(of: header, behind: section, to: &output)
        return .accepted(
            Accepted(
                octets: output,
                authors: authors,
                subject: summary.subject,
                messageIdentifier: summary.messageIdentifier.lazy.compactMap { MessageIDField.read($0.valueOctets) }
                    .first,
                changes: changes
            )
        )
    }

    private static func objection(
        to mailboxes: [Mailbox],
        in place: SubmissionPolicy.Place,
        _ account: Account
    ) -> Refusal? {
        switch SubmissionPolicy.mayUse(mailboxes, in: place, account: account) {
        case .allowed: nil
        case .refused(let mailbox, let place, let missing): .notAllowed(mailbox, place, missing)
        }
    }

    private static func parse(_ header: [UInt8], _ context: Context) -> Result<HeaderSection, Refusal> {
        do {
            return .success(try HeaderSection(parsing: header, limits: .init(maximumOctets: context.maximumOctets)))
        } catch {
            return .failure(.headerTooLarge(maximumOctets: context.maximumOctets))
        }
    }

    private static func appendRest(of header: [UInt8], behind section: HeaderSection, to output: inout [UInt8]) {
        guard section.isTerminated else { return }
        output += [ASCII.cr, ASCII.lf]
        output += header[section.bodyOffset...]
    }
}

/// The fields that the rules look at, collected in one pass.
private struct Summary {
    var from: [HeaderField] = []
    /// The other fields that say who sent the message.
    var origins: [(SubmissionPolicy.Place, HeaderField)] = []
    var date: [HeaderField] = []
    var messageIdentifier: [HeaderField] = []
    var subjectField: HeaderField?
    var receivedCount = 0
    /// Counted from 1.
    var firstMalformedLine: Int?

    init(_ section: HeaderSection) {
        for (index, line) in section.lines.enumerated() {
            guard case .field(let field) = line else {
                self.firstMalformedLine = self.firstMalformedLine ?? index + 1
                continue
            }
            switch KnownField(field) {
            case .from: self.from.append(field)
            case .sender: self.origins.append((.sender, field))
            case .resentFrom: self.origins.append((.resentFrom, field))
            case .resentSender: self.origins.append((.resentSender, field))
            case .date: self.date.append(field)
            case .messageIdentifier: self.messageIdentifier.append(field)
            case .received: self.receivedCount += 1
            case .subject: self.subjectField = self.subjectField ?? field
            case .bcc, .resentBcc, .returnPath, nil: break
            }
        }
    }

    var subject: String? {
        self.subjectField.map { EncodedWord.decode($0.valueOctets) }
    }

    func loop(_ context: HeaderFixups.Context) -> HeaderFixups.Refusal? {
        self.receivedCount > context.maximumReceived ? .loop(receivedFields: self.receivedCount) : nil
    }
}

private enum KnownField {
    case bcc
    case date
    case from
    case messageIdentifier
    case received
    case resentBcc
    case resentFrom
    case resentSender
    case returnPath
    case sender
    case subject

    /// By length first: most fields of a message are none of these.
    init?(_ field: HeaderField) {
        switch field.nameOctets.count {
        case 3 where field.isNamed("bcc"): self = .bcc
        case 4 where field.isNamed("date"): self = .date
        case 4 where field.isNamed("from"): self = .from
        case 6 where field.isNamed("sender"): self = .sender
        case 7 where field.isNamed("subject"): self = .subject
        case 8 where field.isNamed("received"): self = .received
        case 10 where field.isNamed("message-id"): self = .messageIdentifier
        case 10 where field.isNamed("resent-bcc"): self = .resentBcc
        case 11 where field.isNamed("return-path"): self = .returnPath
        case 11 where field.isNamed("resent-from"): self = .resentFrom
        case 13 where field.isNamed("resent-sender"): self = .resentSender
        default: return nil
        }
    }
}
