internal import Crypto
public import MailSyntax

/// Signs one message while it streams through, with as many keys as wanted.
///
/// Give it the very octets that will be sent: after all changes to the header, with CRLF line ends, before dot-stuffing.
/// What is sent then is the fields it returns and after them those octets, nothing else. It also says what about the
/// message some way of transport would change, and break the signature by that.
///
/// ```swift
/// var signer = MessageSigner([rsa, ed25519], secondsSince1970: now)
/// for chunk in spooled { signer.receive(chunk) }
/// let signed = try signer.finish()
/// // Send signed.fields, then the message.
/// ```
public struct MessageSigner: Sendable {
    /// Why a message cannot be signed.
    public enum Fault: Error, Hashable, Sendable, CustomStringConvertible {
        /// The header section is larger than its limits.
        case headerTooLarge
        /// There is no From field, which must be signed (RFC 6376 §5.4).
        case missingFrom
        /// A domain, selector or identity of a signer cannot stand in a field.
        case invalidName
        /// The key did not sign.
        case keyFailed

        /// The fault in words.
        public var description: String {
            switch self {
            case .headerTooLarge: "the header section is too large"
            case .missingFrom: "the message has no From field"
            case .invalidName: "the domain, selector or identity of a signer is not valid"
            case .keyFailed: "the key cannot sign"
            }
        }
    }

    /// What was signed.
    public struct Signed: Hashable, Sendable {
        /// The signature fields, in the order of the signers, to be put on top of the message.
        public var fields: [HeaderField]
        /// What may break the signatures on the way.
        public var hazards: TransportHazards
    }

    private let signers: [DKIM.Signer]
    private let secondsSince1970: Int64
    private var message: OutgoingMessage

    /// Creates a signer of one message.
    ///
    /// - Parameters:
    ///   - signers: Each makes one signature. With an RSA and an Ed25519 one every verifier finds one that it knows.
    ///   - secondsSince1970: Now, for `t=`.
    ///   - limits: Of the header section.
    public init(
        _ signers: [DKIM.Signer],
        secondsSince1970: Int64,
        limits: HeaderSection.Limits = HeaderSection.Limits()
    ) {
        self.signers = signers
        self.secondsSince1970 = secondsSince1970
        let keys = signers.map { BodyHashKey(form: $0.canonicalization.body, limit: nil) }
        self.message = OutgoingMessage(limits, keys)
    }

    /// Takes the next octets of the message, cut anywhere.
    ///
    /// - Complexity: O(n).
    public mutating func receive(_ chunk: some Collection<UInt8>) {
        if chunk.withContiguousStorageIfAvailable({ self.receive(UnsafeRawBufferPointer($0)) }) == nil {
            Array(chunk).withUnsafeBytes { self.receive($0) }
        }
    }

    /// Takes the next octets of the message; see ``receive(_:)-(Collection<UInt8>)``.
    public mutating func receive(_ chunk: UnsafeRawBufferPointer) {
        self.message.receive(chunk)
    }

    /// Ends the message and signs it.
    public consuming func finish() throws(Fault) -> Signed {
        guard let (header, body) = self.message.finish() else { throw .headerTooLarge }
        guard header.count(of: "from") > 0 else { throw .missingFrom }
        var fields: [HeaderField] = []
        for signer in self.signers {
            let key = BodyHashKey(form: signer.canonicalization.body, limit: nil)
            fields.append(try Self.sign(header, body[key]?.octets ?? [], signer, self.secondsSince1970))
        }
        return Signed(fields: fields, hazards: self.message.hazards)
    }

    private static func sign(
        _ header: HeaderIndex,
        _ bodyHash: [UInt8],
        _ signer: DKIM.Signer,
        _ now: Int64
    ) throws(Fault) -> HeaderField {
        var names = signer.fields.names(header)
        // From must be signed whatever the selection says.
        if !names.contains("from") { names = Array(repeating: "from", count: header.count(of: "from")) + names }
        guard [signer.domain, signer.selector].allSatisfy({ DKIM.Signer.isName($0) }) else { throw .invalidName }
        var writer = SignatureWriter(name: DKIM.fieldName)
        writer.add("v", "1")
        writer.add("a", signer.key.algorithm.rawValue)
        writer.add("c", signer.canonicalization.description)
        writer.add("d", signer.domain)
        writer.add("s", signer.selector)
        if let identity = signer.identity {
            guard let text = DKIM.Signer.identityValue(identity, domain: signer.domain) else { throw .invalidName }
            writer.add("i", text)
        }
        writer.add("t", String(now))
        if let lifetime = signer.lifetime {
            writer.add("x", String(now.addingReportingOverflow(max(1, lifetime.components.seconds)).partialValue))
        }
        writer.add("h", list: names)
        writer.add("bh", Base64.encodeToString(bodyHash))
        var hash = SHA256()
        header.hash(names, signer.canonicalization.header, excluding: nil, into: &hash)
        return try writer.signed(after: hash, signer.key, signer.canonicalization.header)
    }
}

extension DKIM.Signer {
    /// Whether text can be the value of `d=` or `s=`.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 253
            && text.utf8.allSatisfy {
                ASCII.isLetterOrDigit($0) || $0 == ASCII.hyphen || $0 == ASCII.dot || $0 == UInt8(ascii: "_")
                    || $0 >= 0x80
            }
    }

    /// An identity in the quoted-printable of RFC 6376 §2.11; nil when it is not in the domain.
    static func identityValue(_ identity: String, domain: String) -> String? {
        let octets = Array(identity.utf8)
        guard let at = octets.lastIndex(of: ASCII.at) else { return nil }
        let host = ASCII.lowercased(String(decoding: octets[(at + 1)...], as: UTF8.self))
        let domain = ASCII.lowercased(domain)
        guard self.isName(host), host == domain || host.hasSuffix("." + domain) else { return nil }
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for octet in octets {
            if ASCII.isVisible(octet), octet != ASCII.semicolon, octet != ASCII.equals {
                text.append(octet)
            } else {
                text += [ASCII.equals, digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
