internal import Crypto
package import SASL

/// The key that signs the chain's heads (Ed25519) and marks what was taken away from it (HMAC).
///
/// Whoever can write the database but does not have this key can neither end the chain elsewhere, nor recompute it, nor take content away,
/// without being found out.
package struct AuditKey: Sendable {
    package static let seedOctets = 32

    /// What a mark says was taken away.
    package enum Removal: UInt8, Sendable {
        /// Personal fields, because somebody asked for it.
        case erased = 1
        /// All content, because its time was up.
        case expired = 2
    }

    private let signing: Curve25519.Signing.PrivateKey
    private let marking: SymmetricKey

    /// - Parameter seed: 32 random octets.
    /// - Returns: nil for any other number.
    package init?(seed: Secret) {
        let octets = seed.octets
        guard octets.count == Self.seedOctets else { return nil }
        do {
            self.signing = try Curve25519.Signing.PrivateKey(rawRepresentation: octets)
        } catch {
            return nil
        }
        self.marking = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: octets),
            info: Array("gatepost audit marks".utf8),
            outputByteCount: 32
        )
    }

    /// 32 octets, for those who check heads without the key.
    package var publicKey: [UInt8] { Array(self.signing.publicKey.rawRepresentation) }

    package func sign(_ point: AuditHead.Point) throws -> AuditHead {
        AuditHead(point: point, signature: Array(try self.signing.signature(for: point.signedOctets)))
    }

    package func hasSigned(_ head: AuditHead) -> Bool {
        self.signing.publicKey.isValidSignature(head.signature, for: head.point.signedOctets)
    }

    /// 16 octets that only this key makes: this record's content may be missing.
    package func mark(_ removal: Removal, sequence: Int64, link: AuditHash) -> [UInt8] {
        var hmac = HMAC<SHA256>(key: self.marking)
        withUnsafeBytes(of: (sequence.bigEndian, UInt64(removal.rawValue).bigEndian)) { hmac.update(data: $0) }
        link.withUnsafeBytes { hmac.update(data: $0) }
        return Array(hmac.finalize().prefix(16))
    }

    package func hasMade(_ mark: [UInt8], _ removal: Removal, sequence: Int64, link: AuditHash) -> Bool {
        ConstantTime.equals(mark, self.mark(removal, sequence: sequence, link: link))
    }
}

/// A signed statement about the chain.
package struct AuditHead: Hashable, Sendable {
    package enum Purpose: UInt8, Sendable, Hashable {
        /// The chain reaches so far.
        case head = 1
        /// What lies before was dropped because its time was up; the chain begins behind it.
        case base = 2
    }

    /// What is signed.
    package struct Point: Hashable, Sendable {
        package var purpose: Purpose
        /// Of the last record covered; 0 before the first.
        package var sequence: Int64
        /// Its link.
        package var link: AuditHash
        package var time: Timestamp

        package init(purpose: Purpose, sequence: Int64, link: AuditHash, time: Timestamp) {
            self.purpose = purpose
            self.sequence = sequence
            self.link = link
            self.time = time
        }

        fileprivate var signedOctets: [UInt8] {
            var octets = Array("gatepost audit ".utf8)
            octets.append(self.purpose.rawValue)
            withUnsafeBytes(of: (self.sequence.bigEndian, self.time.milliseconds.bigEndian)) {
                octets.append(contentsOf: $0)
            }
            octets.append(contentsOf: self.link.octets)
            return octets
        }
    }

    package var point: Point
    /// Ed25519 (RFC 8032), 64 octets.
    package var signature: [UInt8]

    package init(point: Point, signature: [UInt8]) {
        self.point = point
        self.signature = signature
    }

    /// As `audit verify` prints it and takes it: `SEQUENCE:LINK`.
    package var text: String { "\(self.point.sequence):\(self.point.link)" }
}

extension AuditHead {
    /// For a file of its own: purpose, sequence, time, link and signature, 113 octets.
    package var octets: [UInt8] {
        var octets = [self.point.purpose.rawValue]
        withUnsafeBytes(of: (self.point.sequence.bigEndian, self.point.time.milliseconds.bigEndian)) {
            octets.append(contentsOf: $0)
        }
        return octets + self.point.link.octets + self.signature
    }

    /// nil unless they are such octets; whether the signature is good is another question.
    package init?(octets: [UInt8]) {
        guard octets.count == 113, let purpose = Purpose(rawValue: octets[0]),
            let link = AuditHash(Array(octets[17..<49]))
        else { return nil }
        func number(_ range: Range<Int>) -> Int64 {
            Int64(bitPattern: octets[range].reduce(0) { $0 << 8 | UInt64($1) })
        }
        self.init(
            point: Point(
                purpose: purpose,
                sequence: number(1..<9),
                link: link,
                time: Timestamp(milliseconds: number(9..<17))
            ),
            signature: Array(octets[49...])
        )
    }
}
