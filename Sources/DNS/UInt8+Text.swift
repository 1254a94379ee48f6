extension UInt8 {
    /// Whether it is `0`–`9` in ASCII.
    var isDigit: Bool { self &- 0x30 < 10 }

    /// The value of a hexadecimal digit of either case, or nil.
    var hexadecimalValue: UInt8? {
        if self.isDigit { return self &- 0x30 }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }

    /// Whether it is a space, a tab, or the CR of a line that ends in CRLF.
    var isZoneSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0D }
}
