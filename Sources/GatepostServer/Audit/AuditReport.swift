package import GatepostModel
internal import MailSyntax
internal import SASL

/// A record of the audit trail, as lists and exports show it. What a kind does not have is left out.
package struct AuditReport: Codable, Sendable, Hashable {
    package var sequence: Int64
    /// RFC 3339 in UTC.
    package var time: String
    /// `authentication`, `administration`, `sending`, `lockout` or `gap`.
    package var kind: String
    /// `succeeded`, `refused`, `done`, `failed`, `accepted`, `held`, or what became of a lock.
    package var result: String
    package var reason: String?
    package var reference: String?
    package var account: String?
    package var loginName: String?
    package var address: String?
    package var mechanism: String?
    package var listener: String?
    package var tls: String?
    package var clientName: String?
    package var secret: String?
    package var repeats: Int?
    package var credential: Int64?
    /// Of a message that came without AUTH: `pop-before-smtp`, `device` or `reception`.
    package var basis: String?
    package var actor: String?
    package var action: String?
    package var subject: String?
    package var failure: String?
    package var message: String?
    package var from: String?
    package var recipients: [String]?
    package var recipientCount: Int?
    package var size: Int?
    package var reply: String?
    /// Of a received message: what SPF, DKIM and DMARC found.
    package var findings: String?
    package var network: String?
    package var until: String?
    package var distinctSecrets: Int?
    package var accountsTried: Int?
    /// Events that a gap stands for, and when the first of them came.
    package var lost: Int?
    package var since: String?
    /// Personal fields were erased.
    package var erased: Bool?

    package init(_ record: AuditRecord) {
        self.sequence = record.sequence
        self.time = record.event.time.description
        self.kind = "\(record.event.kind)"
        self.result = ""
        self.account = record.event.account
        self.erased = record.state == .erased ? true : nil
        switch record.event {
        case .authentication(let event): self.fill(event)
        case .administration(let event):
            self.result = event.failure == nil ? "done" : "failed"
            self.actor = event.actor.description
            self.action = event.action
            self.subject = event.subject
            self.failure = event.failure
        case .sending(let event): self.fill(event)
        case .lockout(let event):
            self.result = event.change.rawValue
            self.network = event.network?.description
            self.until = event.until?.description
            self.distinctSecrets = event.distinctSecrets
            self.accountsTried = event.accountsTried
            self.actor = event.actor?.description
        case .gap(let event):
            self.result = "lost"
            self.lost = event.count
            self.since = event.since.description
        }
    }

    private mutating func fill(_ event: AuthenticationEvent) {
        self.result = event.reason == nil ? "succeeded" : "refused"
        self.reason = event.reason?.rawValue
        self.reference = event.reference.description
        self.loginName = event.attempt.loginName
        self.address = event.attempt.address?.description
        self.mechanism = event.attempt.mechanism.description
        self.listener = event.attempt.listener
        self.tls = event.attempt.tls
        self.clientName = event.attempt.clientName
        self.secret = event.attempt.secretTag.map(SecretTag.text)
        self.repeats = event.attempt.secretTag == nil ? nil : event.repeats
        self.credential = event.attempt.credential
    }

    private mutating func fill(_ event: SendingEvent) {
        switch event.verdict {
        case .accepted: self.result = "accepted"
        case .held(let rule):
            self.result = "held"
            self.reason = rule
        case .refused(let rule):
            self.result = "refused"
            self.reason = rule
        case .discarded(let rule):
            self.result = "discarded"
            self.reason = rule
        }
        self.address = event.address?.description
        self.listener = event.listener
        self.credential = event.credential
        switch event.basis {
        case .login: self.basis = nil
        case .popBeforeSMTP: self.basis = "pop-before-smtp"
        case .device: self.basis = "device"
        case .reception: self.basis = "reception"
        }
        self.message = event.message?.description
        self.from = event.reversePath
        self.recipients = event.recipients
        self.recipientCount = event.recipientCount
        self.size = event.size
        self.reply = event.reply
        self.findings = event.findings
    }

    /// One line of what the columns of a list do not say.
    package var summary: String {
        var parts: [String] = []
        switch self.kind {
        case "authentication":
            parts = [self.mechanism, self.listener, self.tls.map { "TLS \($0)" }, self.clientName.map { "EHLO \($0)" }]
                .compactMap { $0 }
            if let secret = self.secret { parts.append("secret \(secret) ×\(self.repeats ?? 1)") }
        case "administration":
            parts = [self.action, self.subject, self.actor.map { "by \($0)" }, self.failure].compactMap { $0 }
        case "sending":
            parts = [
                self.message, self.from.map { "from <\($0)>" }, self.recipientCount.map { "\($0) recipients" },
                self.size.map { "\($0) octets" }, self.basis.map { "by \($0)" }, self.reply,
                self.findings,
            ].compactMap { $0 }
        case "lockout":
            parts = [
                self.network, self.until.map { "until \($0)" }, self.distinctSecrets.map { "\($0) secrets" },
                self.accountsTried.map { "\($0) accounts" }, self.actor.map { "by \($0)" },
            ].compactMap { $0 }
        default:
            parts = ["\(self.lost ?? 0) events were not kept", self.since.map { "since \($0)" }].compactMap { $0 }
        }
        if self.erased == true { parts.append("(personal fields erased)") }
        return parts.joined(separator: ", ")
    }
}

/// What `audit verify` found.
package struct AuditVerificationReport: Codable, Sendable, Hashable {
    package var isGood: Bool
    /// The first thing that does not fit, in words; nil when all is well.
    package var fault: String?
    /// The record that it names.
    package var record: Int64?
    package var records: Int
    package var erased: Int
    package var expired: Int
    /// The first record that is there.
    package var first: Int64
    /// The last signed head, `SEQUENCE:LINK`: to be noted elsewhere.
    package var head: String?
    package var headTime: String?
    /// Ed25519, base64.
    package var publicKey: String

    package init(_ verification: AuditVerification, publicKey: [UInt8]) {
        self.isGood = verification.fault == nil
        self.fault = verification.fault?.description
        self.record = verification.fault?.record
        self.records = verification.records
        self.erased = verification.erased
        self.expired = verification.expired
        self.first = verification.first
        self.head = verification.head?.text
        self.headTime = verification.head?.point.time.description
        self.publicKey = String(decoding: Base64.encode(publicKey), as: UTF8.self)
    }
}
