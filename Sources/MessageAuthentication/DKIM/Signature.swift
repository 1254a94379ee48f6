public import MailSyntax

extension DKIM {
    /// What a DKIM-Signature field says (RFC 6376 §3.5). That it could be read does not mean that it verifies.
    public struct Signature: Hashable, Sendable {
        /// `a=`
        public let algorithm: Algorithm
        /// `b=`, decoded.
        public let signature: [UInt8]
        /// `bh=`, decoded: 32 octets.
        public let bodyHash: [UInt8]
        /// `c=`
        public let canonicalization: Canonicalization
        /// `d=`, the domain that takes responsibility (SDID), in lower case; perhaps in U-labels.
        public let domain: String
        /// `h=`, in lower case, in order.
        public let signedFields: [String]
        /// `i=`, the user or agent (AUID) on whose behalf it signs, decoded; `@` and the domain where it is absent.
        public let identity: String
        /// `l=`, how many octets of the canonical body are signed; nil for all.
        public let bodyLength: UInt64?
        /// `s=`
        public let selector: String
        /// `t=`, when it was signed, in seconds since 1970.
        public let timestamp: UInt64?
        /// `x=`, when it expires, in seconds since 1970.
        public let expiration: UInt64?

        /// Whether `i=` names a subdomain of `d=`, which the key may forbid.
        public let isForSubdomain: Bool
        /// The field without the value of `b=`, as it is hashed.
        let unsignedField: HeaderField

        /// Reads a DKIM-Signature field.
        public init(parsing field: HeaderField) throws(Reason) {
            try self.init(parsing: field, kind: .dkim)
        }

        /// ARC-Message-Signature is a DKIM signature with another `i=` and without `v=` (RFC 8617 §4.1.2).
        enum Kind {
            case dkim
            case arc
        }

        init(parsing field: HeaderField, kind: Kind) throws(Reason) {
            let list = try TagList(signature: field)
            if kind == .dkim {
                guard try list.required("v").text == "1" else { throw .unsupportedVersion }
            }
            self.algorithm = try list.algorithm()
            self.signature = try list.base64("b")
            self.bodyHash = try list.base64("bh")
            guard self.bodyHash.count == 32 || self.algorithm == .rsaSHA1 else { throw .invalidTag("bh") }
            if let tag = list["c"] {
                guard let canonicalization = Canonicalization(parsing: tag.text) else {
                    throw .unsupportedCanonicalization
                }
                self.canonicalization = canonicalization
            } else {
                self.canonicalization = .simple
            }
            self.domain = try list.domain("d")
            self.selector = try list.domain("s")

            // Some signers write empty names; they select nothing.
            let names = try list.required("h").elements.filter { !$0.isEmpty }
            guard !names.isEmpty, names.allSatisfy({ $0.allSatisfy(ASCII.isVisible) }) else { throw .invalidTag("h") }
            self.signedFields = names.map { ASCII.lowercased(String(decoding: $0, as: UTF8.self)) }
            if kind == .dkim {
                guard self.signedFields.contains("from") else { throw .fromNotSigned }
            }

            if kind == .dkim, let tag = list["i"] {
                guard let identity = Self.quotedPrintable(tag.compact), let at = identity.lastIndex(of: ASCII.at) else {
                    throw .invalidTag("i")
                }
                self.identity = String(decoding: identity, as: UTF8.self)
                let domain = ASCII.lowercased(String(decoding: identity[(at + 1)...], as: UTF8.self))
                self.isForSubdomain = domain != self.domain
                guard !self.isForSubdomain || domain.hasSuffix("." + self.domain) else { throw .identityOutsideDomain }
            } else {
                self.identity = "@" + self.domain
                self.isForSubdomain = false
            }

            self.bodyLength = try list.number("l", digits: 76)
            self.timestamp = try list.number("t", digits: 12)
            self.expiration = try list.number("x", digits: 12)
            if let timestamp = self.timestamp, let expiration = self.expiration, expiration <= timestamp {
                throw .expiresBeforeSigned
            }
            if let query = list["q"] {
                guard query.elements.contains(where: { $0.elementsEqual("dns/txt".utf8) }) else {
                    throw .unsupportedQuery
                }
            }
            self.unsignedField = try list.unsigned(field)
        }

        /// Undoes `=40` (RFC 6376 §2.11); nil for a `=` that begins no such pair.
        private static func quotedPrintable(_ text: [UInt8]) -> [UInt8]? {
            var octets: [UInt8] = []
            var rest = text[...]
            while let octet = rest.popFirst() {
                guard octet == ASCII.equals else {
                    octets.append(octet)
                    continue
                }
                guard let high = rest.popFirst().flatMap(ASCII.hexadecimalValue),
                    let low = rest.popFirst().flatMap(ASCII.hexadecimalValue)
                else { return nil }
                octets.append(high << 4 | low)
            }
            return octets
        }

        /// Why the signature does not count at a time, however well it verifies.
        func fault(at secondsSince1970: Int64, _ limits: MessageVerifier.Limits) -> Reason? {
            let now = UInt64(max(0, secondsSince1970))
            let skew = UInt64(max(0, limits.clockSkew.components.seconds))
            let lead = UInt64(max(0, limits.maximumLead.components.seconds))
            if self.algorithm == .rsaSHA1 { return .sha1 }
            if let timestamp = self.timestamp, timestamp > now, timestamp - now > lead { return .signedInFuture }
            if let expiration = self.expiration, now > expiration, now - expiration > skew { return .expired }
            return nil
        }
    }
}

extension TagList {
    /// Reads the body of a signature field.
    init(signature field: HeaderField) throws(DKIM.Reason) {
        do {
            try self.init(parsing: field.bodyOctets)
        } catch {
            throw .malformed(error)
        }
    }

    func required(_ name: String) throws(DKIM.Reason) -> Tag {
        guard let tag = self[name] else { throw .missingTag(name) }
        guard !tag.value.isEmpty else { throw .invalidTag(name) }
        return tag
    }

    func algorithm() throws(DKIM.Reason) -> DKIM.Algorithm {
        guard let algorithm = DKIM.Algorithm(rawValue: try self.required("a").text) else {
            throw .unsupportedAlgorithm
        }
        return algorithm
    }

    func base64(_ name: String) throws(DKIM.Reason) -> [UInt8] {
        guard let octets = Base64.decodeTolerantly(try self.required(name).compact), !octets.isEmpty else {
            throw .invalidTag(name)
        }
        return octets
    }

    func number(_ name: String, digits: Int) throws(DKIM.Reason) -> UInt64? {
        guard let tag = self[name] else { return nil }
        guard let number = tag.number(maximumDigits: digits) else { throw .invalidTag(name) }
        return number
    }

    /// A domain or selector in lower case: labels of letters, digits, hyphens and underscores, which selectors in the
    /// field have, or UTF-8 (RFC 8616 §3).
    func domain(_ name: String) throws(DKIM.Reason) -> String {
        let value = try self.required(name).value
        let labels = value.split(separator: ASCII.dot, omittingEmptySubsequences: false)
        guard value.count <= 253,
            labels.allSatisfy({ label in
                (1...63).contains(label.count)
                    && label.allSatisfy {
                        ASCII.isLetterOrDigit($0) || $0 == ASCII.hyphen || $0 == UInt8(ascii: "_") || $0 >= 0x80
                    }
            }), let text = String(validating: value, as: UTF8.self)
        else { throw .invalidTag(name) }
        return ASCII.lowercased(text)
    }

    /// The field without the value of `b=`, white space around it included (RFC 6376 §3.5).
    func unsigned(_ field: HeaderField) throws(DKIM.Reason) -> HeaderField {
        guard let tag = self["b"] else { throw .missingTag("b") }
        let start = field.bodyOctets.startIndex
        var octets = field.octets
        octets.removeSubrange((start + tag.range.lowerBound)..<(start + tag.range.upperBound))
        guard let unsigned = HeaderField(octets: octets) else { throw .invalidTag("b") }
        return unsigned
    }
}
