internal import Foundation

/// The stringprep profile for user names and passwords (RFC 4013).
public enum SASLprep {
    /// What the string is for; decides on code points that have no character in Unicode 3.2 (RFC 3454 §7).
    public enum Purpose: Hashable, Sendable {
        /// The string is kept, as a new account's name: such code points are refused.
        case stored
        /// The string is compared with a stored one: such code points are let through.
        case query
    }

    /// Prepares the string.
    ///
    /// - Returns: The prepared string, which may be empty; printable ASCII comes back unchanged.
    /// - Throws: ``SASLprepError``
    public static func prepare(_ string: String, for purpose: Purpose) throws(SASLprepError) -> String {
        // §2.1, §2.2, §2.3 and §2.4 leave printable ASCII alone.
        if string.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return string }

        // §2.1 map. U+200B is in both tables; B.1 wins, as in other implementations.
        var mapped = String.UnicodeScalarView()
        for scalar in string.unicodeScalars where !SASLprepTables.mappedToNothing.contains(scalar) {
            // Checked before the normalisation too: a later Unicode version may decompose what 3.2 does not know.
            if purpose == .stored, SASLprepTables.unassigned.contains(scalar) {
                throw .unassignedCodePoint
            }
            mapped.append(SASLprepTables.nonASCIISpaces.contains(scalar) ? " " : scalar)
        }

        // §2.2 normalise with form KC. The platform's tables are newer than Unicode 3.2; on characters that 3.2 knows they differ
        // for the five ideographs of Corrigendum 4 only.
        let normalised = String(mapped).precomposedStringWithCompatibilityMapping

        // §2.3 prohibited output, §2.4 bidirectional characters, §2.5 unassigned code points.
        var hasRightToLeft = false
        var hasLeftToRight = false
        for scalar in normalised.unicodeScalars {
            if SASLprepTables.prohibited.contains(scalar) { throw .prohibitedCharacter }
            if purpose == .stored, SASLprepTables.unassigned.contains(scalar) { throw .unassignedCodePoint }
            if SASLprepTables.rightToLeft.contains(scalar) {
                hasRightToLeft = true
            } else if SASLprepTables.leftToRight.contains(scalar) {
                hasLeftToRight = true
            }
        }
        if hasRightToLeft {
            guard !hasLeftToRight,
                let first = normalised.unicodeScalars.first, SASLprepTables.rightToLeft.contains(first),
                let last = normalised.unicodeScalars.last, SASLprepTables.rightToLeft.contains(last)
            else { throw .mixedDirections }
        }
        return normalised
    }
}

/// Why a string cannot be prepared. Says nothing about where or which character, since the string may be a password.
public enum SASLprepError: Error, Hashable, Sendable {
    /// A control character, a private-use or non-character code point, and the like (RFC 4013 §2.3).
    case prohibitedCharacter
    /// Left-to-right and right-to-left characters are mixed (RFC 3454 §6).
    case mixedDirections
    /// A code point without a character in Unicode 3.2, in a string to be stored (RFC 4013 §2.5).
    case unassignedCodePoint
    /// The octets are not UTF-8.
    case invalidUTF8
    /// Nothing is there, or nothing is left.
    case empty
    /// More octets than the limit.
    case tooLong
}
