public import MailSyntax

/// What a filter says (`mfdef.h`, `SMFIR_…`).
public enum MilterResponse: Hashable, Sendable {
    /// The answer to an offer, with the macros it wants at each stage.
    case negotiated(MilterOptions, macros: [MilterStage: [String]])
    case proceed
    case accept
    case reject
    case temporaryFailure
    case discard
    /// The filter's own words to the client.
    case reply(MilterReply)
    /// No more of this kind: of the body.
    case skip
    /// Still at work.
    case progress
    /// The connection to the client is to fail.
    case connectionFailure
    /// `421` to the client.
    case shutdown
    /// A change of the message.
    case change(MilterChange)
    /// A piece of the new body.
    case body([UInt8])

    /// Reads a packet.
    ///
    /// - Throws: ``MilterFailure/Code-swift.struct/unknownResponse``, ``MilterFailure/Code-swift.struct/malformedResponse``,
    ///   ``MilterFailure/Code-swift.struct/limitExceeded``.
    public init(_ packet: MilterPacket, limits: MilterLimits = MilterLimits()) throws(MilterFailure) {
        var data = MilterDataReader(packet)
        switch Unicode.Scalar(packet.code) {
        case "O": self = try Self.negotiated(&data, limits)
        case "c": self = .proceed
        case "a": self = .accept
        case "r": self = .reject
        case "t": self = .temporaryFailure
        case "d": self = .discard
        case "y": self = .reply(try MilterReply(data.string(), limits: limits))
        case "s": self = .skip
        case "p": self = .progress
        case "f": self = .connectionFailure
        case "4": self = .shutdown
        case "b": self = .body(data.rest())
        case "+": self = .change(.addRecipient(try data.forwardPath(), parameters: ""))
        case "2": self = .change(.addRecipient(try data.forwardPath(), parameters: try data.textIfAny()))
        case "-": self = .change(.removeRecipient(try data.forwardPath()))
        case "e": self = .change(.sender(try data.reversePath(), parameters: try data.textIfAny()))
        case "h": self = .change(.header(.add(try data.field())))
        case "i":
            let index = try data.integer()
            self = .change(.header(.insert(try data.field(), at: index)))
        case "m":
            let index = try data.integer()
            let field = try data.field()
            self = .change(.header(field.value.isEmpty ? .delete(field.name, index) : .change(field, index)))
        case "q": self = .change(.quarantine(try data.text()))
        default: throw MilterFailure(.unknownResponse, "code \(packet.code)")
        }
        try data.end()
    }

    private static func negotiated(
        _ data: inout MilterDataReader,
        _ limits: MilterLimits
    ) throws(MilterFailure) -> MilterResponse {
        let options = MilterOptions(
            version: try data.integer(),
            actions: MilterActions(rawValue: try data.integer()),
            steps: MilterSteps(rawValue: try data.integer())
        )
        guard data.remaining <= limits.symbolListOctets else {
            throw MilterFailure(.limitExceeded, "\(data.remaining) octets of macro lists")
        }
        var macros: [MilterStage: [String]] = [:]
        while data.remaining > 0 {
            let stage = try data.integer()
            let names = MilterMacros.names(in: try data.string())
            // A stage of a later version has no command here.
            if let stage = MilterStage(rawValue: stage) { macros[stage] = names }
        }
        return .negotiated(options, macros: macros)
    }
}

/// A filter's reply to the client, instead of the usual one (`SMFIR_REPLYCODE`; libmilter's `smfi_setreply`, `smfi_setmlreply`).
public struct MilterReply: Hashable, Sendable {
    /// 400 to 599.
    public var code: Int
    /// Class, subject and detail (RFC 3463) of the first line; nil when it has none.
    public var enhancedCode: [Int]?
    /// The text without the codes, line by line; printable or UTF-8.
    public var lines: [String]

    /// Creates a reply.
    public init(code: Int, enhancedCode: [Int]?, lines: [String]) {
        self.code = code
        self.enhancedCode = enhancedCode
        self.lines = lines
    }

    /// Reads `550 5.7.1 No` with further lines after CRLF. `%%` stands for `%`, since sendmail takes the text for a format.
    init(_ octets: ArraySlice<UInt8>, limits: MilterLimits) throws(MilterFailure) {
        var code: Int?
        var enhanced: [Int]?
        var lines: [String] = []
        for line in octets.split(whereSeparator: { $0 == ASCII.lf || $0 == ASCII.cr }) {
            guard lines.count < limits.replyLines else { throw MilterFailure(.limitExceeded, "a reply of many lines") }
            var rest = line.prefix(512)
            let digits = rest.prefix(3)
            guard digits.count == 3, digits.allSatisfy(ASCII.isDigit) else {
                throw MilterFailure(.malformedResponse, "a reply without a code")
            }
            let number = digits.reduce(0) { $0 * 10 + Int($1 - ASCII.zero) }
            guard (400..<600).contains(number), code ?? number == number else {
                throw MilterFailure(.malformedResponse, "reply code \(number)")
            }
            rest = rest.dropFirst(3)
            guard rest.isEmpty || rest.first == ASCII.space || rest.first == ASCII.hyphen else {
                throw MilterFailure(.malformedResponse, "a reply without a code")
            }
            rest = rest.dropFirst()
            if let (status, text) = Self.enhancedCode(rest), status.first == number / 100 {
                if code == nil { enhanced = status }
                rest = text
            }
            code = number
            lines.append(Self.text(rest))
        }
        guard let code else { throw MilterFailure(.malformedResponse, "an empty reply") }
        self.init(code: code, enhancedCode: enhanced, lines: lines)
    }

    private static func enhancedCode(_ line: ArraySlice<UInt8>) -> ([Int], ArraySlice<UInt8>)? {
        let word = line.prefix { $0 != ASCII.space }
        let parts = word.split(separator: ASCII.dot, omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ (1...3).contains($0.count) && $0.allSatisfy(ASCII.isDigit) })
        else { return nil }
        return (
            parts.map { $0.reduce(0) { $0 * 10 + Int($1 - ASCII.zero) } },
            line.dropFirst(word.count).drop { $0 == ASCII.space }
        )
    }

    private static func text(_ octets: ArraySlice<UInt8>) -> String {
        var text: [UInt8] = []
        var isAfterPercent = false
        for octet in octets {
            if octet == ASCII.percent, isAfterPercent {
                isAfterPercent = false
                continue
            }
            isAfterPercent = octet == ASCII.percent
            text.append(ASCII.isControl(octet) ? ASCII.question : octet)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
