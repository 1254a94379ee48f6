extension DKIM {
    /// What is to be said about one DKIM-Signature field.
    public struct Verdict: Hashable, Sendable {
        /// What the field says; nil when it could not be read.
        public var signature: Signature?
        /// Why the signature does not pass; nil when it does.
        public var reason: Reason?
        /// The domain that signed, in lower case, as far as the field names one that is valid.
        public var domain: String?
        /// The selector, as far as the field names one that is valid.
        public var selector: String?
        /// The size of the key in bits: the modulus for RSA, 256 for Ed25519. Nil when no key was read.
        public var keyBits: Int?
        /// Whether the key record has `t=y`: the domain tests, and the message is to be treated no better and no worse
        /// than an unsigned one (RFC 6376 §3.6.1).
        public var isTesting: Bool
        /// Whether DNSSEC proved the key record.
        public var isKeyAuthenticated: Bool
        /// How many octets at the end of the canonical body are not signed, since `l=` ends before them: whoever handled
        /// the message may have added them, and they are to be treated as unsigned (RFC 6376 §8.2).
        public var unsignedBodyOctets: UInt64

        /// The result for Authentication-Results.
        public var result: ResultCode { self.reason?.code ?? .pass }
        /// Whether the signature verifies.
        public var passes: Bool { self.reason == nil }
    }

    /// What is to be said about a message's signatures.
    public struct Results: Hashable, Sendable {
        /// One verdict a field, from the top of the message.
        public var verdicts: [Verdict]
        /// How many more DKIM-Signature fields were not looked at.
        public var uncheckedSignatures: Int

        /// The result of the message: the best of its signatures'.
        public var result: ResultCode {
            let order: [ResultCode] = [.pass, .temperror, .fail, .policy, .permerror]
            return order.first { code in self.verdicts.contains { $0.result == code } } ?? .none
        }

        /// The verdicts that pass.
        public var passing: [Verdict] { self.verdicts.filter(\.passes) }
    }
}

extension DKIM.Verdict: CustomStringConvertible {
    /// One line for people: the result, who signed and how, and why it does not pass.
    public var description: String {
        var parts = ["dkim=\(self.result)"]
        if let reason = self.reason { parts.append("(\(reason))") }
        if let domain = self.domain { parts.append("d=\(domain)") }
        if let selector = self.selector { parts.append("s=\(selector)") }
        if let signature = self.signature { parts.append("a=\(signature.algorithm)") }
        if let bits = self.keyBits { parts.append("(\(bits)-bit key)") }
        if self.isTesting { parts.append("(the domain tests DKIM: t=y)") }
        if self.unsignedBodyOctets > 0 {
            parts.append("(the last \(self.unsignedBodyOctets) octets of the body are not signed: l=)")
        }
        return parts.joined(separator: " ")
    }
}
