public import MailSyntax

extension DKIM {
    /// How much of a message's spelling may change on the way without breaking a signature (RFC 6376 §3.4).
    public struct Canonicalization: Hashable, Sendable, CustomStringConvertible {
        /// One of the two ways, for a header or a body.
        public enum Form: String, Hashable, Sendable, CaseIterable {
            /// Nothing may change but empty lines at the end of the body.
            case simple
            /// White space may be folded, multiplied and added at line ends, field names change their case.
            case relaxed
        }

        /// For the header fields.
        public var header: Form
        /// For the body.
        public var body: Form

        /// Creates a pair.
        public init(header: Form, body: Form) {
            self.header = header
            self.body = body
        }

        /// Both relaxed: what survives most ways of transport.
        public static let relaxed = Canonicalization(header: .relaxed, body: .relaxed)
        /// Both simple: what a signature without `c=` means.
        public static let simple = Canonicalization(header: .simple, body: .simple)

        /// Reads the value of `c=`: `relaxed/simple`, or one word, after which the body is simple.
        public init?(parsing text: some StringProtocol) {
            let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
            guard let first = parts.first, let header = Form(rawValue: String(first)) else { return nil }
            switch parts.count {
            case 1: self.init(header: header, body: .simple)
            case 2:
                guard let body = Form(rawValue: String(parts[1])) else { return nil }
                self.init(header: header, body: body)
            default: return nil
            }
        }

        /// The value of `c=`.
        public var description: String { "\(self.header.rawValue)/\(self.body.rawValue)" }
    }
}

extension DKIM.Canonicalization.Form {
    /// The octets of a field that are signed, its CRLF included.
    ///
    /// - Complexity: O(n), one copy.
    public func canonicalize(_ field: HeaderField) -> [UInt8] {
        var octets: [UInt8] = []
        self.canonicalize(field, into: &octets)
        return octets
    }

    /// The octets of a whole body that are signed. For bodies that are in memory; ``MessageVerifier`` and
    /// ``MessageSigner`` take them in pieces.
    public func canonicalize(body: some Collection<UInt8>) -> [UInt8] {
        var canonicalizer = BodyCanonicalizer(self)
        var sink = OctetCollector()
        let body = Array(body)
        body.withUnsafeBytes { canonicalizer.receive($0, &sink) }
        canonicalizer.finish(&sink)
        return sink.octets
    }

    func canonicalize(_ field: HeaderField, into octets: inout [UInt8]) {
        switch self {
        case .simple:
            octets += field.octets
            // A header section that ends without its empty line may lack the last CRLF.
            if !field.octets.suffix(2).elementsEqual([ASCII.cr, ASCII.lf]) { octets += [ASCII.cr, ASCII.lf] }
        case .relaxed:
            octets.reserveCapacity(octets.count + field.octets.count + 2)
            for octet in field.nameOctets { octets.append(ASCII.lowercased(octet)) }
            octets.append(ASCII.colon)
            field.bodyOctets.withUnsafeBufferPointer { Self.relax($0, &octets) }
            octets.append(ASCII.cr)
            octets.append(ASCII.lf)
        }
    }

    /// Unfolds, makes each run of white space one space and drops it at both ends (RFC 6376 §3.4.2).
    private static func relax(_ body: UnsafeBufferPointer<UInt8>, _ octets: inout [UInt8]) {
        var index = 0
        var hasContent = false
        var isSpacePending = false
        while index < body.count {
            let octet = body[index]
            if octet == ASCII.cr, index + 1 < body.count, body[index + 1] == ASCII.lf {
                index += 2
                continue
            }
            index += 1
            if ASCII.isWhitespace(octet) {
                isSpacePending = hasContent
                continue
            }
            if isSpacePending { octets.append(ASCII.space) }
            isSpacePending = false
            hasContent = true
            octets.append(octet)
        }
    }
}
