/// Finds what a misspelt word was probably meant to be.
package enum NearestWord {
    /// The candidate with the fewest changed, added, dropped or swapped letters; `nil` where none is close.
    ///
    /// - Complexity: O(candidates × length²).
    package static func to(_ word: String, among candidates: some Sequence<String>) -> String? {
        let lowered = Array(word.lowercased().utf8.prefix(64))
        // A third of the letters may be wrong, and one in a short word.
        var best: (word: String, distance: Int)?
        for candidate in candidates {
            let distance = NearestWord.distance(lowered, Array(candidate.lowercased().utf8))
            let allowed = max(1, min(4, max(lowered.count, candidate.utf8.count) / 3))
            if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.word
    }

    /// Edits between two words, where swapping two neighbours counts as one (optimal string alignment).
    package static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
        if one.isEmpty || other.isEmpty { return max(one.count, other.count) }
        var beforeLast: [Int] = []
        var last = Array(0...other.count)
        for row in 1...one.count {
            var current = [row]
            current.reserveCapacity(other.count + 1)
            for column in 1...other.count {
                let replaced = last[column - 1] + (one[row - 1] == other[column - 1] ? 0 : 1)
                var least = min(replaced, last[column] + 1, current[column - 1] + 1)
                if row > 1, column > 1, one[row - 1] == other[column - 2], one[row - 2] == other[column - 1] {
                    least = min(least, beforeLast[column - 2] + 1)
                }
                current.append(least)
            }
            beforeLast = last
            last = current
        }
        return last[other.count]
    }
}
