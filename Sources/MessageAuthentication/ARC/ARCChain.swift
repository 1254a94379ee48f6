internal import MailSyntax

/// The names of the three fields of a set.
enum ARCField: String, CaseIterable, Sendable {
    case authenticationResults = "ARC-Authentication-Results"
    case messageSignature = "ARC-Message-Signature"
    case seal = "ARC-Seal"
}

/// What an ARC-Seal field says (RFC 8617 §4.1.3).
struct ARCSeal: Sendable {
    let algorithm: DKIM.Algorithm
    let signature: [UInt8]
    let status: ARC.Status
    let domain: String
    let selector: String
    /// The field without the value of `b=`.
    let unsignedField: HeaderField

    init(parsing field: HeaderField) throws(DKIM.Reason) {
        let list = try TagList(signature: field)
        // What it signs is fixed; with h= it would mean something else (RFC 8617 §4.1.3).
        guard list["h"] == nil else { throw .invalidTag("h") }
        self.algorithm = try list.algorithm()
        self.signature = try list.base64("b")
        guard let status = ARC.Status(rawValue: try list.required("cv").text) else { throw .invalidTag("cv") }
        self.status = status
        self.domain = try list.domain("d")
        self.selector = try list.domain("s")
        _ = try list.number("t", digits: 12)
        self.unsignedField = try list.unsigned(field)
    }
}

/// One set of a chain: three fields with the same instance.
struct ARCSet: Sendable {
    let instance: Int
    let authenticationResults: HeaderField
    let messageSignature: DKIM.Signature
    let messageSignatureField: HeaderField
    let messageSignaturePlace: Int
    let seal: ARCSeal
    let sealField: HeaderField

    var summary: ARC.SetSummary {
        let payload = self.authenticationResults.valueOctets
        let start = payload.firstIndex(of: ASCII.semicolon).map { $0 + 1 } ?? payload.count
        return ARC.SetSummary(
            instance: self.instance,
            domain: self.seal.domain,
            authenticationResults: String(decoding: TagList.trimmed(payload[start...]), as: UTF8.self)
        )
    }
}

/// The ARC fields of a message, put together to sets.
struct ARCChain: Sendable {
    /// The sets, first to last.
    private(set) var sets: [ARCSet] = []
    /// Why they are no chain; nil when they are one, perhaps an empty one.
    private(set) var reason: ARC.Reason?
    /// The highest instance that any field names.
    private(set) var highestInstance = 0

    init(_ header: HeaderIndex) {
        var places: [Int: [ARCField: [Int]]] = [:]
        for (place, field) in header.fields.enumerated() {
            guard let kind = ARCField.allCases.first(where: { field.isNamed($0.rawValue) }) else { continue }
            guard let instance = Self.instance(of: field, kind) else {
                self.reason = self.reason ?? .invalidInstance(field: kind.rawValue)
                continue
            }
            places[instance, default: [:]][kind, default: []].append(place)
        }
        self.highestInstance = places.keys.max() ?? 0
        guard self.reason == nil, self.highestInstance > 0 else { return }
        do throws(ARCFault) {
            for instance in 1...self.highestInstance {
                self.sets.append(try Self.set(instance, places[instance] ?? [:], header))
            }
        } catch {
            self.reason = error.reason
            self.sets = []
        }
    }

    private struct ARCFault: Error {
        var reason: ARC.Reason
    }

    private static func set(
        _ instance: Int,
        _ places: [ARCField: [Int]],
        _ header: HeaderIndex
    ) throws(ARCFault) -> ARCSet {
        func place(_ kind: ARCField) throws(ARCFault) -> Int {
            guard let found = places[kind], found.count == 1 else {
                throw ARCFault(reason: .incompleteSet(instance: instance))
            }
            return found[0]
        }
        func read<Value>(
            _ kind: ARCField,
            _ body: (HeaderField) throws(DKIM.Reason) -> Value
        ) throws(ARCFault) -> (Value, HeaderField, Int) {
            let place = try place(kind)
            do throws(DKIM.Reason) {
                return (try body(header.fields[place]), header.fields[place], place)
            } catch {
                throw ARCFault(reason: .invalidField(kind.rawValue, instance: instance, error))
            }
        }
        let results = header.fields[try place(.authenticationResults)]
        let message = try read(.messageSignature) { field throws(DKIM.Reason) in
            let signature = try DKIM.Signature(parsing: field, kind: .arc)
            guard !signature.signedFields.contains("arc-seal") else { throw .invalidTag("h") }
            return signature
        }
        let seal = try read(.seal) { field throws(DKIM.Reason) in try ARCSeal(parsing: field) }
        return ARCSet(
            instance: instance,
            authenticationResults: results,
            messageSignature: message.0,
            messageSignatureField: message.1,
            messageSignaturePlace: message.2,
            seal: seal.0,
            sealField: seal.1
        )
    }

    /// The instance that a field names: a tag of two, the first word of ARC-Authentication-Results (RFC 8617 §4.1.1).
    private static func instance(of field: HeaderField, _ kind: ARCField) -> Int? {
        let number: UInt64?
        switch kind {
        case .authenticationResults:
            let body = field.bodyOctets
            guard let end = body.firstIndex(of: ASCII.semicolon) else { return nil }
            number = Self.instanceTag(body[..<end])
        case .messageSignature, .seal:
            do {
                number = try TagList(parsing: field.bodyOctets)["i"]?.number(maximumDigits: 2)
            } catch {
                // A list that cannot be read still belongs to the chain, so that the chain fails.
                number = nil
            }
        }
        guard let number, (1...UInt64(ARC.maximumSets)).contains(number) else { return nil }
        return Int(number)
    }

    private static func instanceTag(_ octets: ArraySlice<UInt8>) -> UInt64? {
        do {
            let list = try TagList(parsing: octets)
            guard let tag = list.tags.first, list.tags.count == 1, tag.name == "i" else { return nil }
            return tag.number(maximumDigits: 2)
        } catch {
            return nil
        }
    }
}
