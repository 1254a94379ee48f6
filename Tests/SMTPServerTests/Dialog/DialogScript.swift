import SASL
import SMTP

/// A `.smtp` file: what a client sends, what the server must answer. Its format is told in `Tests/Dialogs/README.md`.
struct DialogScript: Sendable {
    enum Step: Sendable {
        /// All client lines between two server lines: one write, so that they are pipelined.
        case send([UInt8])
        /// A reply line without CRLF; a `*` at its end stands for any rest.
        case expect(String)
        /// A whole `250` reply, whatever its lines.
        case expectCapabilities
        /// The client's TLS handshake.
        case tls
        /// A whole AUTH exchange by our own client; its last reply is left to the next server line.
        case login(MechanismName, user: String, password: String)
        /// The server has closed the connection.
        case closed
        /// The content of the message queued last.
        case message([UInt8])
        /// How many messages were queued.
        case messageCount(Int)
    }

    struct Located: Sendable {
        var step: Step
        var line: Int
    }

    var path: String
    var session = ServerSessionConfiguration(hostname: "mail.example.org", security: .implicit)
    var answers = ScriptedAnswers()
    /// Makes sense only when the client's octets arrive together.
    var isWholeOnly = false
    var steps: [Located] = []

    var name: String { String(self.path.split(separator: "/").last ?? "") }
}

/// What is wrong with a dialog file.
struct DialogSyntaxError: Error, CustomStringConvertible {
    var description: String
}

extension DialogScript {
    init(path: String, text: String) throws {
        self.path = path
        // A file of ours, in which a line ends in LF.
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            do {
                try self.read(line, number: index + 1)
            } catch let error as DialogSyntaxError {
                throw DialogSyntaxError(description: "\(path):\(index + 1): \(error)")
            }
        }
    }

    private mutating func read(_ line: Substring, number: Int) throws {
        if line.isEmpty || line.hasPrefix("#") { return }
        if line.hasPrefix("@") { return try self.readDirective(line.dropFirst(), number: number) }
        let text = line.dropFirst(3)
        switch line.prefix(3) {
        case "C: ", "C:": self.append(.send(try Self.expand(text) + [0x0d, 0x0a]), number)
        case "R: ": self.append(.send(try Self.expand(text)), number)
        case "S: ", "S:": self.append(.expect(String(decoding: try Self.expand(text), as: UTF8.self)), number)
        case "M: ", "M:": self.append(.message(try Self.expand(text) + [0x0d, 0x0a]), number)
        default: throw DialogSyntaxError(description: "a line begins with C:, R:, S:, M:, @ or #")
        }
    }

    private mutating func append(_ step: Step, _ number: Int) {
        switch (self.steps.last?.step, step) {
        case (.send(let before), .send(let more)):
            self.steps[self.steps.count - 1].step = .send(before + more)
        case (.message(let before), .message(let more)):
            self.steps[self.steps.count - 1].step = .message(before + more)
        default:
            self.steps.append(Located(step: step, line: number))
        }
    }

    private mutating func readDirective(_ text: Substring, number: Int) throws {
        let words = text.split(separator: " ").map(String.init)
        guard let name = words.first else { throw DialogSyntaxError(description: "a directive has a name") }
        let rest = Array(words.dropFirst())
        switch (name, rest.count) {
        case ("listener", 2):
            guard let service = ServerSessionConfiguration.Service(rawValue: rest[0]),
                let security = ServerSessionConfiguration.Security(rawValue: rest[1])
            else { throw DialogSyntaxError(description: "listener takes submission|reception none|startTLS|implicit") }
            self.session.service = service
            self.session.security = security
        case ("mechanisms", _): self.session.mechanisms = rest.compactMap { MechanismName($0) }
        case ("cleartext", 0): self.session.allowsClearTextWithoutTLS = true
        case ("by-address", 0): self.session.authorizesByAddress = true
        case ("whole", 0): self.isWholeOnly = true
        case ("limit", 2):
            guard let value = Int(rest[1]) else { throw DialogSyntaxError(description: "a limit is a number") }
            switch rest[0] {
            case "recipients": self.session.maximumRecipients = value
            case "size": self.session.maximumMessageOctets = value
            case "bad-commands": self.session.maximumBadCommands = value
            case "junk-commands": self.session.maximumJunkCommands = value
            case "failures": self.session.maximumAuthenticationFailures = value
            default: throw DialogSyntaxError(description: "no limit is named \(rest[0])")
            }
        case ("account", 2...):
            let reply = rest.count > 2 ? try Self.reply(rest.dropFirst(2)) : nil
            self.answers.accounts[rest[0]] = .init(password: rest[1], reply: reply)
        case ("refuse", 3...):
            switch rest[0] {
            case "sender": self.answers.senders[rest[1]] = try Self.reply(rest.dropFirst(2))
            case "recipient": self.answers.recipients[rest[1]] = try Self.reply(rest.dropFirst(2))
            case "message": self.answers.message = try Self.reply(rest.dropFirst())
            case "end": self.answers.endOfMessage = try Self.reply(rest.dropFirst())
            default: throw DialogSyntaxError(description: "what is refused: sender, recipient, message, end")
            }
        case ("hello", 0):
            self.append(.expect("220 *"), number)
            fallthrough
        case ("ehlo", 0):
            self.append(.send(Array("EHLO client.example\r\n".utf8)), number)
            self.append(.expectCapabilities, number)
        case ("tls", 0): self.append(.tls, number)
        case ("closed", 0): self.append(.closed, number)
        case ("messages", 1):
            guard let count = Int(rest[0]) else { throw DialogSyntaxError(description: "messages takes a number") }
            self.append(.messageCount(count), number)
        case ("login", 3):
            guard let mechanism = MechanismName(rest[0]) else {
                throw DialogSyntaxError(description: "login takes a mechanism, a user, a password")
            }
            self.append(.login(mechanism, user: rest[1], password: rest[2]), number)
        default: throw DialogSyntaxError(description: "unknown directive or wrong number of words: @\(text)")
        }
    }

    private static func reply(_ words: ArraySlice<String>) throws -> Reply {
        let words = Array(words)
        guard words.count > 2, let code = Int(words[0]), let status = EnhancedStatusCode(words[1]) else {
            throw DialogSyntaxError(description: "a reply is code, enhanced code, text")
        }
        return Reply(code, status, words[2...].joined(separator: " "))
    }
}
