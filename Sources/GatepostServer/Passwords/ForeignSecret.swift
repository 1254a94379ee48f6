internal import MailSyntax
package import SASL

/// What a line of another server's password file says about a password: `{SCHEME}…` or `$id$…`.
///
/// The schemes are those of Dovecot and of LDAP servers (RFC 2307 `userPassword`), with Dovecot's `.b64` and `.hex` suffixes.
package enum ForeignSecret: Sendable {
    /// To be kept until the next login.
    case hash(ForeignHash)
    /// SCRAM keys, which are as good as our own.
    case scram(SCRAMCredential)
    /// The password itself: derive from it, keep nothing of it.
    case clearText(Secret)

    /// Why a secret cannot be used, to be read after a name: `is cut off`. Never holds the secret.
    package struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String

        init(_ description: String) {
            self.description = description
        }
    }

    /// The longest secret in octets.
    package static let maximumOctets = 1024

    package init(_ text: String) throws(Fault) {
        guard text.utf8.count <= ForeignSecret.maximumOctets else { throw Fault("is longer than 1,024 octets") }
        guard let first = text.utf8.first else { throw Fault("is empty") }
        switch first {
        case UInt8(ascii: "{"):
            guard let end = text.firstIndex(of: "}") else { throw Fault("has no } after its scheme") }
            let name = text[text.index(after: text.startIndex)..<end].uppercased()
            let value = String(text[text.index(after: end)...])
            guard !value.isEmpty else { throw Fault("has nothing after its scheme") }
            try self.init(scheme: name, value: value, text: text)
        case UInt8(ascii: "$"):
            self = .hash(try ForeignSecret.modular(text, text: text))
        case UInt8(ascii: "!"), UInt8(ascii: "*"):
            throw Fault("is locked: no password fits")
        default:
            throw Fault("has no scheme: write {SCHEME} before it, or say --cleartext if it is the password")
        }
    }

    private init(scheme: String, value: String, text: String) throws(Fault) {
        let words = scheme.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = words.first ?? ""
        let encoding: Encoding?
        switch words.count > 1 ? words[1] : nil {
        case nil: encoding = nil
        case "B64", "BASE64": encoding = .base64
        case "HEX": encoding = .hexadecimal
        case .some: throw Fault("has an unknown encoding: .b64 and .hex are known")
        }
        func hash(_ method: ForeignHash.Method, _ kind: String? = nil) -> ForeignSecret {
            .hash(ForeignHash(text: text, kind: kind ?? name, method: method))
        }
        func plain() throws(Fault) -> String {
            guard let encoding else { return value }
            guard let octets = encoding.decode(value), let text = String(validating: octets, as: UTF8.self) else {
                throw Fault("is not \(encoding.rawValue)")
            }
            return text
        }
        switch name {
        case "SHA", "SHA1": self = hash(try ForeignSecret.digest(.sha1, value, encoding ?? .base64OrHexadecimal), "SHA")
        case "SHA256": self = hash(try ForeignSecret.digest(.sha256, value, encoding ?? .base64OrHexadecimal))
        case "SHA512": self = hash(try ForeignSecret.digest(.sha512, value, encoding ?? .base64OrHexadecimal))
        case "PLAIN-MD5": self = hash(try ForeignSecret.digest(.md5, value, encoding ?? .base64OrHexadecimal))
        case "LDAP-MD5": self = hash(try ForeignSecret.digest(.md5, value, encoding ?? .base64OrHexadecimal))
        case "SSHA": self = hash(try ForeignSecret.salted(.sha1, value, encoding ?? .base64))
        case "SSHA256": self = hash(try ForeignSecret.salted(.sha256, value, encoding ?? .base64))
        case "SSHA512": self = hash(try ForeignSecret.salted(.sha512, value, encoding ?? .base64))
        case "SMD5": self = hash(try ForeignSecret.salted(.md5, value, encoding ?? .base64))
        case "MD5":
            // LDAP means a digest by it, Dovecot also `$1$`.
            let inner = try plain()
            self =
                inner.hasPrefix("$")
                ? .hash(try ForeignSecret.modular(inner, text: text, only: "MD5-CRYPT"))
                : hash(try ForeignSecret.digest(.md5, value, encoding ?? .base64OrHexadecimal))
        case "CRYPT": self = .hash(try ForeignSecret.modular(try plain(), text: text))
        case "MD5-CRYPT", "SHA256-CRYPT", "SHA512-CRYPT", "BLF-CRYPT":
            self = .hash(try ForeignSecret.modular(try plain(), text: text, only: name))
        case "ARGON2ID", "ARGON2I":
            self = .hash(try ForeignSecret.modular(try plain(), text: text, only: name))
        case "PBKDF2": self = hash(try ForeignSecret.pbkdf2(try plain()))
        case "SCRAM-SHA-1": self = .scram(try ForeignSecret.scram(.sha1, try plain()))
        case "SCRAM-SHA-256": self = .scram(try ForeignSecret.scram(.sha256, try plain()))
        case "SCRAM-SHA-512": self = .scram(try ForeignSecret.scram(.sha512, try plain()))
        case "PLAIN", "CLEAR", "CLEARTEXT": self = .clearText(Secret(try plain()))
        case "DES-CRYPT":
            throw Fault(
                "is traditional DES crypt, of which only eight characters count: give the account a new password"
            )
        case "CRAM-MD5", "HMAC-MD5", "DIGEST-MD5", "OTP", "SKEY", "RPA", "LANMAN", "NTLM":
            throw Fault("is {\(name)}, which no PLAIN login can be checked against by us")
        default:
            throw Fault("is of a scheme that is not supported")
        }
    }
}

extension ForeignSecret {
    enum Encoding: String {
        case base64
        case hexadecimal
        /// Told apart by length, as Dovecot does where a scheme has no suffix.
        case base64OrHexadecimal = "base64 or hexadecimal"

        func decode(_ text: String) -> [UInt8]? {
            switch self {
            case .base64, .base64OrHexadecimal: Base64.decode(text)
            case .hexadecimal: Encoding.hexadecimal(text)
            }
        }

        private static func hexadecimal(_ text: String) -> [UInt8]? {
            let digits = text.utf8.map { octet -> UInt8 in
                switch octet {
                case 0x30...0x39: octet - 0x30
                case 0x41...0x46: octet - 0x41 + 10
                case 0x61...0x66: octet - 0x61 + 10
                default: 0xFF
                }
            }
            guard digits.count.isMultiple(of: 2), !digits.contains(0xFF) else { return nil }
            return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        }
    }

    private static func digest(
        _ function: DigestFunction,
        _ value: String,
        _ encoding: Encoding
    ) throws(Fault) -> ForeignHash.Method {
        var encoding = encoding
        if encoding == .base64OrHexadecimal, value.utf8.count == 2 * function.octets { encoding = .hexadecimal }
        guard let octets = encoding.decode(value) else { throw Fault("is not \(encoding.rawValue)") }
        guard octets.count == function.octets else {
            throw Fault("has \(octets.count) octets in place of \(function.octets)")
        }
        return .digest(function, expected: octets, salt: [])
    }

    private static func salted(
        _ function: DigestFunction,
        _ value: String,
        _ encoding: Encoding
    ) throws(Fault) -> ForeignHash.Method {
        guard let octets = encoding.decode(value) else { throw Fault("is not \(encoding.rawValue)") }
        guard octets.count > function.octets else {
            throw Fault("has no salt after its \(function.octets) octets, or is cut off")
        }
        return .digest(
            function,
            expected: Array(octets.prefix(function.octets)),
            salt: Array(octets.dropFirst(function.octets))
        )
    }

    /// `$id$…`: crypt(3) or Argon2.
    ///
    /// - Parameter only: The kind that the scheme promises.
    private static func modular(_ value: String, text: String, only: String? = nil) throws(Fault) -> ForeignHash {
        let hash: ForeignHash
        if value.hasPrefix("$argon2id$") {
            let argon2 = try Argon2Hash(value, variant: .argon2id)
            hash = ForeignHash(text: text, kind: "ARGON2ID", method: .argon2(argon2))
        } else if value.hasPrefix("$argon2i$") {
            let argon2 = try Argon2Hash(value, variant: .argon2i)
            hash = ForeignHash(text: text, kind: "ARGON2I", method: .argon2(argon2))
        } else {
            hash = ForeignHash(text: text, kind: try Crypt.kind(of: value), method: .crypt(value))
        }
        guard only == nil || only == hash.kind else { throw Fault("is \(hash.kind), not what its scheme says") }
        return hash
    }

    /// Dovecot's `$1$salt$rounds$hash`: the salt's characters are its octets, the hash is hexadecimal.
    private static func pbkdf2(_ value: String) throws(Fault) -> ForeignHash.Method {
        let parts = value.split(separator: "$", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "1", !parts[2].isEmpty,
            let hash = Encoding.hexadecimal.decode(parts[4]), hash.count == PBKDF2SHA1.octets
        else { throw Fault("is not of the form $1$salt$rounds$hash with 40 hexadecimal digits") }
        guard let rounds = Int(parts[3]), (1...PBKDF2SHA1.maximumRounds).contains(rounds) else {
            throw Fault("asks for rounds other than 1 to 1,000,000")
        }
        return .pbkdf2(salt: Array(parts[2].utf8), rounds: rounds, expected: hash)
    }

    /// Dovecot's `iterations,salt,storedkey,serverkey`.
    private static func scram(_ hash: SCRAMHash, _ value: String) throws(Fault) -> SCRAMCredential {
        let parts = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, let salt = Base64.decode(parts[1]), (1...256).contains(salt.count),
            let storedKey = Base64.decode(parts[2]), storedKey.count == hash.outputOctets,
            let serverKey = Base64.decode(parts[3]), serverKey.count == hash.outputOctets
        else { throw Fault("is not of the form iterations,salt,storedkey,serverkey") }
        // Below this, clients refuse (RFC 7677 §4); above, a login would cost seconds.
        guard let iterations = Int(parts[0]), (4096...1_000_000).contains(iterations) else {
            throw Fault("asks for iterations other than 4,096 to 1,000,000")
        }
        return SCRAMCredential(
            hash: hash,
            salt: salt,
            iterations: iterations,
            storedKey: storedKey,
            serverKey: serverKey
        )
    }
}
