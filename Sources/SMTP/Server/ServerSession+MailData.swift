/// How far the message under way has come.
struct MessageProgress: Sendable {
    var isOpen: Bool
    var decoder: DataDecoder
    var octets = 0
    /// Set once the message cannot be accepted: the rest is read and dropped.
    var refusal: Reply?

    /// No message.
    init() {
        self.isOpen = false
        self.decoder = DataDecoder(framing: .counted)
    }

    /// A message has begun.
    init(framing: DataDecoder.Framing) {
        self.isOpen = true
        self.decoder = DataDecoder(framing: framing)
    }
}

extension ServerSession {
    mutating func receiveMailData(_ input: UnsafeRawBufferPointer) -> (consumed: Int, action: ServerAction) {
        switch self.state {
        case .data:
            guard !input.isEmpty else { return (0, .waitForInput) }
            self.kept.removeAll(keepingCapacity: true)
            let (consumed, isComplete) = self.message.decoder.decode(input, kept: &self.kept)
            if isComplete { self.state = .dataEnded }
            return (consumed, self.takeContent())
        case .dataEnded:
            return (0, self.endMessage())
        case .chunk(let remaining, let isLast):
            if remaining > 0 {
                guard !input.isEmpty else { return (0, .waitForInput) }
                let part = UnsafeRawBufferPointer(rebasing: input[..<min(remaining, input.count)])
                self.kept.removeAll(keepingCapacity: true)
                _ = self.message.decoder.decode(part, kept: &self.kept)
                self.state = .chunk(remaining: remaining - part.count, isLast: isLast)
                return (part.count, self.takeContent())
            }
            return (0, self.endChunk(isLast: isLast))
        default:
            return (0, .waitForInput)
        }
    }

    /// Counts what was kept; hands it out unless the message is refused already.
    private mutating func takeContent() -> ServerAction {
        for range in self.kept { self.message.octets += range.count }
        if self.message.refusal == nil {
            if self.message.octets > self.configuration.maximumMessageOctets {
                // Read on to the end though too large, or the rest is taken for commands (RFC 5321 §4.1.1.4).
                self.message.refusal = .messageTooLarge(self.configuration.maximumMessageOctets)
            } else if self.message.decoder.hasBareLineEnding {
                self.message.refusal = .bareLineEndingInData
            } else if self.message.decoder.hasNUL {
                self.message.refusal = .nulInData
            }
        }
        if self.message.refusal != nil { self.kept.removeAll(keepingCapacity: true) }
        return .content
    }

    private mutating func endMessage() -> ServerAction {
        if let refusal = self.message.refusal {
            self.state = .command
            self.transaction = nil
            self.resetMessage()
            return .abandonMessage(refusal)
        }
        return self.ask(.endOfMessage, .endOfMessage)
    }

    private mutating func endChunk(isLast: Bool) -> ServerAction {
        if isLast {
            self.message.decoder.finishCounted()
            if self.message.decoder.hasBareLineEnding, self.message.refusal == nil {
                self.message.refusal = .bareLineEndingInData
            }
        }
        if let refusal = self.message.refusal {
            self.state = .command
            self.transaction = nil
            self.resetMessage()
            self.refusesChunks = !isLast
            guard self.badCommands <= self.configuration.maximumBadCommands else {
                self.state = .closed
                return .close(.tooManyBadCommands)
            }
            guard self.junkCommands <= self.configuration.maximumJunkCommands else {
                self.state = .closed
                return .close(.junkCommands)
            }
            return .abandonMessage(refusal)
        }
        guard isLast else {
            self.state = .command
            guard self.junkCommands <= self.configuration.maximumJunkCommands else {
                self.state = .closed
                return .close(.junkCommands)
            }
            return .reply(Reply(250, .init(2, 0, 0), "Chunk received, \(self.message.octets) octets so far"))
        }
        return self.ask(.endOfMessage, .endOfMessage)
    }
}
