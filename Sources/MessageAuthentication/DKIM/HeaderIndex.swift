internal import Crypto
internal import MailSyntax

/// Finds and hashes the fields that signatures name.
struct HeaderIndex: Sendable {
    let fields: [HeaderField]
    /// Where the fields of each lower-case name stand, first to last.
    private let places: [String: [Int]]

    init(_ fields: [HeaderField]) {
        self.fields = fields
        self.places = Dictionary(grouping: fields.indices) { ASCII.lowercased(fields[$0].name) }
    }

    /// How many fields have a lower-case name.
    func count(of name: String) -> Int { self.places[name]?.count ?? 0 }

    /// Adds the fields that `h=` names to a hash: of each name the last one first, then the one above it, and nothing
    /// where there is none left (RFC 6376 §5.4.2).
    ///
    /// - Parameter excluded: The place of the signature itself, which can never be signed.
    /// - Complexity: O(octets hashed).
    func hash(
        _ names: [String],
        _ form: DKIM.Canonicalization.Form,
        excluding excluded: Int?,
        into hash: inout SHA256
    ) {
        var used: [String: Int] = [:]
        var octets: [UInt8] = []
        for name in names {
            guard let places = self.places[name] else { continue }
            var next = places.count - 1 - used[name, default: 0]
            if next >= 0, places[next] == excluded {
                used[name, default: 0] += 1
                next -= 1
            }
            guard next >= 0 else { continue }
            used[name, default: 0] += 1
            form.canonicalize(self.fields[places[next]], into: &octets)
            if octets.count > 16_384 {
                hash.update(data: octets)
                octets.removeAll(keepingCapacity: true)
            }
        }
        hash.update(data: octets)
    }
}

extension SHA256 {
    /// Adds a signature field, the value of `b=` removed: without its last CRLF (RFC 6376 §3.7).
    mutating func update(unsigned field: HeaderField, _ form: DKIM.Canonicalization.Form) {
        self.update(data: form.canonicalize(field).dropLast(2))
    }
}
