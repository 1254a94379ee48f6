internal import Crypto
internal import MailSyntax

/// When and how names are judged: what a verification is told besides the message.
struct VerificationContext: Sendable {
    /// Makes A-labels of U-labels.
    var alabels: @Sendable (String) -> String?
    var secondsSince1970: Int64
    var limits: MessageVerifier.Limits
    var body: [BodyHashKey: BodyDigest]
}

/// The DKIM signatures of one message, read from its header and waiting for its body and for their keys.
struct DKIMVerification: Sendable {
    private enum Candidate: Sendable {
        case signature(DKIM.Signature, place: Int)
        case refused(DKIM.Reason, domain: String?, selector: String?)
    }

    private let candidates: [Candidate]
    private let unchecked: Int
    private let header: HeaderIndex

    init(_ header: HeaderIndex, maximumSignatures: Int) {
        self.header = header
        // White space before the colon is a spelling of old that no signer writes and other verifiers do not read.
        let places = header.fields.indices.filter { place in
            let field = header.fields[place]
            return field.isNamed(DKIM.fieldName) && field.octets[field.nameOctets.endIndex] == ASCII.colon
        }
        self.unchecked = max(0, places.count - maximumSignatures)
        self.candidates = places.prefix(maximumSignatures).map { place in
            let field = header.fields[place]
            do throws(DKIM.Reason) {
                let signature = try DKIM.Signature(parsing: field)
                // A signature cannot sign itself (RFC 6376 §3.5, h=).
                let named = signature.signedFields.count { $0 == "dkim-signature" }
                guard named < header.count(of: "dkim-signature") else { throw .invalidTag("h") }
                return .signature(signature, place: place)
            } catch {
                return Self.refused(error, field)
            }
        }
    }

    /// Names the signer where the field does, though it is refused.
    private static func refused(_ reason: DKIM.Reason, _ field: HeaderField) -> Candidate {
        func domain(_ name: String) -> String? {
            do throws(DKIM.Reason) {
                return try TagList(signature: field).domain(name)
            } catch {
                return nil
            }
        }
        return .refused(reason, domain: domain("d"), selector: domain("s"))
    }

    private var signatures: [DKIM.Signature] {
        self.candidates.compactMap { if case .signature(let signature, _) = $0 { signature } else { nil } }
    }

    /// The body hashes that are needed.
    var bodyHashes: [BodyHashKey] { self.signatures.map(\.bodyHashKey) }

    /// The keys that are needed: none for what fails without.
    func keyNames(_ context: VerificationContext) -> [KeyName] {
        self.signatures.compactMap { signature in
            do throws(DKIM.Reason) {
                return try signature.checkWithoutKey(context).key
            } catch {
                return nil
            }
        }
    }

    func results(_ context: VerificationContext, _ keys: KeyLookup) -> DKIM.Results {
        let verdicts = self.candidates.map { candidate in
            switch candidate {
            case .refused(let reason, let domain, let selector):
                return DKIM.Verdict(refused: reason, domain: domain, selector: selector)
            case .signature(let signature, let place):
                var verdict = DKIM.Verdict(signature)
                do throws(DKIM.Reason) {
                    let (name, unsigned) = try signature.checkWithoutKey(context)
                    let check = KeyCheck(
                        signature.signature,
                        of: signature.headerHash(self.header, excluding: place),
                        signature.algorithm,
                        isForSubdomain: signature.isForSubdomain,
                        keys[name]
                    )
                    verdict.keyBits = check.keyBits
                    verdict.isTesting = check.isTesting
                    verdict.isKeyAuthenticated = check.isAuthenticated
                    verdict.unsignedBodyOctets = unsigned
                    if let reason = check.reason { throw reason }
                } catch {
                    verdict.reason = error
                }
                return verdict
            }
        }
        return DKIM.Results(verdicts: verdicts, uncheckedSignatures: self.unchecked)
    }
}

extension DKIM.Signature {
    var bodyHashKey: BodyHashKey { BodyHashKey(form: self.canonicalization.body, limit: self.bodyLength) }

    /// Checks all that needs no key: times, algorithm, and the body, which costs less than asking for a key.
    ///
    /// - Returns: The key that is needed, and how many octets of the body are not signed.
    func checkWithoutKey(_ context: VerificationContext) throws(DKIM.Reason) -> (key: KeyName, unsigned: UInt64) {
        if let fault = self.fault(at: context.secondsSince1970, context.limits) { throw fault }
        let key = try KeyName(selector: self.selector, domain: self.domain, context.alabels)
        guard let digest = context.body[self.bodyHashKey] else { throw .bodyDiffers }
        let length = self.bodyLength ?? digest.total
        guard length <= digest.total else { throw .bodyTooShort }
        guard digest.octets == self.bodyHash else { throw .bodyDiffers }
        return (key, digest.total - length)
    }

    /// The hash that is signed: the fields of `h=`, then this field without the value of `b=`.
    func headerHash(_ header: HeaderIndex, excluding place: Int) -> SHA256.Digest {
        var hash = SHA256()
        let form = self.canonicalization.header
        header.hash(self.signedFields, form, excluding: place, into: &hash)
        hash.update(unsigned: self.unsignedField, form)
        return hash.finalize()
    }
}

extension DKIM.Verdict {
    /// Of a signature that was not yet found wanting.
    init(_ signature: DKIM.Signature) {
        self.init(
            signature: signature,
            domain: signature.domain,
            selector: signature.selector,
            isTesting: false,
            isKeyAuthenticated: false,
            unsignedBodyOctets: 0
        )
    }

    /// Of a field that cannot be used.
    init(refused reason: DKIM.Reason, domain: String?, selector: String?) {
        self.init(
            reason: reason,
            domain: domain,
            selector: selector,
            isTesting: false,
            isKeyAuthenticated: false,
            unsignedBodyOctets: 0
        )
    }
}
