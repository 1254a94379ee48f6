package import GatepostModel
internal import MailSyntax
internal import SASL

/// A credential as reports show it: no keys.
package struct CredentialReport: Codable, Sendable, Hashable {
    package struct Use: Codable, Sendable, Hashable {
        package var time: String
        /// nil on a local socket.
        package var address: String?
    }

    package var kind: CredentialKind
    /// Empty for the main password.
    package var name: String
    /// `active`, `expired`, `disabled`, `must-change`, `not-for-mail` (a main password beside a second factor), `elsewhere` (another
    /// password store knows it).
    package var state: String
    package var created: String?
    package var expires: String?
    /// Empty: from anywhere.
    package var networks: [String]
    /// Empty: as whoever the account may.
    package var identities: [String]
    /// Empty: to anywhere.
    package var recipientDomains: [String]
    /// How much its holder may send.
    package var limits: [String: Int?]
    package var lastUse: Use?
    /// Mechanisms that its keys serve.
    package var mechanisms: [String]

    package init(_ credential: Credential, of account: Account, use: CredentialUse?, now: Timestamp) {
        self.kind = credential.kind
        self.name = credential.name
        self.created = credential.created?.description
        self.expires = credential.rules.expires?.description
        self.networks = credential.rules.networks.map(\.description)
        self.identities = credential.rules.identities.map(\.description)
        self.recipientDomains = credential.rules.recipientDomains.map(\.description)
        self.limits = credential.rules.limits.report
        self.lastUse = use.map { Use(time: $0.time.description, address: $0.address) }
        var mechanisms: [String] = []
        if credential.argon2id != nil || credential.awaitsUpgrade || credential.kind == .appPassword {
            mechanisms += ["PLAIN", "LOGIN"]
        }
        // Of several salts only one can be sent to a client that has not said which password it holds.
        mechanisms += credential.scram.filter { account.scramParameters($0.hash) == SCRAMParameters($0) }
            .map(\.hash.mechanism.description)
        mechanisms += credential.legacyMechanisms.map(\.description)
        self.mechanisms = Set(mechanisms).sorted()
        self.state = CredentialReport.state(credential, account, now, isEmpty: mechanisms.isEmpty)
    }

    private static func state(
        _ credential: Credential,
        _ account: Account,
        _ now: Timestamp,
        isEmpty: Bool
    ) -> String {
        if !credential.isEnabled { return "disabled" }
        if let expires = credential.rules.expires, now >= expires { return "expired" }
        guard credential.kind == .password else { return "active" }
        if account.hasSecondFactor { return "not-for-mail" }
        if credential.mustChange { return "must-change" }
        return isEmpty ? "elsewhere" : "active"
    }
}

/// A registered client certificate.
package struct CertificateReport: Codable, Sendable, Hashable {
    package var name: String
    package var subject: String
    /// SHA-256 of the public key (SubjectPublicKeyInfo) in hexadecimal.
    package var fingerprint: String
    package var expires: String
    package var isExpired: Bool
    package var added: String

    package init(_ certificate: RegisteredCertificate, now: Timestamp) {
        self.name = certificate.name
        self.subject = certificate.subject
        self.fingerprint = CertificateRecord.text(certificate.fingerprint)
        self.expires = certificate.expires.description
        self.isExpired = now >= certificate.expires
        self.added = certificate.added.description
    }
}

/// The state of an account's second factor.
package struct SecondFactorReport: Codable, Sendable, Hashable {
    package enum State: String, Codable, Sendable, Hashable {
        case off
        /// Its owner has not shown a code yet; it guards nothing.
        case unconfirmed
        case on
    }

    package var address: String
    package var state: State
    package var algorithm: String?
    package var digits: Int?
    package var period: Int?
    /// Not used yet.
    package var recoveryCodes: Int?
    /// Whether the stored secret opens with the present master key.
    package var isReadable: Bool?
}

/// ``GatepostModel/SCRAMParameters`` for the control socket.
package struct SCRAMParametersRecord: Codable, Sendable, Hashable {
    private var hash: SCRAMHash
    private var salt: String
    private var iterations: Int

    package init(_ parameters: SCRAMParameters) {
        self.hash = parameters.hash
        self.salt = Base64.encodeToString(parameters.salt)
        self.iterations = parameters.iterations
    }

    /// nil where a part cannot be read.
    package var parameters: SCRAMParameters? {
        guard let salt = Base64.decode(self.salt.utf8), !salt.isEmpty, self.iterations > 0 else { return nil }
        return SCRAMParameters(hash: self.hash, salt: salt, iterations: self.iterations)
    }
}

/// A credential to be added, with its keys already derived.
package struct CredentialAddition: Codable, Sendable, Hashable {
    package var address: String
    package var kind: CredentialKind
    package var name: String
    package var rules: CredentialRulesRecord
    package var credential: CredentialRecord

    package init(
        address: String,
        kind: CredentialKind,
        name: String,
        rules: CredentialRulesRecord,
        credential: CredentialRecord
    ) {
        self.address = address
        self.kind = kind
        self.name = name
        self.rules = rules
        self.credential = credential
    }
}

/// ``GatepostModel/CredentialRules`` as an operator writes them.
package struct CredentialRulesRecord: Codable, Sendable, Hashable {
    package var expires: Timestamp?
    package var networks: [String]
    package var identities: [String]
    package var recipientDomains: [String]
    /// As ``AdministrationRequest/setLimits(address:limits:)`` reads them.
    package var limits: [String: String]

    package init(
        expires: Timestamp? = nil,
        networks: [String] = [],
        identities: [String] = [],
        recipientDomains: [String] = [],
        limits: [String: String] = [:]
    ) {
        self.expires = expires
        self.networks = networks
        self.identities = identities
        self.recipientDomains = recipientDomains
        self.limits = limits
    }
}

/// A second factor to be set, its secret sealed.
package struct SecondFactorRecord: Codable, Sendable, Hashable {
    package var sealedSecret: String
    package var parameters: TOTP.Parameters

    package init(sealedSecret: [UInt8], parameters: TOTP.Parameters) {
        self.sealedSecret = Base64.encodeToString(sealedSecret)
        self.parameters = parameters
    }
}

/// A client certificate to be registered.
package struct CertificateRecord: Codable, Sendable, Hashable {
    package var name: String
    package var subject: String
    /// In hexadecimal.
    package var fingerprint: String
    package var expires: Timestamp

    package init(name: String, subject: String, fingerprint: [UInt8], expires: Timestamp) {
        self.name = name
        self.subject = subject
        self.fingerprint = CertificateRecord.text(fingerprint)
        self.expires = expires
    }

    static func text(_ octets: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: octets.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Reads hexadecimal digits, with colons between them or without; nil for anything but 32 octets.
    static func octets(_ text: String) -> [UInt8]? {
        let digits = text.utf8.filter { $0 != ASCII.colon }
        guard digits.count == 64 else { return nil }
        var octets: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = ASCII.hexadecimalValue(digits[index]), let low = ASCII.hexadecimalValue(digits[index + 1])
            else { return nil }
            octets.append(high << 4 | low)
        }
        return octets
    }
}
