import Crypto
import CryptoExtras
import Foundation
import JWTKit
import SASL
import Testing

@testable import GatepostServer

/// A value of a claim in a token to be made.
enum Claim: Codable, Sendable, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    case text(String)
    case number(Double)
    case flag(Bool)
    case texts([String])

    init(stringLiteral value: String) { self = .text(value) }
    init(arrayLiteral elements: String...) { self = .texts(elements) }
    init(floatLiteral value: Double) { self = .number(value) }
    init(booleanLiteral value: Bool) { self = .flag(value) }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        case .flag(let flag): try container.encode(flag)
        case .texts(let texts): try container.encode(texts)
        }
    }
}

/// The payload of a token to be made.
struct Claims: JWTPayload {
    /// What ``MockClock`` says at first.
    static let now: Double = 1_795_502_689

    var values: [String: Claim]

    init(_ values: [String: Claim]) {
        self.values = values
    }

    /// A good token of this issuer with some claims changed, and those that are nil left out.
    static func good(issuer: String, _ changes: [String: Claim?] = [:]) -> Claims {
        var values: [String: Claim] = [
            "iss": .text(issuer), "aud": "smtp", "email": "alice@example.org", "sub": "4711",
            "iat": .number(Self.now - 10), "exp": .number(Self.now + 300), "scope": "openid smtp.send",
        ]
        for (name, value) in changes { values[name] = value }
        return Claims(values)
    }

    func encode(to encoder: any Encoder) throws { try self.values.encode(to: encoder) }
    init(from decoder: any Decoder) throws { self.values = try [String: Claim](from: decoder) }
    func verify(using algorithm: some JWTAlgorithm) async throws {}
}

/// A key that tokens are signed with, and what the issuer publishes of it.
struct MintKey: Sendable, CustomTestStringConvertible {
    enum Kind: Sendable {
        case hmac([UInt8])
        case none
        case rsa(JWTKit.Insecure.RSA.PrivateKey)
        case es256(ES256PrivateKey)
        case es384(ES384PrivateKey)
        case eddsa(EdDSA.PrivateKey)
    }

    var kind: Kind
    var identifier: String?
    var testDescription: String

    static let sharedOctets = Array("a shared key of thirty-two octets".utf8)
    static let shared = MintKey(kind: .hmac(Self.sharedOctets), identifier: nil, testDescription: "HS256")
    static let none = MintKey(kind: .none, identifier: nil, testDescription: "none")
    static let rsa = Self.made("RS256") {
        .rsa(try JWTKit.Insecure.RSA.PrivateKey(backing: _RSA.Signing.PrivateKey(keySize: .bits2048)))
    }
    static let es256 = Self.made("ES256") { .es256(ES256PrivateKey()) }
    static let es384 = Self.made("ES384") { .es384(ES384PrivateKey()) }
    static let eddsa = Self.made("EdDSA") { .eddsa(try EdDSA.PrivateKey()) }
    static let published: [MintKey] = [.rsa, .es256, .es384, .eddsa]

    private static func made(_ name: String, _ make: () throws -> Kind) -> MintKey {
        do {
            return MintKey(kind: try make(), identifier: "key-\(name)", testDescription: name)
        } catch {
            preconditionFailure("no \(name) key: \(error)")
        }
    }

    static func freshES256(identifier: String?) -> MintKey {
        MintKey(kind: .es256(ES256PrivateKey()), identifier: identifier, testDescription: "ES256 \(identifier ?? "-")")
    }

    func named(_ identifier: String?) -> MintKey {
        MintKey(kind: self.kind, identifier: identifier, testDescription: self.testDescription)
    }

    /// - Parameter algorithm: What the header says instead of the truth.
    func token(
        _ claims: Claims,
        algorithm: String? = nil,
        header extra: [String: JWTHeaderField] = [:]
    ) async throws
        -> String
    {
        let collection = JWTKeyCollection()
        switch self.kind {
        case .hmac(let octets): await collection.add(hmac: HMACKey(from: octets), digestAlgorithm: .sha256)
        case .none: await collection.addUnsecuredNone()
        case .rsa(let key): await collection.add(rsa: key, digestAlgorithm: .sha256)
        case .es256(let key): await collection.add(ecdsa: key)
        case .es384(let key): await collection.add(ecdsa: key)
        case .eddsa(let key): await collection.add(eddsa: key)
        }
        var header = JWTHeader(fields: extra)
        header.kid = self.identifier
        if let algorithm { header.alg = algorithm }
        return try await collection.sign(claims, header: header)
    }

    /// The public half as a JSON Web Key.
    func webKey(algorithm: Bool = true) throws -> String {
        var members: [String: String] = ["use": "sig"]
        members["kid"] = self.identifier
        if algorithm { members["alg"] = self.testDescription.split(separator: " ").first.map(String.init) }
        switch self.kind {
        case .rsa(let key):
            let numbers = try key.publicKey.getKeyPrimitives()
            members["kty"] = "RSA"
            members["n"] = Self.urlSafe(numbers.modulus.base64EncodedString())
            members["e"] = Self.urlSafe(numbers.publicExponent.base64EncodedString())
        case .es256(let key):
            members["kty"] = "EC"
            members["crv"] = "P-256"
            members["x"] = Self.urlSafe(try #require(key.publicKey.parameters).x)
            members["y"] = Self.urlSafe(try #require(key.publicKey.parameters).y)
        case .es384(let key):
            members["kty"] = "EC"
            members["crv"] = "P-384"
            members["x"] = Self.urlSafe(try #require(key.publicKey.parameters).x)
            members["y"] = Self.urlSafe(try #require(key.publicKey.parameters).y)
        case .eddsa(let key):
            members["kty"] = "OKP"
            members["crv"] = "Ed25519"
            members["x"] = Self.urlSafe(key.publicKey.rawRepresentation.base64EncodedString())
        case .hmac(let octets):
            members["kty"] = "oct"
            members["k"] = Self.urlSafe(Data(octets).base64EncodedString())
        case .none:
            break
        }
        return String(decoding: try JSONEncoder().encode(members), as: UTF8.self)
    }

    static func keySet(_ keys: [MintKey], algorithm: Bool = true) throws -> String {
        #"{"keys":[\#(try keys.map { try $0.webKey(algorithm: algorithm) }.joined(separator: ","))]}"#
    }

    private static func urlSafe(_ base64: String) -> String {
        base64.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }
}
