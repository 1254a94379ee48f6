/// A record as it lies in the store, lent for the time of a call.
package struct AuditRow {
    package var sequence: Int64
    package var time: Int64
    package var kind: UInt8
    package var link: AuditHash
    package var reason: UnsafeRawBufferPointer?
    package var reference: UnsafeRawBufferPointer?
    /// nil when the content was dropped.
    package var detail: UnsafeRawBufferPointer?
    /// nil when there are no personal fields, or they were erased.
    package var salt: UnsafeRawBufferPointer?
    package var account: UnsafeRawBufferPointer?
    package var address: UnsafeRawBufferPointer?
    package var personal: UnsafeRawBufferPointer?
    /// Stands for erased personal fields.
    package var commitment: AuditHash?
    /// Stands for dropped content.
    package var content: AuditHash?
    package var mark: UnsafeRawBufferPointer?

    package init(sequence: Int64, time: Int64, kind: UInt8, link: AuditHash) {
        self.sequence = sequence
        self.time = time
        self.kind = kind
        self.link = link
    }

    /// Whether columns are filled that the hashes of this row leave out.
    fileprivate var hasUncovered: Bool {
        if self.content != nil {
            return self.detail != nil || self.reason != nil || self.reference != nil || self.salt != nil
                || self.hasPersonal || self.commitment != nil
        }
        return self.salt == nil ? self.hasPersonal : self.commitment != nil
    }

    private var hasPersonal: Bool { self.account != nil || self.address != nil || self.personal != nil }
}

/// Goes along the trail, record by record, and says what does not fit. A value without I/O.
package struct AuditVerifier: Sendable {
    private let key: AuditKey
    private let expected: AuditExpectation?
    /// In order of sequence.
    private let heads: [AuditHead]
    private var nextHead = 0
    private var chain = AuditChain()
    private var sequence: Int64
    /// Of the last record that fitted.
    private var link: AuditHash
    private var signed: Int64
    package private(set) var verification = AuditVerification()

    /// - Parameters:
    ///   - base: Where the chain begins when its first records were dropped.
    ///   - heads: All signed heads that there are, in any order.
    ///   - expected: A head that was noted elsewhere.
    package init(key: AuditKey, base: AuditHead?, heads: [AuditHead], expected: AuditExpectation? = nil) {
        self.key = key
        self.expected = expected
        self.heads = heads.sorted { $0.point.sequence < $1.point.sequence }
        self.sequence = base?.point.sequence ?? 0
        self.link = base?.point.link ?? .zero
        self.signed = self.sequence
        self.verification.first = self.sequence + 1
        if let base, base.point.purpose != .base || !key.hasSigned(base) {
            self.verification.fault = .forgedHead(base.point.sequence)
        }
    }

    /// The next record's number, and the link before it.
    package var position: (sequence: Int64, link: AuditHash) { (self.sequence + 1, self.link) }

    /// - Returns: Whether to go on: all fits so far.
    package mutating func receive(_ row: AuditRow) -> Bool {
        guard self.verification.fault == nil else { return false }
        let expected = self.sequence + 1
        guard row.sequence == expected else { return self.fail(.missing(expected)) }
        guard !row.hasUncovered, self.link(of: row, at: expected, after: self.link) == row.link
        else { return self.fail(.changed(expected)) }
        if row.content != nil || row.commitment != nil {
            let removal: AuditKey.Removal = row.content != nil ? .expired : .erased
            let mark = row.mark.map { Array($0) } ?? []
            guard self.key.hasMade(mark, removal, sequence: expected, link: row.link)
            else { return self.fail(.emptied(expected)) }
            if removal == .expired { self.verification.expired += 1 } else { self.verification.erased += 1 }
        }
        self.sequence = expected
        self.link = row.link
        self.verification.records += 1
        if self.nextHead < self.heads.count, self.heads[self.nextHead].point.sequence <= expected {
            guard self.checkHeads() else { return false }
        }
        if let noted = self.expected, noted.sequence == expected, noted.link != row.link {
            return self.fail(.unexpected(expected))
        }
        return true
    }

    private mutating func checkHeads() -> Bool {
        while self.nextHead < self.heads.count {
            let head = self.heads[self.nextHead]
            guard head.point.sequence <= self.sequence else { return true }
            self.nextHead += 1
            // Of records that were dropped since: the base stands for them.
            guard head.point.sequence == self.sequence else { continue }
            guard head.point.purpose == .head, self.key.hasSigned(head)
            else { return self.fail(.forgedHead(self.sequence)) }
            guard head.point.link == self.link
            else { return self.fail(.rewritten(after: self.signed, upTo: self.sequence)) }
            self.signed = self.sequence
            self.verification.head = head
        }
        return true
    }

    /// After the last record.
    package mutating func end() {
        guard self.verification.fault == nil else { return }
        if let last = self.heads.last, last.point.sequence > self.sequence {
            _ = self.fail(.truncated(after: self.sequence, expected: last.point.sequence))
        } else if let expected = self.expected, expected.sequence > self.sequence {
            _ = self.fail(.truncated(after: self.sequence, expected: expected.sequence))
        } else if self.signed < self.sequence {
            _ = self.fail(.added(self.signed + 1))
        }
    }

    /// Says more exactly what ``receive(_:)`` found, when the record in question turned up elsewhere.
    package mutating func found(at sequence: Int64) {
        if let fault = self.verification.fault {
            self.verification.fault = .reordered(fault.record, with: sequence)
        }
    }

    /// The link that a row would have at a place of the chain; equal to the link kept there, it belongs there.
    package mutating func link(of row: AuditRow, at sequence: Int64, after link: AuditHash) -> AuditHash {
        let content: AuditHash
        if let dropped = row.content {
            content = dropped
        } else {
            let commitment =
                row.salt == nil
                ? row.commitment ?? .zero
                : self.chain.commitment(
                    salt: row.salt,
                    account: row.account,
                    address: row.address,
                    personal: row.personal
                )
            content = self.chain.content(
                reason: row.reason,
                reference: row.reference,
                detail: row.detail,
                commitment: commitment
            )
        }
        return self.chain.link(after: link, sequence: sequence, time: row.time, kind: row.kind, content: content)
    }

    private mutating func fail(_ fault: AuditFault) -> Bool {
        self.verification.fault = fault
        return false
    }
}
