internal import Crypto
internal import CryptoExtras

extension DKIM {
    /// A private key that signs, read once and used for many messages.
    public struct SigningKey: Sendable {
        /// Why text is no key to sign with. Nothing of the text is kept.
        public enum Fault: Error, Hashable, Sendable, CustomStringConvertible {
            /// It is no PEM of an RSA (PKCS #1 or PKCS #8) or Ed25519 (PKCS #8) key.
            case unreadable
            /// An RSA key of less than 1024 bits, which nobody would accept (RFC 8301 §3.2).
            case tooShort

            /// The fault in words.
            public var description: String {
                switch self {
                case .unreadable: "not an RSA or Ed25519 private key in PEM"
                case .tooShort: "an RSA key needs at least \(DKIM.minimumKeyBits) bits, better 2048"
                }
            }
        }

        private enum Backing: Sendable {
            case rsa(_RSA.Signing.PrivateKey)
            case ed25519(Curve25519.Signing.PrivateKey)
        }

        private let backing: Backing
        /// The public half as it is to be published.
        public let keyRecord: KeyRecord

        /// Reads a key in PEM: `RSA PRIVATE KEY` or `PRIVATE KEY`.
        public init(pem: String) throws(Fault) {
            if let key = Self.ed25519(pem) {
                self.init(key)
                return
            }
            let key: _RSA.Signing.PrivateKey
            do {
                key = try _RSA.Signing.PrivateKey(unsafePEMRepresentation: pem)
            } catch CryptoKitError.incorrectParameterSize {
                throw .tooShort
            } catch {
                throw .unreadable
            }
            self.init(.rsa(key), KeyRecord(keyType: .rsa, publicKey: Array(key.publicKey.derRepresentation)))
        }

        /// Takes the 32 octets of an Ed25519 private key (RFC 8032 §5.1.5).
        public init(ed25519Seed seed: [UInt8]) throws(Fault) {
            do {
                self.init(try Curve25519.Signing.PrivateKey(rawRepresentation: seed))
            } catch {
                throw .unreadable
            }
        }

        private init(_ key: Curve25519.Signing.PrivateKey) {
            self.init(
                .ed25519(key),
                KeyRecord(keyType: .ed25519, publicKey: Array(key.publicKey.rawRepresentation))
            )
        }

        private init(_ backing: Backing, _ keyRecord: KeyRecord) {
            self.backing = backing
            self.keyRecord = keyRecord
        }

        /// The algorithm it signs with.
        public var algorithm: Algorithm {
            switch self.backing {
            case .rsa: .rsaSHA256
            case .ed25519: .ed25519SHA256
            }
        }

        /// The size in bits: the modulus for RSA, 256 for Ed25519.
        public var bits: Int {
            switch self.backing {
            case .rsa(let key): key.keySizeInBits
            case .ed25519: 256
            }
        }

        func sign(_ digest: SHA256.Digest) throws -> [UInt8] {
            switch self.backing {
            case .rsa(let key):
                Array(try key.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation)
            case .ed25519(let key): Array(try key.signature(for: Array(digest)))
            }
        }

        /// An Ed25519 key in PKCS #8 (RFC 8410 §7); nil when it is none.
        private static func ed25519(_ pem: String) -> Curve25519.Signing.PrivateKey? {
            do {
                return try Curve25519.Signing.PrivateKey(pemRepresentation: pem)
            } catch {
                return nil
            }
        }
    }
}

extension DKIM.SigningKey: CustomStringConvertible {
    /// Algorithm and size, nothing of the key.
    public var description: String { "\(self.algorithm), \(self.bits) bits" }
}
