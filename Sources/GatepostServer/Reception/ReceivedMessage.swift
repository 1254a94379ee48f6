internal import DNSClient
internal import GatepostModel
internal import MailSyntax
internal import MessageAuthentication
internal import SMTP

/// One message of another server while it arrives: its transaction, its content, and its signatures, verified while the octets come.
struct ReceivedMessage {
    struct Recipient: Sendable {
        var parameters: RecipientParameters
        var places: [RecipientRules.Place]
    }

    /// Says to programs behind what this server thinks of the message; taken out where a stranger put it in.
    static let verdictField = "X-Gatepost-Verdict"

    private(set) var transaction: MailTransaction
    var recipients: [Recipient]
    let origin: ReceivedField.Origin
    let context: HeaderFixups.Context
    /// Without the header section, where that is kept apart.
    var content: ArrivingContent
    /// The header section with its empty line, where it is kept apart for filters that may change it.
    private(set) var header: [UInt8] = []
    private let keepsHeaderApart: Bool
    /// Sees the octets as they came.
    private(set) var verifier: MessageVerifier
    /// The header's fields as they came, once all of them have.
    private(set) var fields: [HeaderField] = []
    private(set) var subject: String?
    /// Set once the message cannot be kept: the rest is dropped, the end gets this reply.
    private(set) var refusal: Reply?
    /// The rule behind it.
    private(set) var refusalRule: String?
    private var isHeaderDone = false

    init(
        transaction: MailTransaction,
        recipients: [Recipient],
        origin: ReceivedField.Origin,
        context: HeaderFixups.Context,
        keepsHeaderApart: Bool = false
    ) {
        self.transaction = transaction
        self.recipients = recipients
        self.origin = origin
        self.context = context
        self.keepsHeaderApart = keepsHeaderApart
        self.content = ArrivingContent(identifier: context.identifier)
        self.verifier = MessageVerifier(
            limits: MessageVerifier.Limits(header: .init(maximumOctets: context.maximumOctets)),
            alabels: { IDNA.alabels(of: $0) }
        )
    }

    var identifier: MessageIdentifier { self.content.identifier }

    mutating func append(_ octets: UnsafeRawBufferPointer) {
        guard self.refusal == nil else { return }
        self.verifier.receive(octets)
        self.content.append(octets)
    }

    /// It must go to the file.
    var needsWrite: Bool { self.refusal == nil && self.content.needsWrite }

    /// Puts `Received` before the header section at the front of the buffer and takes out what only this host may say, once.
    mutating func finishHeader() {
        guard !self.isHeaderDone, self.refusal == nil else { return }
        self.isHeaderDone = true
        guard let length = self.content.headerLength else { return self.refuse(.headerTooLarge, rule: "content") }
        let hostname = self.context.hostname
        var fields: [HeaderField] = []
        let verdict = HeaderFixups.reception(
            Array(self.content.buffer[..<length]),
            from: self.origin,
            recipient: self.recipients.count == 1 ? self.recipients.first?.parameters.forwardPath : nil,
            context: self.context,
            dropping: { field in
                fields.append(field)
                return AuthenticationResults.claims(field, toBeFrom: [hostname]) || field.isNamed(Self.verdictField)
                    // Only the last host may put one there (RFC 5321 §4.4).
                    || field.isNamed("Return-Path")
            }
        )
        switch verdict {
        case .refused(let refusal): self.refuse(refusal.reply, rule: refusal.rule)
        case .accepted(let accepted):
            self.header = self.keepsHeaderApart ? accepted.octets : []
            self.content.replaceHeader(length, by: self.keepsHeaderApart ? [] : accepted.octets)
            self.subject = accepted.subject
            self.fields = fields
        }
    }

    /// Whether an octet is outside ASCII.
    var hasHighBit: Bool { self.content.hasHighBit || self.header.withUnsafeBytes { $0.hasHighBit } }

    /// Takes over what filters made of it, but for recipients.
    mutating func take(_ filtered: MilterMessage) {
        self.transaction.mail = filtered.mail
        self.header = filtered.headerOctets
        self.subject = filtered.subject ?? self.subject
        if let content = filtered.bodies.last { self.content = content }
    }

    mutating func refuse(_ reply: Reply, rule: String) {
        self.refusal = reply
        self.refusalRule = rule
        self.content.clear()
    }
}
