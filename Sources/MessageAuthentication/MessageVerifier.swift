public import DNS
public import MailSyntax

/// Verifies the DKIM signatures and the ARC chain of one message while it streams through.
///
/// Memory is bounded: the header section is kept within its limits, of the body only hashes are.
///
/// ```swift
/// var verifier = MessageVerifier()
/// for try await chunk in message { verifier.receive(chunk) }
/// let results = await verifier.finish(resolver: resolver, secondsSince1970: now)
/// for verdict in results.dkim.verdicts { print(verdict) }
/// ```
public struct MessageVerifier: Sendable {
    /// How much a stranger may make us do.
    public struct Limits: Hashable, Sendable {
        /// The header section; a message whose header exceeds it has no signature that passes.
        public var header: HeaderSection.Limits
        /// The most DKIM-Signature fields that are looked at, from the top of the message.
        public var maximumSignatures: Int
        /// For how long a signature still counts after it has expired, since clocks differ.
        public var clockSkew: Duration
        /// How far in the future a signature may have been made: as much as a wrong time zone makes of it.
        public var maximumLead: Duration

        /// Creates limits; the defaults let any honest message through.
        public init(
            header: HeaderSection.Limits = HeaderSection.Limits(),
            maximumSignatures: Int = 10,
            clockSkew: Duration = .seconds(300),
            maximumLead: Duration = .seconds(12 * 3600)
        ) {
            self.header = header
            self.maximumSignatures = maximumSignatures
            self.clockSkew = clockSkew
            self.maximumLead = maximumLead
        }
    }

    /// What is to be said about a message.
    public struct Results: Hashable, Sendable {
        /// Its DKIM signatures.
        public var dkim: DKIM.Results
        /// Its ARC chain.
        public var arc: ARC.Verdict
    }

    /// The header section, once its end has come; nil before, and when it exceeds its limits.
    public private(set) var header: HeaderSection?

    private let limits: Limits
    private let alabels: @Sendable (String) -> String?
    private var reader: MessageReader
    private var dkim: DKIMVerification?
    private var arc: ARCVerification?
    private var body = BodyHasher([])

    /// Creates a verifier for one message.
    ///
    /// - Parameters:
    ///   - limits: See ``Limits``.
    ///   - alabels: Makes A-labels of a domain name that has U-labels (RFC 8616 §3), nil when it has none. Without it such
    ///     signatures do not pass.
    public init(limits: Limits = Limits(), alabels: @escaping @Sendable (String) -> String? = { _ in nil }) {
        self.limits = limits
        self.alabels = alabels
        self.reader = MessageReader(limits.header)
    }

    /// Takes the next octets of the message: header first, CRLF line ends, dots not stuffed; cut anywhere.
    ///
    /// - Complexity: O(n).
    public mutating func receive(_ chunk: some Collection<UInt8>) {
        if chunk.withContiguousStorageIfAvailable({ self.receive(UnsafeRawBufferPointer($0)) }) == nil {
            Array(chunk).withUnsafeBytes { self.receive($0) }
        }
    }

    /// Takes the next octets of the message; see ``receive(_:)-(Collection<UInt8>)``.
    public mutating func receive(_ chunk: UnsafeRawBufferPointer) {
        guard let rest = self.reader.receive(chunk) else { return }
        if let section = self.reader.takeHeader() { self.begin(section) }
        self.body.receive(rest)
    }

    /// Ends the message, asks for the keys, all at the same time, and judges.
    ///
    /// - Parameters:
    ///   - resolver: Asked for `selector._domainkey.domain`. It bounds how long that takes.
    ///   - secondsSince1970: Now.
    public consuming func finish(resolver: some Resolver, secondsSince1970: Int64) async -> Results {
        if let section = self.reader.finish() { self.begin(section) }
        guard let dkim = self.dkim, let arc = self.arc else {
            let verdict = DKIM.Verdict(refused: .headerTooLarge, domain: nil, selector: nil)
            return Results(
                dkim: DKIM.Results(verdicts: [verdict], uncheckedSignatures: 0),
                arc: ARC.Verdict(sets: [], reason: .headerTooLarge)
            )
        }
        let context = VerificationContext(
            alabels: self.alabels,
            secondsSince1970: secondsSince1970,
            limits: self.limits,
            body: self.body.finish()
        )
        let names = Set(dkim.keyNames(context) + arc.keyNames(context))
        let keys = await KeyLookup(names, resolver)
        return Results(dkim: dkim.results(context, keys), arc: arc.verdict(context, keys))
    }

    private mutating func begin(_ section: HeaderSection) {
        self.header = section
        let index = HeaderIndex(section.fields)
        let dkim = DKIMVerification(index, maximumSignatures: max(0, self.limits.maximumSignatures))
        let arc = ARCVerification(index)
        self.body = BodyHasher(dkim.bodyHashes + arc.bodyHashes)
        self.dkim = dkim
        self.arc = arc
    }
}
