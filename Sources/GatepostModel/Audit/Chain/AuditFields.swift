package import MailSyntax
internal import SASL

/// An event as the columns of the trail: what may be kept for its whole time, and apart from it what is about a person.
package struct AuditFields: Hashable, Sendable {
    package var kind: AuditEvent.Kind
    package var time: Timestamp
    /// What it can be searched by: a reason code, the code of a rule, what became of a lock.
    package var reason: String?
    package var reference: String?
    /// Everything else that is no person's.
    package var detail: [UInt8]
    package var account: String?
    /// 16 octets, IPv4 mapped: blocks of addresses are ranges.
    package var address: [UInt8]?
    /// Everything else about a person; nil where there is nothing.
    package var personal: [UInt8]?

    package init(
        kind: AuditEvent.Kind,
        time: Timestamp,
        reason: String?,
        reference: String?,
        detail: [UInt8],
        account: String?,
        address: [UInt8]?,
        personal: [UInt8]?
    ) {
        self.kind = kind
        self.time = time
        self.reason = reason
        self.reference = reference
        self.detail = detail
        self.account = account
        self.address = address
        self.personal = personal
    }

    package var hasPersonal: Bool { self.account != nil || self.address != nil || self.personal != nil }

    package static func addressOctets(_ address: IPAddress) -> [UInt8] {
        let octets = address.unmapped.octets
        return octets.count == 4 ? [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + octets : octets
    }

    /// The first and the last address of a block.
    package static func range(of network: IPNetwork) -> (first: [UInt8], last: [UInt8]) {
        let first = Self.addressOctets(network.address)
        let bits = network.prefixLength + (network.address.family == .v4 ? 96 : 0)
        let last = first.enumerated().map { index, octet in
            octet | (0xFF >> UInt8(min(max(bits - 8 * index, 0), 8)))
        }
        return (first, last)
    }

    package static func address(_ octets: [UInt8]) -> IPAddress? {
        IPAddress(octets: octets)?.unmapped
    }
}

// MARK: From events

extension AuditFields {
    /// The most octets that are kept of a text that a peer chose.
    static let maximumTextOctets = 320
    /// The most recipients whose addresses are kept.
    static let maximumRecipients = 20

    package init(_ event: AuditEvent) {
        var detail = AuditFieldWriter()
        var personal = AuditFieldWriter()
        self.init(
            kind: event.kind,
            time: event.time,
            reason: nil,
            reference: nil,
            detail: [],
            account: event.account.map { Self.cut($0) },
            address: nil,
            personal: nil
        )
        switch event {
        case .authentication(let event):
            self.reason = event.reason?.rawValue
            self.reference = event.reference.description
            self.address = event.attempt.address.map(Self.addressOctets)
            event.attempt.write(&detail, &personal)
            detail.add(.repeats, UInt64(clamping: event.repeats))
        case .administration(let event):
            detail.add(.action, event.action)
            detail.add(event.actor, personal: &personal)
            if event.failure != nil { detail.add(.failed, 1) }
            personal.add(.failure, event.failure)
            personal.add(.subject, event.subject)
        case .sending(let event):
            self.address = event.address.map(Self.addressOctets)
            self.reason = event.write(&detail, &personal)
        case .lockout(let event):
            self.reason = event.change.rawValue
            self.address = event.network.map { Self.addressOctets($0.address) }
            detail.add(.prefixLength, event.network.map { UInt64(clamping: $0.prefixLength) })
            detail.add(.until, event.until.map { UInt64(bitPattern: $0.milliseconds) })
            detail.add(.distinctSecrets, event.distinctSecrets.map { UInt64(clamping: $0) })
            detail.add(.accountsTried, event.accountsTried.map { UInt64(clamping: $0) })
            if let actor = event.actor { detail.add(actor, personal: &personal) }
        case .gap(let event):
            detail.add(.since, UInt64(bitPattern: event.since.milliseconds))
            detail.add(.count, UInt64(clamping: event.count))
        }
        self.detail = detail.octets
        self.personal = personal.octets.isEmpty ? nil : personal.octets
    }

    /// The beginning of a text, at a boundary of characters.
    static func cut(_ text: String) -> String {
        guard text.utf8.count > Self.maximumTextOctets else { return text }
        let octets = Array(text.utf8.prefix(Self.maximumTextOctets))
        // A code point cut in half is left out: continuation octets, and the lead octet before them, belong to what is missing.
        let end = octets.lastIndex { $0 & 0xC0 != 0x80 } ?? 0
        let isCut = text.utf8.dropFirst(Self.maximumTextOctets).first.map { $0 & 0xC0 == 0x80 } ?? false
        return String(decoding: isCut ? octets[..<end] : octets[...], as: UTF8.self)
    }
}

extension LoginAttempt {
    fileprivate func write(_ detail: inout AuditFieldWriter, _ personal: inout AuditFieldWriter) {
        detail.add(.mechanism, self.mechanism.description)
        detail.add(.listener, self.listener)
        detail.add(.tls, self.tls)
        detail.add(.secretTag, self.secretTag.map { UInt64($0) })
        detail.add(.credential, self.credential.map { UInt64(bitPattern: $0) })
        personal.add(.loginName, self.loginName)
        personal.add(.clientName, self.clientName)
    }
}

extension SendingEvent {
    /// - Returns: The rule's code.
    fileprivate func write(_ detail: inout AuditFieldWriter, _ personal: inout AuditFieldWriter) -> String? {
        detail.add(.listener, self.listener)
        detail.add(.credential, self.credential.map { UInt64(bitPattern: $0) })
        if self.basis != .login { detail.add(.basis, self.basis.rawValue) }
        detail.add(.message, self.message?.description)
        detail.add(.recipientCount, UInt64(clamping: self.recipientCount))
        detail.add(.size, UInt64(clamping: self.size))
        detail.add(.reply, self.reply)
        detail.add(.findings, self.findings)
        personal.add(.reversePath, self.reversePath)
        for recipient in self.recipients.prefix(AuditFields.maximumRecipients) { personal.add(.recipient, recipient) }
        switch self.verdict {
        case .accepted:
            detail.add(.verdict, 0)
            return nil
        case .held(let rule):
            detail.add(.verdict, 1)
            return rule
        case .refused(let rule):
            detail.add(.verdict, 2)
            return rule
        case .discarded(let rule):
            detail.add(.verdict, 3)
            return rule
        }
    }
}

// MARK: To events

extension AuditFields {
    /// The event that these fields say; with personal fields erased, without them. nil when they say none.
    package var event: AuditEvent? {
        guard let detail = AuditFieldReader(self.detail), let personal = AuditFieldReader(self.personal ?? [])
        else { return nil }
        switch self.kind {
        case .authentication: return self.authentication(detail, personal)
        case .administration:
            return .administration(
                AdministrationEvent(
                    time: self.time,
                    actor: detail.actor(personal) ?? .server,
                    action: detail.text(.action) ?? "",
                    account: self.account,
                    subject: personal.text(.subject),
                    failure: detail.number(.failed) == nil ? nil : personal.text(.failure) ?? "failed"
                )
            )
        case .sending: return self.sending(detail, personal)
        case .lockout:
            guard let change = self.reason.flatMap({ LockoutEvent.Change(rawValue: $0) }) else { return nil }
            var network: IPNetwork?
            if let address = self.address.flatMap({ Self.address($0) }) {
                let prefix = detail.number(.prefixLength).map { Int(clamping: $0) } ?? address.bitWidth
                network = IPNetwork(address: address, prefixLength: prefix)
            }
            return .lockout(
                LockoutEvent(
                    time: self.time,
                    change: change,
                    account: self.account,
                    network: network,
                    until: detail.number(.until).map { Timestamp(milliseconds: Int64(bitPattern: $0)) },
                    distinctSecrets: detail.number(.distinctSecrets).map { Int(clamping: $0) },
                    accountsTried: detail.number(.accountsTried).map { Int(clamping: $0) },
                    actor: detail.actor(personal)
                )
            )
        case .gap:
            return .gap(
                GapEvent(
                    time: self.time,
                    since: Timestamp(milliseconds: Int64(bitPattern: detail.number(.since) ?? 0)),
                    count: Int(clamping: detail.number(.count) ?? 0)
                )
            )
        }
    }

    private func authentication(_ detail: AuditFieldReader, _ personal: AuditFieldReader) -> AuditEvent? {
        guard let mechanism = detail.text(.mechanism).flatMap({ MechanismName($0) }),
            let reference = self.reference.flatMap({ AuthenticationReference($0) })
        else { return nil }
        var result = LoginResult.succeeded
        if let text = self.reason {
            guard let reason = AuthenticationReason(rawValue: text) else { return nil }
            result = .refused(reason)
        }
        return .authentication(
            AuthenticationEvent(
                attempt: LoginAttempt(
                    time: self.time,
                    loginName: personal.text(.loginName) ?? "",
                    account: self.account,
                    mechanism: mechanism,
                    address: self.address.flatMap { Self.address($0) },
                    listener: detail.text(.listener) ?? "",
                    tls: detail.text(.tls),
                    clientName: personal.text(.clientName),
                    secretTag: detail.number(.secretTag).map { UInt16(truncatingIfNeeded: $0) },
                    credential: detail.number(.credential).map { Int64(bitPattern: $0) }
                ),
                result: result,
                reference: reference,
                repeats: Int(clamping: detail.number(.repeats) ?? 1)
            )
        )
    }

    private func sending(_ detail: AuditFieldReader, _ personal: AuditFieldReader) -> AuditEvent {
        let verdict: SendingEvent.Verdict =
            switch detail.number(.verdict) {
            case 0: .accepted
            case 1: .held(rule: self.reason ?? "")
            case 3: .discarded(rule: self.reason ?? "")
            default: .refused(rule: self.reason ?? "")
            }
        return .sending(
            SendingEvent(
                time: self.time,
                account: self.account,
                address: self.address.flatMap { Self.address($0) },
                listener: detail.text(.listener) ?? "",
                credential: detail.number(.credential).map { Int64(bitPattern: $0) },
                basis: detail.number(.basis).flatMap { SendingEvent.Basis(rawValue: $0) } ?? .login,
                message: detail.text(.message).flatMap { MessageIdentifier($0) },
                reversePath: personal.text(.reversePath) ?? "",
                recipients: personal.texts(.recipient),
                recipientCount: Int(clamping: detail.number(.recipientCount) ?? 0),
                size: Int(clamping: detail.number(.size) ?? 0),
                verdict: verdict,
                reply: detail.text(.reply),
                findings: detail.text(.findings)
            )
        )
    }
}
