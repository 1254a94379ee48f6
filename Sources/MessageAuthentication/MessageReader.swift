internal import MailSyntax

/// Splits a message that comes in pieces into its header section, which is kept, and its body, which is not.
struct MessageReader: Sendable {
    private enum State: Hashable, Sendable {
        /// The end of the header section has not come.
        case header
        /// The header section has exceeded its limits. Terminal.
        case tooLarge
        /// What comes is body.
        case body
    }

    private let limits: HeaderSection.Limits
    private var state = State.header
    private var scanner = HeaderEndScanner()
    private var octets: [UInt8] = []
    private var section: HeaderSection?

    init(_ limits: HeaderSection.Limits) {
        self.limits = limits
    }

    /// Whether the header section was too large.
    var isTooLarge: Bool { self.state == .tooLarge }

    /// Takes the next octets.
    ///
    /// - Returns: Those that belong to the body, valid as long as `chunk` is; nil while there is no body.
    mutating func receive(_ chunk: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        switch self.state {
        case .body: return chunk
        case .tooLarge: return nil
        case .header:
            let length = self.scanner.receive(chunk)
            let end = length ?? chunk.count
            guard self.octets.count + end <= self.limits.maximumOctets else {
                self.fail()
                return nil
            }
            self.octets.append(contentsOf: chunk[..<end])
            guard length != nil else { return nil }
            self.parse()
            return self.state == .body ? UnsafeRawBufferPointer(rebasing: chunk[end...]) : nil
        }
    }

    /// The header section, the first time that it is asked for after its end came.
    mutating func takeHeader() -> HeaderSection? {
        defer { self.section = nil }
        return self.section
    }

    /// Ends the message. Returns the header section when no empty line ended it before.
    mutating func finish() -> HeaderSection? {
        if self.state == .header { self.parse() }
        return self.takeHeader()
    }

    private mutating func parse() {
        do {
            self.section = try HeaderSection(parsing: self.octets, limits: self.limits)
            self.state = .body
            self.octets = []
        } catch {
            self.fail()
        }
    }

    private mutating func fail() {
        self.state = .tooLarge
        self.octets = []
    }
}
