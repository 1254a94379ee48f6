/// The numbers of fields in the trail; never given to another field.
enum AuditFieldKey: UInt8 {
    case mechanism = 1
    case listener = 2
    case tls = 3
    case secretTag = 4
    case credential = 5
    case repeats = 6
    case loginName = 7
    case clientName = 8
    case actorKind = 9
    case actorUser = 10
    case actorAccount = 11
    case action = 12
    case subject = 13
    case failed = 14
    case failure = 15
    case message = 16
    case reversePath = 17
    case recipient = 18
    case recipientCount = 19
    case size = 20
    case verdict = 21
    case reply = 22
    case prefixLength = 23
    case until = 24
    case distinctSecrets = 25
    case accountsTried = 26
    case since = 27
    case count = 28
    case basis = 29
    case findings = 30
}

/// Writes fields as number, length in two octets, octets; numbers big-endian without leading zeros. One event has one encoding.
struct AuditFieldWriter {
    private(set) var octets: [UInt8] = []

    mutating func add(_ key: AuditFieldKey, _ text: String?) {
        guard let text, !text.isEmpty else { return }
        self.add(key, octets: Array(AuditFields.cut(text).utf8))
    }

    mutating func add(_ key: AuditFieldKey, _ number: UInt64?) {
        guard let number else { return }
        let octets = (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
        self.add(key, octets: Array(octets.drop { $0 == 0 }))
    }

    mutating func add(_ actor: AuditActor, personal: inout AuditFieldWriter) {
        switch actor {
        case .user(let user):
            self.add(.actorKind, 1)
            self.add(.actorUser, UInt64(user))
        case .offline(let user):
            self.add(.actorKind, 2)
            self.add(.actorUser, UInt64(user))
        case .account(let address):
            self.add(.actorKind, 3)
            personal.add(.actorAccount, address)
        case .server:
            self.add(.actorKind, 4)
        }
    }

    private mutating func add(_ key: AuditFieldKey, octets: [UInt8]) {
        self.octets.append(key.rawValue)
        self.octets.append(UInt8(truncatingIfNeeded: octets.count >> 8))
        self.octets.append(UInt8(truncatingIfNeeded: octets.count))
        self.octets += octets
    }
}

/// Reads what ``AuditFieldWriter`` wrote; fields of later versions are passed over.
struct AuditFieldReader {
    private var fields: [(key: UInt8, octets: ArraySlice<UInt8>)] = []

    /// nil when the octets break off inside a field.
    init?(_ octets: [UInt8]) {
        var rest = octets[...]
        while let key = rest.popFirst() {
            guard let high = rest.popFirst(), let low = rest.popFirst() else { return nil }
            let count = Int(high) << 8 | Int(low)
            guard rest.count >= count else { return nil }
            self.fields.append((key, rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
    }

    func text(_ key: AuditFieldKey) -> String? { self.texts(key).first }

    func texts(_ key: AuditFieldKey) -> [String] {
        self.fields.filter { $0.key == key.rawValue }.map { String(decoding: $0.octets, as: UTF8.self) }
    }

    func number(_ key: AuditFieldKey) -> UInt64? {
        guard let field = self.fields.first(where: { $0.key == key.rawValue }), field.octets.count <= 8
        else { return nil }
        return field.octets.reduce(0) { $0 << 8 | UInt64($1) }
    }

    func actor(_ personal: AuditFieldReader) -> AuditActor? {
        let user = UInt32(truncatingIfNeeded: self.number(.actorUser) ?? 0)
        return switch self.number(.actorKind) {
        case 1: .user(user)
        case 2: .offline(user)
        case 3: .account(personal.text(.actorAccount) ?? "")
        case 4: .server
        default: nil
        }
    }
}
