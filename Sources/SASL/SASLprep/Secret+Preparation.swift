extension Secret {
    /// The longest password in octets, before any hashing: work for an attacker's megabyte is refused beforehand.
    public static let maximumPasswordOctets = 1_024

    /// The password as every mechanism of this library, client and server, uses it: prepared with SASLprep.
    ///
    /// Hash the result, not the raw octets, when a password is set: ``PasswordCredentials`` carries the prepared one.
    /// Unassigned code points are let through though RFC 5802 §2.2 says "stored string": Unicode 3.2 is from 2002, and a
    /// password with an emoji is a password that people have. Clients that follow the letter fall back to the raw octets
    /// there, which are the same.
    ///
    /// - Throws: ``SASLprepError``: not UTF-8, nothing left, more than 1,024 octets, a prohibited character.
    public func preparedPassword() throws(SASLprepError) -> Secret {
        guard self.count <= Self.maximumPasswordOctets else { throw .tooLong }
        // The usual case makes no copy in an ordinary string.
        let isPrintableASCII = self.withUnsafeBytes { $0.allSatisfy { (0x20...0x7E).contains($0) } }
        if isPrintableASCII {
            guard !self.isEmpty else { throw .empty }
            return self
        }
        guard let text = self.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else { throw .invalidUTF8 }
        let prepared = try SASLprep.prepare(text, for: .query)
        guard !prepared.isEmpty else { throw .empty }
        guard prepared.utf8.count <= Self.maximumPasswordOctets else { throw .tooLong }
        return Secret(prepared)
    }
}
