internal import GatepostDelivery
internal import GatepostModel
internal import MailSyntax
internal import SMTP

/// One message while it arrives: gathered in memory while small, in a spool file once it is not.
///
/// The header section is looked at when the message ends or leaves memory, whichever comes first, so never more than
/// ``MessageContent/maximumInlineOctets`` and one chunk are held.
struct IncomingMessage {
    /// Octets that are collected before they go to the file.
    static let chunkOctets = 256 * 1024

    let identifier: MessageIdentifier
    let transaction: MailTransaction
    let account: Account
    /// Who must be its author; nil: whoever the account may be.
    let author: FixedAuthor?
    let context: HeaderFixups.Context
    /// What limits said about it.
    let admission: SendingLedger.Admission
    /// Octets that it may have, as they come; nil: as many as the server takes.
    let maximumOctets: Int?
    /// What is not written yet: at first all of the message.
    var buffer: [UInt8] = []
    var file: SpoolFile?
    var writtenOctets = 0
    var hasHighBit = false
    var subject: String?
    /// Set once the message cannot be kept: the rest is dropped, the end gets this reply.
    var refusal: Reply?
    /// The rule behind it.
    var refusalRule: String?
    private var receivedOctets = 0

    /// Whether the header was looked at and changed.
    private var isHeaderDone = false

    init(
        identifier: MessageIdentifier,
        transaction: MailTransaction,
        account: Account,
        author: FixedAuthor?,
        context: HeaderFixups.Context,
        admission: SendingLedger.Admission,
        maximumOctets: Int?
    ) {
        self.identifier = identifier
        self.transaction = transaction
        self.account = account
        self.author = author
        self.context = context
        self.admission = admission
        self.maximumOctets = maximumOctets
        self.buffer.reserveCapacity(8 * 1024)
    }

    mutating func append(_ octets: UnsafeRawBufferPointer) {
        guard self.refusal == nil else { return }
        self.receivedOctets += octets.count
        if let maximum = self.maximumOctets, self.receivedOctets > maximum {
            // The file, if there is one, goes with the end of the message: no more is written to it.
            return self.refuse(.tooLarge(maximum), rule: "message-size")
        }
        self.buffer.append(contentsOf: octets)
        if !self.hasHighBit { self.hasHighBit = octets.hasHighBit }
    }

    /// The buffer has grown over what memory may hold: it must go to the file.
    var needsWrite: Bool {
        guard self.refusal == nil else { return false }
        if self.file == nil { return self.buffer.count > MessageContent.maximumInlineOctets }
        return self.buffer.count >= IncomingMessage.chunkOctets
    }

    /// Applies the submission rules to the header section at the front of the buffer, once.
    mutating func finishHeader() {
        guard !self.isHeaderDone, self.refusal == nil else { return }
        self.isHeaderDone = true
        let end = self.buffer.withUnsafeBytes { $0.endOfHeaderSection }
        if end == nil, self.buffer.count > MessageContent.maximumInlineOctets {
            self.refuse(.headerTooLarge, rule: "content")
            return
        }
        let length = end ?? self.buffer.count
        var header = Array(self.buffer[..<length])
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
            var changed = accepted.octets
            changed.reserveCapacity(changed.count + self.buffer.count - length)
            changed.append(contentsOf: self.buffer[length...])
            self.buffer = changed
            self.subject = accepted.subject
        }
    }

    mutating func refuse(_ reply: Reply, rule: String) {
        self.refusal = reply
        self.refusalRule = rule
        self.buffer = []
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

extension UnsafeRawBufferPointer {
    /// Whether an octet is outside ASCII.
    var hasHighBit: Bool {
        var index = 0
        var bits: UInt64 = 0
        while index + 8 <= self.count {
            bits |= self.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index += 8
        }
        var rest: UInt8 = 0
        while index < self.count {
            rest |= self[index]
            index += 1
        }
        return bits & 0x8080_8080_8080_8080 != 0 || rest & 0x80 != 0
    }

    /// The offset behind the empty line that ends the header section; nil when there is none.
    var endOfHeaderSection: Int? {
        if self.count >= 2, self[0] == 0x0d, self[1] == 0x0a { return 2 }
        var index = 0
        while index + 3 < self.count {
            // Every CRLFCRLF has an LF at its second or fourth place: look at each second octet.
            if self[index + 3] == 0x0a, self[index] == 0x0d, self[index + 1] == 0x0a, self[index + 2] == 0x0d {
                return index + 4
            }
            index += self[index + 3] == 0x0d || self[index + 3] == 0x0a ? 1 : 4
        }
        return nil
    }
}
