internal import MailSyntax

/// Reads the data of a response: integers in network order, and strings that a NUL ends.
struct MilterDataReader {
    private let code: UInt8
    private let data: [UInt8]
    private var offset = 0

    init(_ packet: MilterPacket) {
        self.code = packet.code
        self.data = packet.data
    }

    var remaining: Int { self.data.count - self.offset }

    mutating func integer() throws(MilterFailure) -> UInt32 {
        guard self.remaining >= 4 else { throw self.malformed("is too short") }
        defer { self.offset += 4 }
        return self.data[self.offset..<(self.offset + 4)].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Up to the next NUL.
    mutating func string() throws(MilterFailure) -> ArraySlice<UInt8> {
        guard let end = self.data[self.offset...].firstIndex(of: 0) else {
            throw self.malformed("lacks the end of a string")
        }
        defer { self.offset = end + 1 }
        return self.data[self.offset..<end]
    }

    mutating func rest() -> [UInt8] {
        defer { self.offset = self.data.count }
        return Array(self.data[self.offset...])
    }

    func end() throws(MilterFailure) {
        guard self.remaining == 0 else { throw self.malformed("has \(self.remaining) octets too many") }
    }

    /// One line of text for logs and queues; controls become `?`.
    mutating func text() throws(MilterFailure) -> String {
        let octets = try self.string().prefix(1000)
        return String(decoding: octets.map { ASCII.isControl($0) ? ASCII.question : $0 }, as: UTF8.self)
    }

    /// Empty when nothing follows.
    mutating func textIfAny() throws(MilterFailure) -> String { self.remaining == 0 ? "" : try self.text() }

    mutating func forwardPath() throws(MilterFailure) -> ForwardPath {
        let octets = self.withoutBrackets(try self.string())
        do {
            return try ForwardPath(parsing: octets)
        } catch {
            throw self.malformed("names a recipient that is none: \(error)")
        }
    }

    mutating func reversePath() throws(MilterFailure) -> ReversePath {
        let octets = self.withoutBrackets(try self.string())
        do {
            return try ReversePath(parsing: octets)
        } catch {
            throw self.malformed("names a sender that is none: \(error)")
        }
    }

    /// Filters write addresses with the angle brackets or without.
    private func withoutBrackets(_ octets: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard octets.first == ASCII.less, octets.last == ASCII.greater, octets.count >= 2 else { return octets }
        return octets.dropFirst().dropLast()
    }

    mutating func field() throws(MilterFailure) -> MilterField {
        let name = try self.string()
        guard !name.isEmpty, name.count <= 998, name.allSatisfy({ ASCII.isVisible($0) && $0 != ASCII.colon }) else {
            throw self.malformed("has a header field without a name")
        }
        return MilterField(name: Array(name), value: Array(try self.string()))
    }

    private func malformed(_ what: String) -> MilterFailure {
        MilterFailure(.malformedResponse, "response \(String(Unicode.Scalar(self.code))) \(what)")
    }
}
