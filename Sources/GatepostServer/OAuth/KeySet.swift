internal import Foundation
internal import JWTKit

/// An issuer's public keys (RFC 7517 §5), ready to verify with.
struct KeySet: Sendable {
    static let maximumKeys = 100

    struct Malformed: Error, CustomStringConvertible {
        var description: String
    }

    private let keys: [VerificationKey]
    /// Counts the fetches, so that two sets can be told apart.
    let revision: Int

    /// Keys of other types, for other uses and of less than 2,048 bits of RSA are left out.
    ///
    /// - Throws: ``Malformed`` when this is not a key set, or has more than 100 keys.
    init(json octets: [UInt8], revision: Int) async throws {
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: Data(octets))
        } catch {
            throw Malformed(description: "the key set is malformed")
        }
        guard document.keys.count <= Self.maximumKeys else {
            throw Malformed(description: "the key set has more than \(Self.maximumKeys) keys")
        }
        var keys: [VerificationKey] = []
        for entry in document.keys where entry.use == nil || entry.use == "sig" {
            guard let key = entry.key else { continue }
            keys += await VerificationKey.all(of: key)
        }
        self.keys = keys
        self.revision = revision
    }

    /// The keys that a token may be signed with: never one of another algorithm than the token says and the key allows.
    func keys(for token: SignedToken) -> [VerificationKey] {
        self.keys.filter { key in
            key.algorithm == token.algorithm
                && (token.keyIdentifier == nil || key.identifier == token.keyIdentifier)
        }
    }

    private struct Document: Decodable {
        var keys: [Entry]
    }

    private struct Entry: Decodable {
        /// `nil` for a key of a type that nothing is verified with here, shared keys among them.
        var key: JWK?
        var use: String?

        private enum CodingKeys: String, CodingKey {
            case use
        }

        init(from decoder: any Decoder) throws {
            self.use = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(String.self, forKey: .use)
            do {
                self.key = try JWK(from: decoder)
            } catch {
                self.key = nil
            }
        }
    }
}

/// A public key and the one algorithm that it is used with here.
struct VerificationKey: Sendable {
    let identifier: String?
    let algorithm: String
    private let verifier: any JWTAlgorithm

    func verifies(_ token: SignedToken) -> Bool {
        do {
            return try self.verifier.verify(token.signature, signs: Array(token.signedOctets))
        } catch {
            // A signature that is not even one of this algorithm.
            return false
        }
    }

    /// The key with each algorithm that it allows; none when its numbers make no key.
    static func all(of key: JWK) async -> [VerificationKey] {
        var keys: [VerificationKey] = []
        for algorithm in Self.algorithms(of: key) where key.algorithm == nil || key.algorithm == algorithm {
            var only = key
            let name: JWKIdentifier = "key"
            only.keyIdentifier = name
            only.algorithm = algorithm
            only.privateExponent = nil
            do {
                let collection = JWTKeyCollection()
                try await collection.add(jwk: only)
                let verifier = try await collection.getKey(for: name, alg: algorithm.rawValue)
                keys.append(
                    VerificationKey(
                        identifier: key.keyIdentifier?.string,
                        algorithm: algorithm.rawValue,
                        verifier: verifier
                    )
                )
            } catch {
                // The issuer's other keys are still good.
                continue
            }
        }
        return keys
    }

    private static func algorithms(of key: JWK) -> [JWK.Algorithm] {
        switch key.keyType {
        case .rsa:
            return [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]
        case .ecdsa:
            switch key.curve {
            case .ecdsa(.p256)?: return [.es256]
            case .ecdsa(.p384)?: return [.es384]
            case .ecdsa(.p521)?: return [.es512]
            default: return []
            }
        case .octetKeyPair:
            return [.eddsa]
        default:
            return []
        }
    }
}
