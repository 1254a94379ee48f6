internal import Crypto

/// How records are hashed and chained.
///
/// ```
/// commitment = SHA-256(salt ‖ field(account) ‖ field(address) ‖ field(personal))     zero where none of them is there
/// content    = SHA-256(field(reason) ‖ field(reference) ‖ field(detail) ‖ commitment)
/// link       = SHA-256(link before ‖ sequence ‖ time ‖ kind ‖ content)               integers big-endian, 8 octets; kind 1
/// field(x)   = 1 ‖ length in 4 octets ‖ x, and 0 for a field that is not there
/// ```
///
/// Because content is hashed before it is chained, and personal fields before they are content, either can be taken away and its hash kept:
/// the chain still fits. The salt keeps what was erased from being found again by trying.
///
/// A value with a buffer, for one thread: a million records are hashed without as many allocations.
package struct AuditChain: Sendable {
    /// Random octets before personal fields.
    package static let saltOctets = 16

    private var buffer: [UInt8] = []

    package init() {
        self.buffer.reserveCapacity(2048)
    }

    package mutating func commitment(
        salt: UnsafeRawBufferPointer?,
        account: UnsafeRawBufferPointer?,
        address: UnsafeRawBufferPointer?,
        personal: UnsafeRawBufferPointer?
    ) -> AuditHash {
        guard let salt else { return .zero }
        self.buffer.removeAll(keepingCapacity: true)
        self.buffer.append(contentsOf: salt)
        self.append(account)
        self.append(address)
        self.append(personal)
        return self.hash()
    }

    package mutating func content(
        reason: UnsafeRawBufferPointer?,
        reference: UnsafeRawBufferPointer?,
        detail: UnsafeRawBufferPointer?,
        commitment: AuditHash
    ) -> AuditHash {
        self.buffer.removeAll(keepingCapacity: true)
        self.append(reason)
        self.append(reference)
        self.append(detail)
        commitment.withUnsafeBytes { self.buffer.append(contentsOf: $0) }
        return self.hash()
    }

    package mutating func link(
        after link: AuditHash,
        sequence: Int64,
        time: Int64,
        kind: UInt8,
        content: AuditHash
    ) -> AuditHash {
        self.buffer.removeAll(keepingCapacity: true)
        link.withUnsafeBytes { self.buffer.append(contentsOf: $0) }
        Swift.withUnsafeBytes(of: (sequence.bigEndian, time.bigEndian)) { self.buffer.append(contentsOf: $0) }
        self.buffer.append(kind)
        content.withUnsafeBytes { self.buffer.append(contentsOf: $0) }
        return self.hash()
    }

    private mutating func append(_ field: UnsafeRawBufferPointer?) {
        guard let field else { return self.buffer.append(0) }
        self.buffer.append(1)
        Swift.withUnsafeBytes(of: UInt32(truncatingIfNeeded: field.count).bigEndian) {
            self.buffer.append(contentsOf: $0)
        }
        self.buffer.append(contentsOf: field)
    }

    private func hash() -> AuditHash {
        self.buffer.withUnsafeBytes { octets in
            var function = SHA256()
            function.update(bufferPointer: octets)
            return AuditHash(digest: function.finalize())
        }
    }
}

extension AuditChain {
    /// The hashes of a record that is to be added.
    package mutating func hashes(
        of fields: AuditFields,
        salt: [UInt8]?,
        sequence: Int64,
        after link: AuditHash
    ) -> (commitment: AuditHash, content: AuditHash, link: AuditHash) {
        let commitment = Self.lending(fields.account.map { Array($0.utf8) }) { account in
            Self.lending(fields.address) { address in
                Self.lending(fields.personal) { personal in
                    Self.lending(salt) {
                        self.commitment(salt: $0, account: account, address: address, personal: personal)
                    }
                }
            }
        }
        let content = Self.lending(fields.reason.map { Array($0.utf8) }) { reason in
            Self.lending(fields.reference.map { Array($0.utf8) }) { reference in
                Self.lending(fields.detail) {
                    self.content(reason: reason, reference: reference, detail: $0, commitment: commitment)
                }
            }
        }
        let link = self.link(
            after: link,
            sequence: sequence,
            time: fields.time.milliseconds,
            kind: fields.kind.rawValue,
            content: content
        )
        return (commitment, content, link)
    }

    private static func lending<Result>(
        _ octets: [UInt8]?,
        _ body: (UnsafeRawBufferPointer?) -> Result
    ) -> Result {
        guard let octets else { return body(nil) }
        return octets.withUnsafeBytes { body($0) }
    }
}
