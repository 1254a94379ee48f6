internal import MailSyntax

/// How hard a password is to guess for somebody who tries likely ones first.
///
/// The password is cut into pieces in the way that costs a guesser least: words of a list, the account's own name, sequences, rows of a
/// keyboard, repetitions, years, and single characters for the rest. The bits are an estimate, and a generous one for words that the list
/// does not have; a list of breached passwords tells more.
package struct PasswordStrength: Hashable, Sendable {
    package enum Weakness: String, Hashable, Sendable, CustomStringConvertible {
        case commonWord = "a common word or password"
        case ownName = "the account's own name or domain"
        case sequence = "a sequence"
        case keyboard = "neighbouring keys"
        case repetition = "a repetition"
        case year = "a year"

        package var description: String { self.rawValue }
    }

    /// Base-2 logarithm of the guesses.
    package var bits: Double
    /// What makes it easier than its length, in order of appearance.
    package var weaknesses: [Weakness]

    /// Longer passwords are judged by so many code points: the time stays bounded.
    private static let maximumLength = 128

    private struct Piece {
        var length: Int
        var bits: Double
        var weakness: Weakness?
    }

    /// - Parameter context: Words that a guesser would try for this account; split at what is neither letter nor digit.
    package static func estimate(_ password: String, context: [String] = []) -> PasswordStrength {
        let original = Array(password.unicodeScalars.prefix(PasswordStrength.maximumLength)).map(\.value)
        let text = original.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        let names = PasswordStrength.words(of: context)
        // The cheapest way to the first so many characters.
        var best: [(bits: Double, piece: Piece?)] = [(0, nil)]
        best += text.map { _ in (.infinity, nil) }
        for start in text.indices {
            for piece in PasswordStrength.pieces(from: start, original, text, names) {
                // A guesser must also find out where pieces end.
                let bits = best[start].bits + piece.bits + (start == 0 ? 0 : 1)
                if bits < best[start + piece.length].bits { best[start + piece.length] = (bits, piece) }
            }
        }
        var weaknesses: [Weakness] = []
        var end = text.count
        while end > 0, let piece = best[end].piece {
            if let weakness = piece.weakness, !weaknesses.contains(weakness) { weaknesses.insert(weakness, at: 0) }
            end -= piece.length
        }
        return PasswordStrength(bits: best.last?.bits ?? 0, weaknesses: weaknesses)
    }

    private static func pieces(
        from start: Int,
        _ original: [UInt32],
        _ text: [UInt32],
        _ names: Set<[UInt32]>
    ) -> [Piece] {
        var pieces = [Piece(length: 1, bits: PasswordStrength.bits(of: original[start]) - 1, weakness: nil)]
        pieces += PasswordStrength.wordPieces(from: start, original, text, names)
        if let length = PasswordStrength.sequence(text, from: start) {
            pieces.append(Piece(length: length, bits: 5 + log2(length), weakness: .sequence))
        }
        if let length = PasswordStrength.keyboardRun(text, from: start) {
            pieces.append(Piece(length: length, bits: 5 + log2(length), weakness: .keyboard))
        }
        pieces += PasswordStrength.repetitions(original, from: start)
        if PasswordStrength.isYear(text[start...].prefix(4)) {
            pieces.append(Piece(length: 4, bits: 7, weakness: .year))
        }
        return pieces
    }

    /// Words, also with letters written as digits, and backwards.
    private static func wordPieces(
        from start: Int,
        _ original: [UInt32],
        _ text: [UInt32],
        _ names: Set<[UInt32]>
    ) -> [Piece] {
        var pieces: [Piece] = []
        let lengths = 3...max(3, min(CommonWords.maximumLength, text.count - start))
        for length in lengths where start + length <= text.count {
            let slice = Array(text[start..<(start + length)])
            let plain = slice.map(PasswordStrength.letter)
            let isCapitalised = original[start..<(start + length)].contains { (0x41...0x5A).contains($0) }
            for (word, isReversed) in [(slice, false), (plain, false), (Array(slice.reversed()), true)] {
                let extra = (isCapitalised ? 1.0 : 0) + (word == slice ? 0.0 : 1) + (isReversed ? 1.0 : 0)
                if names.contains(word) { pieces.append(Piece(length: length, bits: 2 + extra, weakness: .ownName)) }
                if let rank = CommonWords.rank[word] {
                    pieces.append(Piece(length: length, bits: log2(rank + 2) + extra, weakness: .commonWord))
                }
            }
        }
        return pieces
    }

    /// What one character adds where nothing better is known. Letters that people choose are far from random.
    private static func bits(of scalar: UInt32) -> Double {
        switch scalar {
        case 0x61...0x7A: 3.5
        case 0x30...0x39: 3.5
        case 0x41...0x5A: 4.5
        case 0x20...0x7E: 5
        default: 6
        }
    }

    private static func letter(_ scalar: UInt32) -> UInt32 {
        switch UnicodeScalar(scalar) {
        case "0": 0x6F  // o
        case "1", "!", "|": 0x69  // i
        case "3": 0x65  // e
        case "4", "@": 0x61  // a
        case "5", "$": 0x73  // s
        case "7", "+": 0x74  // t
        case "8": 0x62  // b
        case "9": 0x67  // g
        default: scalar
        }
    }

    /// `abcd`, `9876`: three or more, each one after or before the last.
    private static func sequence(_ text: [UInt32], from start: Int) -> Int? {
        guard start + 2 < text.count else { return nil }
        let difference = Int64(text[start + 1]) - Int64(text[start])
        guard abs(difference) == 1 else { return nil }
        var end = start + 1
        while end < text.count, Int64(text[end]) - Int64(text[end - 1]) == difference { end += 1 }
        return end - start >= 3 ? end - start : nil
    }

    private static func keyboardRun(_ text: [UInt32], from start: Int) -> Int? {
        var longest = 0
        for row in CommonWords.keyboardRows {
            for position in row.indices where row[position] == text[start] {
                var length = 0
                while start + length < text.count, position + length < row.count,
                    row[position + length] == text[start + length]
                {
                    length += 1
                }
                longest = max(longest, length)
            }
        }
        return longest >= 4 ? longest : nil
    }

    /// `aaaa`, `abab`: a block of up to eight characters, two times or more, three for a single character.
    private static func repetitions(_ text: [UInt32], from start: Int) -> [Piece] {
        var pieces: [Piece] = []
        for length in 1...8 where start + 2 * length <= text.count {
            var count = 1
            while start + (count + 1) * length <= text.count,
                text[(start + count * length)..<(start + (count + 1) * length)] == text[start..<(start + length)]
            {
                count += 1
            }
            guard count >= (length == 1 ? 3 : 2) else { continue }
            let block = text[start..<(start + length)].reduce(0.0) { $0 + PasswordStrength.bits(of: $1) }
            pieces.append(Piece(length: length * count, bits: block + log2(count), weakness: .repetition))
        }
        return pieces
    }

    private static func isYear(_ digits: ArraySlice<UInt32>) -> Bool {
        guard digits.count == 4, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        let year = digits.reduce(0) { $0 * 10 + ($1 - 0x30) }
        return (1900...2039).contains(year)
    }

    private static func words(of context: [String]) -> Set<[UInt32]> {
        var words: Set<[UInt32]> = []
        for text in context {
            let scalars = ASCII.lowercased(text).unicodeScalars.map(\.value)
            for word in scalars.split(whereSeparator: { !PasswordStrength.isWordScalar($0) }) where word.count >= 3 {
                words.insert(Array(word))
            }
            if (3...CommonWords.maximumLength).contains(scalars.count) { words.insert(scalars) }
        }
        return words
    }

    private static func isWordScalar(_ scalar: UInt32) -> Bool {
        scalar >= 0x80 || (0x61...0x7A).contains(scalar) || (0x30...0x39).contains(scalar)
    }

    /// Base-2 logarithm of a whole number, without a mathematics library: exact for powers of two, linear between them.
    private static func log2(_ value: Int) -> Double {
        guard value > 1 else { return 0 }
        let whole = Int.bitWidth - 1 - value.leadingZeroBitCount
        let power = 1 << whole
        return Double(whole) + Double(value - power) / Double(power)
    }
}
