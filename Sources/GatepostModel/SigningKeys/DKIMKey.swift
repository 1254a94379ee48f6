internal import MailSyntax
package import MessageAuthentication

/// A key that a local domain signs its mail with (RFC 6376), as it is kept.
package struct DKIMKey: Hashable, Sendable {
    /// What the key is made for.
    package enum Algorithm: String, Codable, Sendable, Hashable, CaseIterable {
        /// RSA of 2048 bits (RFC 8301): every verifier knows it.
        case rsa2048
        /// Ed25519 (RFC 8463): short records, and not known everywhere.
        case ed25519

        /// The `k=` of its record.
        package var keyType: DKIM.KeyRecord.KeyType {
            switch self {
            case .rsa2048: .rsa
            case .ed25519: .ed25519
            }
        }
    }

    /// Where in its life the key is.
    package enum State: String, Codable, Sendable, Hashable, CaseIterable {
        /// Made; it signs nothing until DNS is seen to hold its record. → `active`, `retired`
        case pending
        /// It signs. → `retiring`
        case active
        /// Another one signs now; its record must stay for mail that is under way. → `retired`
        case retiring
        /// Its record may go. Terminal: the private half is gone.
        case retired
    }

    /// A local domain as the store has it.
    package let domain: String
    /// Under which the record stands, `s=`.
    package let selector: String
    package let algorithm: Algorithm
    /// What `p=` holds: SubjectPublicKeyInfo for RSA, 32 octets for Ed25519.
    package let publicKey: [UInt8]
    /// The private half in PEM, sealed with the master key for ``owner``; nil once retired.
    package var sealedKey: [UInt8]?
    package var state: State
    package var created: Timestamp
    /// When DNS was first seen to hold the record.
    package var seen: Timestamp?
    /// When it began to sign.
    package var activated: Timestamp?
    /// When another took over.
    package var replaced: Timestamp?
    package var retired: Timestamp?

    package init(
        domain: String,
        selector: String,
        algorithm: Algorithm,
        publicKey: [UInt8],
        sealedKey: [UInt8]?,
        state: State = .pending,
        created: Timestamp,
        seen: Timestamp? = nil,
        activated: Timestamp? = nil,
        replaced: Timestamp? = nil,
        retired: Timestamp? = nil
    ) {
        self.domain = domain
        self.selector = selector
        self.algorithm = algorithm
        self.publicKey = publicKey
        self.sealedKey = sealedKey
        self.state = state
        self.created = created
        self.seen = seen
        self.activated = activated
        self.replaced = replaced
        self.retired = retired
    }

    /// Where the record stands, the domain as it is written.
    package var recordName: String { DKIMKey.recordName(selector: self.selector, domain: self.domain) }

    package static func recordName(selector: String, domain: String) -> String { "\(selector)._domainkey.\(domain)" }

    /// What the private half is sealed for; no account's address, since it has no `@`.
    package var owner: String { self.recordName }

    /// What is to be published.
    package var record: DKIM.KeyRecord { DKIM.KeyRecord(keyType: self.algorithm.keyType, publicKey: self.publicKey) }

    /// How long after another key took over mail may still be verified: retries, forwarding, mailboxes that are read late.
    package static let afterlife = Duration.seconds(7 * 86_400)

    /// When the record is no longer needed, as far as time goes; nil while it is no other key's turn.
    package var neededUntil: Timestamp? { self.replaced.map { $0 + Self.afterlife } }

    /// Whether mail that it signed is gone: the queue has nothing from its time, and some days have passed.
    ///
    /// - Parameter oldestQueued: When the oldest message of the queue came.
    package func isMailGone(oldestQueued: Timestamp?, now: Timestamp) -> Bool {
        guard let replaced, let until = self.neededUntil, now >= until else { return false }
        return oldestQueued.map { $0 > replaced } ?? true
    }

    /// Whether text can be a selector: labels of letters, digits, hyphens and underscores.
    package static func isSelector(_ text: String) -> Bool {
        let labels = text.utf8.split(separator: ASCII.dot, omittingEmptySubsequences: false)
        return text.utf8.count <= 100
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != ASCII.hyphen && label.last != ASCII.hyphen
                    && label.allSatisfy {
                        ASCII.isLetterOrDigit($0) || $0 == ASCII.hyphen || $0 == UInt8(ascii: "_")
                    }
            }
    }
}

extension DKIMKey: CustomStringConvertible {
    /// Name, algorithm and state; nothing of the key.
    package var description: String { "\(self.recordName) (\(self.algorithm.rawValue), \(self.state.rawValue))" }
}
