internal import GatepostModel
internal import MailSyntax
internal import SMTP

/// One submitted message while it arrives: its transaction, its content, and what the rules say about it.
struct IncomingMessage {
    var transaction: MailTransaction
    let account: Account
    /// Who must be its author; nil: whoever the account may be.
    let author: FixedAuthor?
    let context: HeaderFixups.Context
    /// What limits said about it.
    let admission: SendingLedger.Admission
    /// Octets that it may have, as they come; nil: as many as the server takes.
    let maximumOctets: Int?
    /// Without the header section, where that is kept apart.
    var content: ArrivingContent
    /// The header section with its empty line, where it is kept apart for filters that may change it.
    var header: [UInt8] = []
    private let keepsHeaderApart: Bool
    /// The filter that wants the message held.
    var quarantine: Configuration.Milter?
    /// What signs it; nil where no domain has keys.
    var signing: MessageSigning?
    var subject: String?
    /// Set once the message cannot be kept: the rest is dropped, the end gets this reply.
    var refusal: Reply?
    /// The rule behind it.
    var refusalRule: String?

    /// Whether the header was looked at and changed.
    private var isHeaderDone = false

    init(
        identifier: MessageIdentifier,
        transaction: MailTransaction,
        account: Account,
        author: FixedAuthor?,
        context: HeaderFixups.Context,
        admission: SendingLedger.Admission,
        maximumOctets: Int?,
        signing: MessageSigning?,
        keepsHeaderApart: Bool = false
    ) {
        self.signing = signing
        self.content = ArrivingContent(identifier: identifier)
        self.transaction = transaction
        self.account = account
        self.author = author
        self.context = context
        self.admission = admission
        self.maximumOctets = maximumOctets
        self.keepsHeaderApart = keepsHeaderApart
    }

    var identifier: MessageIdentifier { self.content.identifier }

    mutating func append(_ octets: UnsafeRawBufferPointer) {
        guard self.refusal == nil else { return }
        if let maximum = self.maximumOctets, self.content.receivedOctets + octets.count > maximum {
            // The file, if there is one, goes with the end of the message: no more is written to it.
            return self.refuse(.tooLarge(maximum), rule: "message-size")
        }
        self.content.append(octets)
    }

    /// It must go to the file.
    var needsWrite: Bool { self.refusal == nil && self.content.needsWrite }

    /// Applies the submission rules to the header section at the front of the buffer, once.
    mutating func finishHeader() {
        guard !self.isHeaderDone, self.refusal == nil else { return }
        self.isHeaderDone = true
        guard let length = self.content.headerLength else {
            self.refuse(.headerTooLarge, rule: "content")
            return
        }
        var header = Array(self.content.buffer[..<length])
        if let author = self.author {
            switch HeaderFixups.fixed(header, to: author) {
            case .success(let fixed): header = fixed
            case .failure(let refusal):
                self.refuse(refusal.reply, rule: refusal.rule)
                return
            }
        }
        switch HeaderFixups.submission(header, account: self.account, context: self.context) {
        case .refused(let refusal):
            self.refuse(refusal.reply, rule: refusal.rule)
        case .accepted(let accepted):
            self.header = self.keepsHeaderApart ? accepted.octets : []
            self.content.replaceHeader(length, by: self.keepsHeaderApart ? [] : accepted.octets)
            self.subject = accepted.subject
        }
    }

    mutating func refuse(_ reply: Reply, rule: String) {
        self.refusal = reply
        self.refusalRule = rule
        self.content.clear()
    }

    private var hasHighBit: Bool {
        self.content.hasHighBit || self.header.withUnsafeBytes { $0.hasHighBit }
    }

    /// The message as the queue takes it, once all content is where it belongs.
    func newMessage(content: MessageContent, route: MessageRoute, holdReason: String?) -> NewMessage {
        let mail = self.transaction.mail
        return NewMessage(
            identifier: self.identifier,
            envelope: Envelope(
                reversePath: mail.reversePath,
                envid: mail.envelopeIdentifier,
                ret: mail.ret,
                // A client may send 8-bit text without saying so; the next hop must be told.
                body: self.hasHighBit ? .eightBitMIME : mail.body ?? .sevenBit,
                isSMTPUTF8: mail.isSMTPUTF8
            ),
            recipients: self.transaction.recipients.map {
                EnvelopeRecipient(
                    forwardPath: $0.forwardPath,
                    notify: $0.notify,
                    originalRecipient: $0.originalRecipient
                )
            },
            content: content,
            account: self.account.address,
            received: self.context.now,
            route: route,
            holdReason: holdReason,
            subject: self.subject
        )
    }
}
