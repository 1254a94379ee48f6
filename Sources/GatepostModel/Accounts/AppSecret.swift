internal import Crypto
internal import MailSyntax

/// Secrets that the server makes: app passwords, API tokens, recovery codes.
///
/// An app password has five groups of five characters of an alphabet without look-alikes (no l, o, 0, 1): 125 random bits, written
/// `k7mqp-x3vda-9wnbc-f4hjt-ys2ue`. Such a secret cannot be guessed, so one SHA-256 of it is as good as the slowest hash, and costs a login
/// a microsecond in place of a tenth of a second. The digest has no key: one that came from `master.key` could not be made anew when that is
/// exchanged, and would guard nothing that 125 bits do not.
package enum AppSecret {
    private static let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
    private static let tokenPrefix = "gp_"

    /// How many random octets each of the functions that make a secret takes: one a letter, five bits of which count.
    package static let passwordLetters = 25
    package static let tokenLetters = 32
    package static let recoveryLetters = 16

    /// An app password as it is shown.
    ///
    /// - Parameter random: ``passwordLetters`` octets or more; missing ones count as zero.
    package static func password(random: [UInt8]) -> String {
        AppSecret.grouped(AppSecret.letters(random, AppSecret.passwordLetters), by: 5, separator: "-")
    }

    /// An API token: `gp_` and 160 random bits.
    package static func token(random: [UInt8]) -> String {
        AppSecret.tokenPrefix + String(decoding: AppSecret.letters(random, AppSecret.tokenLetters), as: UTF8.self)
    }

    /// A recovery code: 80 random bits in four groups.
    package static func recoveryCode(random: [UInt8]) -> String {
        AppSecret.grouped(AppSecret.letters(random, AppSecret.recoveryLetters), by: 4, separator: "-")
    }

    /// What an app password may be typed as, where the client hashes what was typed (SCRAM): with hyphens, without, with spaces.
    ///
    /// - Parameter password: As ``password(random:)`` made it.
    package static func spellings(of password: String) -> [String] {
        let groups = password.split(separator: "-")
        return ["-", "", " "].map { groups.joined(separator: $0) }
    }

    /// The digest of what somebody typed, where that has the form of an app password: in any case, with hyphens and spaces anywhere.
    package static func passwordDigest(_ typed: some Sequence<UInt8>) -> [UInt8]? {
        AppSecret.canonical(typed, letters: AppSecret.passwordLetters).map { AppSecret.digest("app password", $0) }
    }

    /// The digest of a recovery code in any spelling; nil for what has not the form of one.
    package static func recoveryDigest(_ typed: some Sequence<UInt8>) -> [UInt8]? {
        AppSecret.canonical(typed, letters: AppSecret.recoveryLetters).map { AppSecret.digest("recovery code", $0) }
    }

    /// The digest of an API token; nil for what has not the form of one.
    package static func tokenDigest(_ token: some Collection<UInt8>) -> [UInt8]? {
        let prefix = Array(AppSecret.tokenPrefix.utf8)
        guard token.count == prefix.count + AppSecret.tokenLetters, token.starts(with: prefix) else { return nil }
        let letters = Array(token.dropFirst(prefix.count))
        guard letters.allSatisfy(AppSecret.alphabet.contains) else { return nil }
        return AppSecret.digest("API token", letters)
    }

    private static func letters(_ random: [UInt8], _ count: Int) -> [UInt8] {
        (0..<count).map { AppSecret.alphabet[Int($0 < random.count ? random[$0] & 31 : 0)] }
    }

    private static func grouped(_ letters: [UInt8], by size: Int, separator: String) -> String {
        stride(from: 0, to: letters.count, by: size)
            .map { String(decoding: letters[$0..<min($0 + size, letters.count)], as: UTF8.self) }
            .joined(separator: separator)
    }

    private static func canonical(_ typed: some Sequence<UInt8>, letters count: Int) -> [UInt8]? {
        var letters: [UInt8] = []
        for octet in typed {
            if octet == ASCII.hyphen || octet == ASCII.space { continue }
            let letter = ASCII.lowercased(octet)
            guard letters.count < count, AppSecret.alphabet.contains(letter) else { return nil }
            letters.append(letter)
        }
        return letters.count == count ? letters : nil
    }

    /// Labelled, so that the digest of one kind of secret never is that of another.
    private static func digest(_ label: String, _ letters: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: Array("gatepost \(label)\0".utf8))
        hash.update(data: letters)
        return Array(hash.finalize())
    }
}
