internal import CCrypt
internal import Glibc
internal import SASL

/// The hashes of crypt(3) through libxcrypt: `$1$`, `$2a$`, `$2b$`, `$2y$`, `$5$`, `$6$` and `$y$`.
///
/// Each is checked to be whole and affordable before it is kept: a cut-off line is found at the import and not at the login.
enum Crypt {
    /// The most rounds of `$5$` and `$6$`: about a second.
    static let maximumRounds = 1_000_000
    /// The costs of bcrypt: doubling from 1 ms to about a second.
    static let costs = 4...14
    /// What yescrypt may fill.
    static let maximumYescryptOctets = 256 * 1_048_576

    /// Dovecot's name for what the string is.
    ///
    /// - Throws: Why it cannot be used.
    static func kind(of text: String) throws(ForeignSecret.Fault) -> String {
        let octets = Array(text.utf8)
        guard octets.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ":") }) else {
            throw ForeignSecret.Fault("holds characters that no crypt string has")
        }
        let parts = text.split(separator: "$", omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 2, parts[0].isEmpty else {
            throw ForeignSecret.Fault(
                octets.count == 13
                    ? "is traditional DES crypt, of which only eight characters count: give the account a new password"
                    : "is not a crypt string"
            )
        }
        switch parts[1] {
        case "1":
            guard parts.count == 4, parts[2].utf8.count <= 8, Crypt.isDigest(parts[3], 22) else { throw Crypt.cutOff }
            return "MD5-CRYPT"
        case "2a", "2b", "2y":
            guard parts.count == 4, Crypt.isDigest(parts[3], 53) else { throw Crypt.cutOff }
            guard parts[2].utf8.count == 2, let cost = Int(parts[2]), Crypt.costs.contains(cost) else {
                throw ForeignSecret.Fault("asks for a cost other than 04 to 14")
            }
            return "BLF-CRYPT"
        case "5":
            try Crypt.checkSHA(parts, digest: 43)
            return "SHA256-CRYPT"
        case "6":
            try Crypt.checkSHA(parts, digest: 86)
            return "SHA512-CRYPT"
        case "y":
            try Crypt.checkYescrypt(parts)
            return "YESCRYPT"
        default:
            throw ForeignSecret.Fault("is a crypt string of the kind $\(parts[1])$, which is not supported")
        }
    }

    /// Whether crypt(3) makes this string from the password, compared in constant time.
    static func verify(_ password: Secret, _ stored: String) -> Bool {
        guard password.count < Int(CRYPT_MAX_PASSPHRASE_SIZE) else { return false }
        let phrase = UnsafeMutableRawBufferPointer.allocate(byteCount: password.count + 1, alignment: 1)
        let size = MemoryLayout<crypt_data>.size
        let work = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: MemoryLayout<crypt_data>.alignment)
        memset(work, 0, size)
        defer {
            if let base = phrase.baseAddress { explicit_bzero(base, phrase.count) }
            explicit_bzero(work, size)
            phrase.deallocate()
            work.deallocate()
        }
        password.withUnsafeBytes { phrase.copyMemory(from: $0) }
        phrase[password.count] = 0
        guard let text = phrase.assumingMemoryBound(to: CChar.self).baseAddress,
            let made = crypt_rn(text, stored, work, Int32(clamping: size))
        else { return false }
        // Failures are strings that begin with an asterisk, which no stored string does.
        return ConstantTime.equals(UnsafeRawBufferPointer(start: made, count: strlen(made)), Array(stored.utf8))
    }

    private static let cutOff = ForeignSecret.Fault("is cut off or has too much")

    private static func isDigest(_ text: String, _ count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { Crypt.value(of: $0) != nil }
    }

    /// `$5$salt$hash` or `$5$rounds=5000$salt$hash`.
    private static func checkSHA(_ parts: [String], digest: Int) throws(ForeignSecret.Fault) {
        var rest = parts.dropFirst(2)
        if let first = rest.first, first.hasPrefix("rounds=") {
            guard let rounds = Int(first.dropFirst(7)), (1000...Crypt.maximumRounds).contains(rounds) else {
                throw ForeignSecret.Fault("asks for rounds other than 1,000 to 1,000,000")
            }
            rest.removeFirst()
        }
        guard rest.count == 2, let salt = rest.first, salt.utf8.count <= 16, let hash = rest.last,
            Crypt.isDigest(hash, digest)
        else { throw Crypt.cutOff }
    }

    /// `$y$j9T$salt$hash`: flavour, then the logarithm of N less one and r less one, a digit each.
    private static func checkYescrypt(_ parts: [String]) throws(ForeignSecret.Fault) {
        guard parts.count == 5, parts[3].utf8.count <= 86, Crypt.isDigest(parts[4], 43) else { throw Crypt.cutOff }
        let parameters = Array(parts[2].utf8)
        // Larger numbers take more digits, and further parameters follow; no system makes such.
        guard parameters.count == 3, parameters[0] == UInt8(ascii: "j"), let logarithm = Crypt.value(of: parameters[1]),
            let blocks = Crypt.value(of: parameters[2]), blocks < 48, logarithm < 24,
            128 * (blocks + 1) << (logarithm + 1) <= Crypt.maximumYescryptOctets
        else { throw ForeignSecret.Fault("asks for yescrypt parameters beyond 256 MiB, or unusual ones") }
    }

    /// The digit in crypt's base 64.
    private static func value(of octet: UInt8) -> Int? {
        switch octet {
        case UInt8(ascii: "."): 0
        case UInt8(ascii: "/"): 1
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(octet) - 0x30 + 2
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(octet) - 0x41 + 12
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(octet) - 0x61 + 38
        default: nil
        }
    }
}
