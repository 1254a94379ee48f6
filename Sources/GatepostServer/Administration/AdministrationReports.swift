package import GatepostModel
internal import MailSyntax
internal import SASL
internal import SMTP

/// An account as reports show it: no keys.
package struct AccountReport: Codable, Sendable, Hashable {
    package var address: String
    package var enabled: Bool
    package var sandbox: Bool
    /// What it may send as beyond its own address.
    package var identities: [String]
    /// Mechanisms that the stored keys serve.
    package var mechanisms: [String]
    /// What another server made of the password and is still in use, `SSHA` for instance: the next PLAIN or LOGIN replaces it.
    package var foreignHash: String?
    /// Whether a second factor is on: the mail protocols then take app passwords only.
    package var secondFactor: Bool
    /// What is said about this account only; null is none. `gatepost account limits` tells all that hold.
    package var limits: [String: Int?]
    /// The main password first, then by kind and name.
    package var credentials: [CredentialReport]
    /// Registered TLS client certificates.
    package var certificates: [CertificateReport]

    /// - Parameters:
    ///   - uses: By credential.
    ///   - now: Tells what is expired.
    package init(
        _ account: Account,
        uses: [Int64: CredentialUse] = [:],
        certificates: [RegisteredCertificate] = [],
        now: Timestamp = Timestamp(milliseconds: 0)
    ) {
        self.address = account.address
        self.enabled = account.isEnabled
        self.sandbox = account.isSandbox
        self.identities = account.identities.map(\.description)
        self.secondFactor = account.hasSecondFactor
        self.limits = account.limits.report
        let kinds = CredentialKind.allCases
        self.credentials =
            account.credentials
            .sorted {
                (kinds.firstIndex(of: $0.kind) ?? 0, $0.name) < (kinds.firstIndex(of: $1.kind) ?? 0, $1.name)
            }
            .map { CredentialReport($0, of: account, use: uses[$0.id], now: now) }
        self.mechanisms = Set(self.credentials.flatMap(\.mechanisms)).sorted()
        self.certificates = certificates.map { CertificateReport($0, now: now) }
        self.foreignHash = account.credentials.lazy.compactMap(\.foreignKind).first
    }
}

/// What became of one account that was to be added.
package struct AdditionReport: Codable, Sendable, Hashable {
    package var address: String
    package var added: Bool
    /// Why not, or what to know about it.
    package var note: String?

    package init(address: String, added: Bool, note: String?) {
        self.address = address
        self.added = added
        self.note = note
    }
}

package struct DomainReport: Codable, Sendable, Hashable {
    package var domain: String
    /// `nil` in lists.
    package var accounts: Int?
    /// The keys it signs with, in order of age; `nil` in lists.
    package var keys: [DKIMKeyReport]?

    package init(domain: String, accounts: Int? = nil, keys: [DKIMKeyReport]? = nil) {
        self.domain = domain
        self.accounts = accounts
        self.keys = keys
    }
}

/// An account's keys, to be taken to another server.
package struct CredentialExport: Codable, Sendable, Hashable {
    package var address: String
    package var enabled: Bool
    package var sandbox: Bool
    package var identities: [String]
    /// A PHC string.
    package var argon2id: String?
    /// What another server made of the password, as long as there is no Argon2id hash.
    package var foreignHash: String?

    package init(_ account: Account) {
        self.address = account.address
        self.enabled = account.isEnabled
        self.sandbox = account.isSandbox
        self.identities = account.identities.map(\.description)
        let password = account.credentials.first { $0.kind == .password }
        self.argon2id = password?.argon2id
        self.foreignHash = password?.foreignHash
    }
}

/// A queued message.
package struct MessageReport: Codable, Sendable, Hashable {
    package struct Recipient: Codable, Sendable, Hashable {
        package var number: Int
        package var address: String
        /// `waiting`, `sending` or `held`.
        package var state: String
        package var attempts: Int
        package var nextAttempt: String?
        /// Why it is held: the code of a rule, `delivery-route`, or `by-hand`.
        package var reason: String?
    }

    package struct Attempt: Codable, Sendable, Hashable {
        package var at: String
        package var recipient: String
        /// `delivered`, `deferred` or `failed`.
        package var outcome: String
        package var peer: String?
        /// The peer's words.
        package var reply: String?
        package var note: String?
        package var encrypted: Bool
    }

    package var identifier: String
    package var from: String
    package var account: String?
    package var subject: String?
    package var size: Int
    package var received: String
    package var recipients: [Recipient]
    package var attempts: [Attempt]

    package init(_ message: QueuedMessage) {
        self.identifier = message.identifier.description
        self.from = message.envelope.reversePath.description
        self.account = message.account
        self.subject = message.subject
        self.size = message.size
        self.received = message.received.description
        self.recipients = message.recipients.map { recipient in
            let state: (String, Timestamp?) =
                switch recipient.state {
                case .waiting(let until): ("waiting", until)
                case .leased: ("sending", nil)
                case .held: ("held", nil)
                }
            return Recipient(
                number: recipient.number,
                address: recipient.recipient.forwardPath.description,
                state: state.0,
                attempts: recipient.attempts,
                nextAttempt: state.1?.description,
                reason: recipient.state == .held ? message.holdReason ?? "by-hand" : nil
            )
        }
        self.attempts = message.history.map { entry in
            Attempt(
                at: entry.attempt.at.description,
                recipient: entry.forwardPath.description,
                outcome: entry.outcome.rawValue,
                peer: entry.attempt.peer,
                reply: entry.attempt.reply.map { reply in
                    let status = reply.enhanced.map { "\($0) " } ?? ""
                    return "\(reply.code) \(status)\(reply.lines.joined(separator: " / "))"
                },
                note: entry.attempt.note,
                encrypted: entry.attempt.isEncrypted
            )
        }
    }
}

package struct QueueReport: Codable, Sendable, Hashable {
    package var messages: Int
    package var octets: Int
    /// Recipients by state.
    package var waiting: Int
    package var sending: Int
    package var held: Int
    package var oldest: String?

    package init(_ statistics: QueueStatistics) {
        self.messages = statistics.messages
        self.octets = statistics.octets
        self.waiting = statistics.waiting
        self.sending = statistics.leased
        self.held = statistics.held
        self.oldest = statistics.oldest?.description
    }
}

/// A message in a sandbox inbox.
package struct InboxReport: Codable, Sendable, Hashable {
    package var identifier: String
    package var account: String
    package var from: String
    package var to: [String]
    package var subject: String?
    package var received: String
    package var size: Int

    package init(_ message: InboxMessage) {
        self.identifier = message.identifier.description
        self.account = message.account
        self.from = message.envelope.reversePath.description
        self.to = message.recipients.map(\.forwardPath.description)
        self.subject = message.subject
        self.received = message.received.description
        self.size = message.size
    }
}

/// Where a message's octets are.
package enum ContentReport: Codable, Sendable, Hashable {
    case base64(String)
    /// A file that the server's user may read, and base64 of what stands in front of it.
    case file(path: String, front: String?)
}

/// The health of a running server.
package struct ServerStatus: Codable, Sendable, Hashable {
    package var version: String
    package var hostname: String
    package var processIdentifier: Int32
    /// RFC 3339; `nil` where no server runs.
    package var started: String?
    package var listeners: [String]
    /// Totals since the start and levels now, by name; a fixed set.
    package var counters: [String: Int]
    package var accounts: Int
    package var queue: QueueReport?
    /// What is wrong with the relay's login; `nil` when nothing is known to be.
    package var relay: String?

    package init(
        version: String,
        hostname: String,
        processIdentifier: Int32,
        started: String?,
        listeners: [String],
        counters: [String: Int],
        accounts: Int = 0,
        queue: QueueReport? = nil,
        relay: String? = nil
    ) {
        self.version = version
        self.hostname = hostname
        self.processIdentifier = processIdentifier
        self.started = started
        self.listeners = listeners
        self.counters = counters
        self.accounts = accounts
        self.queue = queue
        self.relay = relay
    }
}
