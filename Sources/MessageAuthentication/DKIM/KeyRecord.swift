internal import MailSyntax

extension DKIM {
    /// What a domain publishes about a key at `selector._domainkey.domain` (RFC 6376 §3.6.1).
    public struct KeyRecord: Hashable, Sendable {
        /// The kind of key, `k=`. Any word may be registered; those named here can be used.
        public struct KeyType: Hashable, Sendable, CustomStringConvertible {
            /// The word.
            public let description: String

            /// A type by its word.
            public init(_ word: String) {
                self.description = word
            }

            /// RSA, what a record without `k=` means.
            public static let rsa = KeyType("rsa")
            /// Ed25519 (RFC 8463).
            public static let ed25519 = KeyType("ed25519")
        }

        /// Why text is no key record.
        public enum Fault: Error, Hashable, Sendable, CustomStringConvertible {
            /// It is no tag list.
            case malformed(TagList.Fault)
            /// `v=` is not first, or not `DKIM1`.
            case version
            /// There is no `p=`, or it is not base64.
            case publicKey

            /// The rule that was broken, in words.
            public var description: String {
                switch self {
                case .malformed(let fault): fault.description
                case .version: "v= is not DKIM1 or not first"
                case .publicKey: "p= is missing or not base64"
                }
            }
        }

        /// The kind of key.
        public var keyType: KeyType
        /// The key: SubjectPublicKeyInfo for RSA, 32 octets for Ed25519; empty when it is revoked.
        public var publicKey: [UInt8]
        /// The hashes that it may be used with, `h=`; nil for any.
        public var hashes: [String]?
        /// The services that it may be used for, `s=`; `*` is any.
        public var services: [String]
        /// Whether the domain only tests DKIM, `t=y`: such mail is treated as if it were not signed.
        public var isTesting: Bool
        /// Whether `i=` may not name a subdomain of `d=`, `t=s`.
        public var forbidsSubdomains: Bool

        /// Creates a record for mail without restrictions.
        public init(keyType: KeyType, publicKey: [UInt8]) {
            self.keyType = keyType
            self.publicKey = publicKey
            self.hashes = nil
            self.services = ["*"]
            self.isTesting = false
            self.forbidsSubdomains = false
        }

        /// Reads a record from the joined strings of a TXT record. Tags that are not known, `g=` of old among them, are
        /// ignored (RFC 6376 §3.2).
        public init(parsing octets: some Collection<UInt8>) throws(Fault) {
            let list: TagList
            do {
                list = try TagList(parsing: octets)
            } catch {
                throw .malformed(error)
            }
            if let version = list["v"] {
                guard list.tags.first == version, version.text == "DKIM1" else { throw .version }
            }
            guard let key = list["p"], let publicKey = Base64.decodeTolerantly(key.compact) else { throw .publicKey }
            self.init(keyType: list["k"].map { KeyType($0.text) } ?? .rsa, publicKey: publicKey)
            func words(_ name: String) -> [String]? {
                list[name].map { $0.elements.map { String(decoding: $0, as: UTF8.self) } }
            }
            self.hashes = words("h")
            if let services = words("s") { self.services = services }
            let flags = words("t") ?? []
            self.isTesting = flags.contains("y")
            self.forbidsSubdomains = flags.contains("s")
        }

        /// Whether the key is revoked.
        public var isRevoked: Bool { self.publicKey.isEmpty }
        /// Whether it may be used for mail.
        public var allowsMail: Bool { self.services.contains { $0 == "*" || $0 == "email" } }
        /// Whether it may be used with SHA-256.
        public var allowsSHA256: Bool { self.hashes?.contains("sha256") ?? true }
    }
}

extension DKIM.KeyRecord: CustomStringConvertible {
    /// The text to publish: `v=DKIM1; k=rsa; p=…`. Reading it gives an equal record.
    public var description: String {
        var tags = ["v=DKIM1", "k=\(self.keyType)"]
        if let hashes = self.hashes { tags.append("h=\(hashes.joined(separator: ":"))") }
        if self.services != ["*"] { tags.append("s=\(self.services.joined(separator: ":"))") }
        let flags = [self.isTesting ? "y" : nil, self.forbidsSubdomains ? "s" : nil].compactMap(\.self)
        if !flags.isEmpty { tags.append("t=\(flags.joined(separator: ":"))") }
        tags.append("p=\(Base64.encodeToString(self.publicKey))")
        return tags.joined(separator: "; ")
    }
}

extension Base64 {
    /// The octets of base64 whose padding may be missing, as the grammar of RFC 6376 §2.10 allows.
    static func decodeTolerantly(_ text: [UInt8]) -> [UInt8]? {
        let missing = text.contains(ASCII.equals) ? 0 : (4 - text.count % 4) % 4
        return self.decode(text + repeatElement(ASCII.equals, count: missing))
    }
}
