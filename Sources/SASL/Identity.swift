/// How the mechanisms read a user name from the wire.
enum Identity {
    /// The longest user name in octets; RFC 4616 §2 asks for 255 characters, an SMTP address has 320 octets.
    static let maximumOctets = 1_024

    /// The user name, prepared with SASLprep as a query; never empty.
    static func prepare(_ octets: some Collection<UInt8>) throws(SASLprepError) -> String {
        guard !octets.isEmpty else { throw .empty }
        guard octets.count <= Self.maximumOctets else { throw .tooLong }
        guard let text = String(validating: octets, as: UTF8.self) else { throw .invalidUTF8 }
        let prepared = try SASLprep.prepare(text, for: .query)
        guard !prepared.isEmpty else { throw .empty }
        return prepared
    }
}
