extension SASLprepError {
    /// Whether octets that are not UTF-8 are what a client sends that knows no other encoding than ISO 8859-1, or Windows-1252.
    ///
    /// Printable characters only, so that noise is not taken for text. Windows-1252 has characters where ISO 8859-1 has controls, at
    /// all of 0x80 to 0x9F but five.
    func isLatin1(_ octets: some Collection<UInt8>) -> Bool {
        guard self == .invalidUTF8, !octets.isEmpty else { return false }
        return octets.allSatisfy { octet in
            switch octet {
            case 0x00...0x1F, 0x7F: false
            case 0x81, 0x8D, 0x8F, 0x90, 0x9D: false
            default: true
            }
        }
    }
}
