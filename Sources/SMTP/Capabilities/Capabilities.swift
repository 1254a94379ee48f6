public import SASL

/// What a server offers in its reply to EHLO or LHLO (RFC 5321 §4.1.1.1): read by the client, printed by the server.
///
///     S: 250-mail.example.org greets client.example.net
///     S: 250-PIPELINING
///     S: 250-SIZE 52428800
///     S: 250 AUTH SCRAM-SHA-256 PLAIN
///
/// A value without offers stands for a server that knows only HELO.
public struct Capabilities: Hashable, Sendable {
    /// `SIZE` (RFC 1870 §4); nil when not offered.
    public var size: MessageSizeLimit?
    /// `PIPELINING` (RFC 2920): several commands may be sent before the first reply.
    public var isPipelining = false
    /// `8BITMIME` (RFC 6152).
    public var isEightBitMIME = false
    /// `SMTPUTF8` (RFC 6531).
    public var isSMTPUTF8 = false
    /// `CHUNKING` (RFC 3030): BDAT.
    public var isChunking = false
    /// `BINARYMIME` (RFC 3030 §3).
    public var isBinaryMIME = false
    /// `DSN` (RFC 3461).
    public var isDSN = false
    /// `ENHANCEDSTATUSCODES` (RFC 2034).
    public var isEnhancedStatusCodes = false
    /// `STARTTLS` (RFC 3207).
    public var isSTARTTLS = false
    /// `REQUIRETLS` (RFC 8689).
    public var isRequireTLS = false
    /// `AUTH` (RFC 4954 §3): the mechanisms in the order offered, each once; empty when AUTH is not offered.
    public var authenticationMechanisms: [MechanismName] = []
    /// `LIMITS` (RFC 9422); nil when not offered.
    public var limits: TransactionLimits?
    /// Every other line, in the order offered.
    public var others: [ServiceExtension] = []

    /// No offers at all.
    public init() {}

    /// Whether a line with this keyword was offered that has no member of its own, compared without case.
    public func offers(_ keyword: String) -> Bool {
        let keyword = keyword.uppercased()
        return self.others.contains { $0.keyword == keyword }
    }
}

/// The largest message a server takes (RFC 1870 §4), in octets with each line ending counted as two.
public enum MessageSizeLimit: Hashable, Sendable {
    /// `SIZE` without a number, or with 0: the extension is there, no fixed limit is said.
    case unstated
    /// `SIZE n`, n over 0.
    case octets(Int)
}

/// The operational limits a server announces (RFC 9422 §4).
public struct TransactionLimits: Hashable, Sendable {
    /// `MAILMAX`: transactions in one session.
    public var transactionsPerSession: Int?
    /// `RCPTMAX`: recipients in one transaction.
    public var recipientsPerTransaction: Int?
    /// `RCPTDOMAINMAX`: recipient domains in one session.
    public var recipientDomainsPerSession: Int?

    public init(
        transactionsPerSession: Int? = nil,
        recipientsPerTransaction: Int? = nil,
        recipientDomainsPerSession: Int? = nil
    ) {
        self.transactionsPerSession = transactionsPerSession
        self.recipientsPerTransaction = recipientsPerTransaction
        self.recipientDomainsPerSession = recipientDomainsPerSession
    }
}

/// One line of an EHLO reply: a keyword and its parameters (RFC 5321 §4.1.1.1 `ehlo-line`).
public struct ServiceExtension: Hashable, Sendable, CustomStringConvertible {
    /// In upper case.
    public var keyword: String
    /// As given.
    public var parameters: [String]

    public init(_ keyword: String, _ parameters: [String] = []) {
        self.keyword = keyword.uppercased()
        self.parameters = parameters
    }

    /// The line as sent, without code and line ending.
    public var description: String { ([self.keyword] + self.parameters).joined(separator: " ") }
}
