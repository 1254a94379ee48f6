internal import Crypto
internal import CryptoExtras
internal import Foundation
internal import SASL

/// The plain digests of LDAP and Dovecot.
enum DigestFunction: Sendable, Hashable {
    case md5
    case sha1
    case sha256
    case sha512

    var octets: Int {
        switch self {
        case .md5: 16
        case .sha1: 20
        case .sha256: 32
        case .sha512: 64
        }
    }

    /// Of the password, then the salt.
    func digest(_ password: Secret, salt: [UInt8]) -> [UInt8] {
        func run<Function: HashFunction>(_ function: Function.Type) -> [UInt8] {
            var hash = Function()
            password.withUnsafeBytes { hash.update(bufferPointer: $0) }
            hash.update(data: salt)
            return Array(hash.finalize())
        }
        return switch self {
        case .md5: run(Insecure.MD5.self)
        case .sha1: run(Insecure.SHA1.self)
        case .sha256: run(SHA256.self)
        case .sha512: run(SHA512.self)
        }
    }
}

/// PBKDF2 as Dovecot's `{PBKDF2}` has it.
enum PBKDF2SHA1 {
    /// The most rounds that are carried out: about half a second.
    static let maximumRounds = 1_000_000
    static let octets = 20

    static func verify(_ password: Secret, salt: [UInt8], rounds: Int, expected: [UInt8]) throws -> Bool {
        let key = try password.withUnsafeBytes { octets in
            try KDF.Insecure.PBKDF2.deriveKey(
                from: octets,
                salt: salt,
                using: .insecureSHA1,
                outputByteCount: PBKDF2SHA1.octets,
                unsafeUncheckedRounds: rounds
            )
        }
        return key.withUnsafeBytes { ConstantTime.equals($0, expected) }
    }
}
