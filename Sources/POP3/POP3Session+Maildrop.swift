extension POP3Session {
    /// Commands of the TRANSACTION state (RFC 1939 §5).
    mutating func receivedTransaction(_ command: POP3Command, _ maildrop: Maildrop) -> POP3Action {
        switch command {
        case .status:
            let left = self.present(in: maildrop)
            return .send(POP3Reply.ok("\(left.count) \(left.reduce(0) { $0 &+ $1.message.size })").octets)
        case .list(let number):
            return self.listing(number, maildrop) { "\($0.number) \($0.message.size)" }
        case .uniqueIDList(let number):
            return self.listing(number, maildrop) { "\($0.number) \($0.message.uniqueID)" }
        case .retrieve(let number):
            return self.content(number, bodyLines: nil, maildrop)
        case .top(let number, let lines):
            return self.content(number, bodyLines: lines, maildrop)
        case .delete(let number):
            guard self.message(number, maildrop) != nil else { return self.refuse(.noSuchMessage) }
            self.deleted.insert(number)
            return .send(POP3Reply.ok("Removed at QUIT").octets)
        case .noOperation:
            return .send(POP3Reply.ok("Nothing done").octets)
        case .reset:
            self.deleted.removeAll()
            return .send(POP3Reply.ok("Nothing will be removed").octets)
        case .quit:
            let messages = self.deleted.sorted().map { maildrop.messages[$0 - 1] }
            return self.ask(.update(deleted: messages), .update)
        case .user, .pass, .auth, .capabilities, .startTLS:
            return self.refuse(.badSequence)
        }
    }

    /// One message of the maildrop and the number that it has in this session.
    private struct Numbered {
        var number: Int
        var message: Maildrop.Message
    }

    private func present(in maildrop: Maildrop) -> [Numbered] {
        maildrop.messages.enumerated().compactMap { index, message in
            self.deleted.contains(index + 1) ? nil : Numbered(number: index + 1, message: message)
        }
    }

    private func message(_ number: Int, _ maildrop: Maildrop) -> Maildrop.Message? {
        guard (1...max(1, maildrop.messages.count)).contains(number), !maildrop.messages.isEmpty,
            !self.deleted.contains(number)
        else { return nil }
        return maildrop.messages[number - 1]
    }

    private mutating func listing(
        _ number: Int?,
        _ maildrop: Maildrop,
        _ line: (Numbered) -> String
    ) -> POP3Action {
        guard let number else {
            let left = self.present(in: maildrop)
            return .send(POP3Session.multiline("\(left.count) messages", left.map(line)))
        }
        guard let message = self.message(number, maildrop) else { return self.refuse(.noSuchMessage) }
        return .send(POP3Reply.ok(line(Numbered(number: number, message: message))).octets)
    }

    private mutating func content(_ number: Int, bodyLines: Int?, _ maildrop: Maildrop) -> POP3Action {
        guard let message = self.message(number, maildrop) else { return self.refuse(.noSuchMessage) }
        return self.ask(.content(message, bodyLines: bodyLines), .content)
    }
}
