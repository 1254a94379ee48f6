internal import Crypto
public import MailSyntax

/// Adds a set to the ARC chain of one message while it streams through (RFC 8617 §5.1).
///
/// Verify the message as it came with ``MessageVerifier``, change what is to be changed, then seal the very octets that
/// will be sent on. What is sent is the fields that ``finish()`` returns and after them those octets.
public struct MessageSealer: Sendable {
    private let sealer: ARC.Sealer
    private let chain: ARC.Verdict
    private let authenticationResults: String
    private let secondsSince1970: Int64
    private var message: OutgoingMessage

    /// Creates a sealer of one message.
    ///
    /// - Parameters:
    ///   - sealer: Who seals, and how.
    ///   - chain: What was found about the chain that the message came with.
    ///   - authenticationResults: What was found about the message as it came, as in Authentication-Results: name of this
    ///     service, then results (RFC 8601 §2.2). One line.
    ///   - secondsSince1970: Now, for `t=`.
    ///   - limits: Of the header section.
    public init(
        _ sealer: ARC.Sealer,
        chain: ARC.Verdict,
        authenticationResults: String,
        secondsSince1970: Int64,
        limits: HeaderSection.Limits = HeaderSection.Limits()
    ) {
        self.sealer = sealer
        self.chain = chain
        self.authenticationResults = authenticationResults
        self.secondsSince1970 = secondsSince1970
        self.message = OutgoingMessage(limits, [BodyHashKey(form: sealer.canonicalization.body, limit: nil)])
    }

    /// Takes the next octets of the message, cut anywhere.
    ///
    /// - Complexity: O(n).
    public mutating func receive(_ chunk: some Collection<UInt8>) {
        if chunk.withContiguousStorageIfAvailable({ self.message.receive(UnsafeRawBufferPointer($0)) }) == nil {
            Array(chunk).withUnsafeBytes { self.message.receive($0) }
        }
    }

    /// Ends the message and seals it.
    ///
    /// - Returns: ARC-Seal, ARC-Message-Signature and ARC-Authentication-Results, in this order, to be put on top of the
    ///   message. None when the chain may not go on: it had failed before this hop, or has all the sets it can have.
    public consuming func finish() throws(MessageSigner.Fault) -> [HeaderField] {
        guard let (header, body) = self.message.finish() else { throw .headerTooLarge }
        let found = ARCChain(header)
        if case .failedBefore? = self.chain.reason { return [] }
        let instance = found.highestInstance + 1
        guard instance <= ARC.maximumSets else { return [] }
        let sealer = self.sealer
        guard DKIM.Signer.isName(sealer.domain), DKIM.Signer.isName(sealer.selector) else { throw .invalidName }
        guard
            let results = HeaderField(
                name: ARCField.authenticationResults.rawValue,
                value: "i=\(instance); \(self.authenticationResults)"
            )
        else { throw .invalidName }

        let key = BodyHashKey(form: sealer.canonicalization.body, limit: nil)
        // Seals are never signed by a message signature, and results may be removed on the way (RFC 8617 §4.1.2).
        let names = sealer.fields.names(header).filter { $0 != "arc-seal" && $0 != "authentication-results" }
        var writer = SignatureWriter(name: ARCField.messageSignature.rawValue)
        writer.add("i", String(instance))
        writer.add("a", sealer.key.algorithm.rawValue)
        writer.add("c", sealer.canonicalization.description)
        writer.add("d", sealer.domain)
        writer.add("s", sealer.selector)
        writer.add("t", String(self.secondsSince1970))
        writer.add("h", list: names)
        writer.add("bh", Base64.encodeToString(body[key]?.octets ?? []))
        var hash = SHA256()
        header.hash(names, sealer.canonicalization.header, excluding: nil, into: &hash)
        let message = try writer.signed(after: hash, sealer.key, sealer.canonicalization.header)

        // A chain that cannot be read is sealed as failed, like one that was found to be broken.
        let status: ARC.Status = found.reason != nil ? .fail : self.chain.status
        writer = SignatureWriter(name: ARCField.seal.rawValue)
        writer.add("i", String(instance))
        writer.add("a", sealer.key.algorithm.rawValue)
        writer.add("cv", status.rawValue)
        writer.add("d", sealer.domain)
        writer.add("s", sealer.selector)
        writer.add("t", String(self.secondsSince1970))
        hash = SHA256()
        // Of a failed chain only the new set is signed (RFC 8617 §5.1.2).
        if status != .fail { for set in found.sets { _ = hash.add(set) } }
        hash.update(data: DKIM.Canonicalization.Form.relaxed.canonicalize(results))
        hash.update(data: DKIM.Canonicalization.Form.relaxed.canonicalize(message))
        return [try writer.signed(after: hash, sealer.key, .relaxed), message, results]
    }
}
