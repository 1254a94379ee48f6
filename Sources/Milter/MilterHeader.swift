public import MailSyntax

/// A header section as filters see it: without the trace field that this server put before it.
///
/// Numbers count as sendmail counts, which Postfix measured and filters rely on:
///
/// - A change or deletion names the n-th field of a name among those that the filter was shown, counted from 1; 0 means 1 too. What was
///   deleted is not counted any more.
/// - An insertion names a place in the whole section, hidden fields counted: 0 is above our own `Received`, 1 below it. A number beyond
///   the end is the end.
public struct MilterHeader: Hashable, Sendable {
    /// A field or malformed line.
    public struct Line: Hashable, Sendable {
        /// With its CRLF.
        public var octets: [UInt8]
        /// Whether filters see it.
        public var isShown: Bool

        public init(octets: [UInt8], isShown: Bool = true) {
            self.octets = octets
            self.isShown = isShown
        }
    }

    /// First to last.
    public private(set) var lines: [Line]

    /// Creates a section from its lines.
    public init(lines: [Line]) {
        self.lines = lines
    }

    /// Creates a section whose lines at these places are hidden.
    public init(_ section: HeaderSection, hiding hidden: Range<Int> = 0..<0) {
        self.lines = section.lines.enumerated().map { index, line in
            var octets = line.octets
            // The last line of a section that was cut off.
            if !octets.suffix(2).elementsEqual([ASCII.cr, ASCII.lf]) { octets += [ASCII.cr, ASCII.lf] }
            return Line(octets: octets, isShown: !hidden.contains(index))
        }
    }

    /// The lines one after another, without the empty line.
    public var octets: [UInt8] { self.lines.flatMap(\.octets) }

    /// What is sent to a filter, field by field: the value begins behind the colon, its lines are separated by LF.
    ///
    /// Malformed lines are not sent: they have no name.
    ///
    /// - Parameter hasLeadingSpace: Whether all of the value is sent (``MilterSteps/leadingSpace``); else without its first blank.
    public func fields(hasLeadingSpace: Bool) -> [MilterField] {
        self.lines.compactMap { line in
            guard line.isShown, let field = HeaderField(octets: line.octets) else { return nil }
            var value = field.bodyOctets
            if !hasLeadingSpace, value.first == ASCII.space { value = value.dropFirst() }
            return MilterField(name: Array(field.nameOctets), value: MilterHeader.withLineFeeds(value))
        }
    }

    /// Applies one change.
    public mutating func apply(_ change: MilterHeaderChange, hasLeadingSpace: Bool) {
        switch change {
        case .add(let field): self.lines.append(Line(octets: field.octets(hasLeadingSpace: hasLeadingSpace)))
        case .insert(let field, let place):
            let place = min(Int(place), self.lines.count)
            self.lines.insert(Line(octets: field.octets(hasLeadingSpace: hasLeadingSpace)), at: place)
        case .change(let field, let number):
            let line = Line(octets: field.octets(hasLeadingSpace: hasLeadingSpace))
            if let index = self.index(of: field.name, number) {
                self.lines[index] = line
            } else {
                self.lines.append(line)
            }
        case .delete(let name, let number):
            if let index = self.index(of: name, number) { self.lines.remove(at: index) }
        }
    }

    private func index(of name: [UInt8], _ number: UInt32) -> Int? {
        var left = max(1, Int(number))
        for (index, line) in self.lines.enumerated() where line.isShown {
            guard let field = HeaderField(octets: line.octets), ASCII.equalIgnoringCase(field.nameOctets, name) else {
                continue
            }
            left -= 1
            if left == 0 { return index }
        }
        return nil
    }

    private static func withLineFeeds(_ octets: ArraySlice<UInt8>) -> [UInt8] {
        guard octets.contains(ASCII.cr) else { return Array(octets) }
        var result: [UInt8] = []
        result.reserveCapacity(octets.count)
        for (index, octet) in zip(octets.indices, octets) {
            if octet == ASCII.cr, index + 1 < octets.endIndex, octets[index + 1] == ASCII.lf { continue }
            result.append(octet)
        }
        return result
    }
}
