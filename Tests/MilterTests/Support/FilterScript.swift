import MailSyntax
import Milter

/// What a filter would send, written by hand.
enum Filter {
    static func packet(_ code: Character, _ data: [UInt8] = []) -> MilterPacket {
        MilterPacket(code: code.asciiValue ?? 0, data: data)
    }

    static func packet(_ code: Character, _ text: String) -> MilterPacket {
        self.packet(code, Array(text.utf8))
    }

    static func integer(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    static func negotiation(
        version: UInt32 = 6,
        actions: MilterActions = .all,
        steps: MilterSteps = [],
        macros: [(MilterStage, String)] = []
    ) -> MilterPacket {
        var data = self.integer(version) + self.integer(actions.rawValue) + self.integer(steps.rawValue)
        for (stage, names) in macros { data += self.integer(stage.rawValue) + Array(names.utf8) + [0] }
        return self.packet("O", data)
    }

    static func change(_ index: UInt32, _ name: String, _ value: String) -> MilterPacket {
        self.packet("m", self.integer(index) + Array("\(name)\0\(value)\0".utf8))
    }

    static func insertion(_ index: UInt32, _ name: String, _ value: String) -> MilterPacket {
        self.packet("i", self.integer(index) + Array("\(name)\0\(value)\0".utf8))
    }
}

extension MilterSession {
    /// A session after a negotiation with that answer.
    static func agreed(
        actions: MilterActions = .all,
        steps: MilterSteps = [],
        macros: [(MilterStage, String)] = [],
        limits: MilterLimits = MilterLimits()
    ) throws -> MilterSession {
        var session = MilterSession(limits: limits)
        _ = try session.start()
        _ = try session.receive(Filter.negotiation(actions: actions, steps: steps, macros: macros))
        return session
    }

    /// Tells an event, and has it answered.
    @discardableResult
    mutating func tell(_ event: Event, answer: MilterPacket) throws -> Reaction? {
        guard case .ask = try self.tell(event) else { return nil }
        return try self.receive(answer)
    }

    /// To where the end of the message is told and not answered.
    mutating func runToEndOfMessage() throws {
        try self.tell(.mail(.null), answer: Filter.packet("c"))
        try self.tell(.recipient(.postmaster), answer: Filter.packet("c"))
        try self.tell(.data, answer: Filter.packet("c"))
        try self.tell(.endOfHeaders, answer: Filter.packet("c"))
        _ = try self.tell(.endOfMessage)
    }
}

extension MilterSession.Step {
    /// The codes of the packets that are sent.
    var codes: String {
        let octets: [UInt8]
        switch self {
        case .send(let sent), .ask(let sent): octets = sent
        case .settled: return ""
        }
        var decoder = MilterPacketDecoder()
        decoder.receive(octets)
        var codes = ""
        while let packet = try? decoder.next() { codes.unicodeScalars.append(Unicode.Scalar(packet.code)) }
        return codes
    }

    var octets: [UInt8] {
        switch self {
        case .send(let octets), .ask(let octets): octets
        case .settled: []
        }
    }
}
