import MailSyntax
import SASL
import Testing

/// Plays a script over a connection and records what differs, at the script's own line.
struct DialogRunner {
    /// How the client's octets are cut.
    enum Delivery: Sendable {
        case whole
        case octetByOctet
    }

    let script: DialogScript
    let connection: any DialogConnection
    let service: ScriptedService
    let delivery: Delivery
    /// The server hangs up on what is sent now.
    private var isLastWord = false
    /// A reply read by `@login` that the next server line is compared with.
    private var pending: [String] = []

    init(
        _ script: DialogScript,
        over connection: any DialogConnection,
        service: ScriptedService,
        delivery: Delivery
    ) {
        self.script = script
        self.connection = connection
        self.service = service
        self.delivery = delivery
    }

    mutating func run() async throws {
        for (index, located) in self.script.steps.enumerated() {
            self.isLastWord = self.endsHere(after: index)
            let place = SourceLocation(
                fileID: "Dialogs/\(self.script.name)",
                filePath: self.script.path,
                line: located.line,
                column: 1
            )
            do {
                guard try await self.perform(located.step, place) else { return }
            } catch {
                Issue.record("\(error)", sourceLocation: place)
                return
            }
        }
        try await self.connection.close()
    }

    /// - Returns: False when going on makes no sense.
    private mutating func perform(_ step: DialogScript.Step, _ place: SourceLocation) async throws -> Bool {
        switch step {
        case .send(let octets):
            try await self.send(octets)
        case .expect(let wanted):
            guard let line = try await self.nextLine() else {
                Issue.record("closed; wanted “\(wanted)”", sourceLocation: place)
                return false
            }
            guard Self.matches(line, wanted) else {
                Issue.record("got “\(line)”, wanted “\(wanted)”", sourceLocation: place)
                return false
            }
        case .expectCapabilities:
            while let line = try await self.nextLine() {
                guard line.hasPrefix("250") else {
                    Issue.record("got “\(line)”, wanted 250", sourceLocation: place)
                    return false
                }
                if line.hasPrefix("250 ") { return true }
            }
            Issue.record("closed; wanted 250", sourceLocation: place)
            return false
        case .tls:
            try await self.connection.startTLS()
        case .login(let mechanism, let user, let password):
            try await self.login(mechanism, user, password)
        case .closed:
            guard let line = try await self.nextLine() else { return true }
            Issue.record("got “\(line)”, wanted the connection closed", sourceLocation: place)
            return false
        case .message(let content):
            let message = self.service.messages.last
            #expect(
                message.map { String(decoding: $0.content, as: UTF8.self) } == String(decoding: content, as: UTF8.self),
                sourceLocation: place
            )
        case .messageCount(let count):
            #expect(self.service.messages.count == count, sourceLocation: place)
        }
        return true
    }

    private static func matches(_ line: String, _ wanted: String) -> Bool {
        guard wanted.hasSuffix("*") else { return line == wanted }
        return line.hasPrefix(wanted.dropLast())
    }

    private mutating func nextLine() async throws -> String? {
        if !self.pending.isEmpty { return self.pending.removeFirst() }
        return try await self.connection.line()
    }

    private func endsHere(after index: Int) -> Bool {
        for located in self.script.steps[(index + 1)...] {
            switch located.step {
            case .closed: return true
            case .send, .login, .tls: return false
            case .expect, .expectCapabilities, .message, .messageCount: continue
            }
        }
        return false
    }

    private func send(_ octets: [UInt8]) async throws {
        // On a socket, octets that arrive after the server has closed make the kernel throw its last reply away.
        switch self.isLastWord && self.connection is WireConnection ? .whole : self.delivery {
        case .whole: try await self.connection.send(octets)
        case .octetByOctet:
            // Overlong lines in larger pieces: what matters about them is that they do not come whole.
            let size = octets.count > 2000 ? 97 : 1
            for start in stride(from: 0, to: octets.count, by: size) {
                try await self.connection.send(Array(octets[start..<min(start + size, octets.count)]))
            }
        }
    }

    private mutating func login(_ name: MechanismName, _ user: String, _ password: String) async throws {
        let credentials = ClientCredentials(authenticationIdentity: user, password: Secret(password))
        let nonce = [UInt8](repeating: 0x41, count: 18)
        guard var mechanism = ClientMechanisms.make(name, credentials: credentials, nonce: nonce) else {
            throw DialogSyntaxError(description: "no client mechanism \(name)")
        }
        var command = "AUTH \(name)"
        if case .present(let response) = mechanism.start() { command += " " + Base64.encodeToString(response) }
        try await self.send(Array("\(command)\r\n".utf8))
        while let line = try await self.connection.line() {
            guard line.hasPrefix("334 "), let challenge = Base64.decode(line.dropFirst(4)) else {
                self.pending.append(line)
                return
            }
            switch mechanism.received(challenge: challenge) {
            case .respond(let response): try await self.send(Base64.encode(response) + [0x0d, 0x0a])
            case .failed: try await self.send(Array("*\r\n".utf8))
            }
        }
    }
}
