internal import GatepostModel
internal import MailSyntax
internal import Milter
internal import SMTP

/// A message on its way through the filters, which may change all of it.
struct MilterMessage: Sendable {
    let identifier: MessageIdentifier
    var header: MilterHeader
    /// The body where it lies, without the header section.
    var body: MessageContent
    /// The files of bodies, to be removed when they are not wanted: the last one holds ``body``.
    var bodies: [ArrivingContent]
    var mail: MailParameters
    var recipients: [RecipientParameters]
    /// The first filter that wants it held, and why.
    var quarantine: (filter: Configuration.Milter, reason: String)?
    /// The filters that changed something.
    var changedBy: [String] = []

    /// - Parameters:
    ///   - header: With its empty line where there is one.
    ///   - hidden: The lines that filters do not see: our own trace field.
    init(
        header: [UInt8],
        hiding hidden: Range<Int>,
        body: MessageContent,
        in content: ArrivingContent,
        mail: MailParameters,
        recipients: [RecipientParameters]
    ) throws(HeaderSection.LimitExceeded) {
        self.identifier = content.identifier
        // It passed our own rules already.
        let limits = HeaderSection.Limits(maximumOctets: header.count, maximumLines: header.count)
        self.header = MilterHeader(try HeaderSection(parsing: header, limits: limits), hiding: hidden)
        self.body = body
        self.bodies = [content]
        self.mail = mail
        self.recipients = recipients
    }

    /// The header section with its empty line.
    var headerOctets: [UInt8] { self.header.octets + [ASCII.cr, ASCII.lf] }

    /// The subject, for lists.
    var subject: String? {
        for line in self.header.lines {
            guard let field = HeaderField(octets: line.octets), field.isNamed("Subject") else { continue }
            return EncodedWord.decode(field.valueOctets)
        }
        return nil
    }

    mutating func apply(_ modifications: MilterModifications, of filter: Configuration.Milter) {
        guard !modifications.isEmpty else { return }
        self.changedBy.append(filter.name)
        self.header = modifications.apply(to: self.header)
        // Parameters of a changed sender are those that the client gave: others say nothing about this message's octets.
        if let sender = modifications.sender { self.mail.reversePath = sender.path }
        self.recipients = modifications.recipients(
            from: self.recipients,
            path: { $0.forwardPath },
            make: { RecipientParameters($0, parameters: $1) }
        )
        if let reason = modifications.quarantine, self.quarantine == nil { self.quarantine = (filter, reason) }
    }
}

extension RecipientParameters {
    /// With parameters as in a command; those that cannot be read are left out.
    init(_ path: ForwardPath, parameters: String) {
        if !parameters.isEmpty,
            case .rcpt(let read)? = try? Command(parsing: Array("RCPT TO:\(path.wire) \(parameters)".utf8))
        {
            self = read
        } else {
            self.init(forwardPath: path)
        }
    }

    /// The parameters as a client may have written them.
    var words: [String] {
        var words: [String] = []
        if let notify = self.notify { words.append("NOTIFY=\(notify)") }
        if let original = self.originalRecipient {
            words.append("ORCPT=\(original.addressType);\(XText.encode(original.address))")
        }
        return words
    }
}

extension MailParameters {
    /// The parameters as a client may have written them.
    var words: [String] {
        var words: [String] = []
        if let size = self.size { words.append("SIZE=\(size)") }
        if let body = self.body { words.append("BODY=\(body.rawValue)") }
        if self.isSMTPUTF8 { words.append("SMTPUTF8") }
        if let ret = self.ret { words.append("RET=\(ret.rawValue)") }
        if let identifier = self.envelopeIdentifier { words.append("ENVID=\(XText.encode(identifier))") }
        return words
    }
}
