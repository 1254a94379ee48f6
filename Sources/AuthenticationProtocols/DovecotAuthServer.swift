internal import MailSyntax
internal import SASL

/// The server's side of one connection of Dovecot's authentication protocol, versions 1.0 to 1.2: what Dovecot's `auth` process speaks with
/// mail servers.
///
/// A value without I/O. Send ``greeting`` when the connection opens, give ``receive(_:)`` what arrives, do what the events say, and tell how
/// each request goes on with ``challenge(_:for:)``, ``succeed(_:user:finalData:)`` or ``fail(_:_:)``. Any number of requests may be open at
/// once; what one of them does wrong hurts no other.
///
///     S: VERSION⇥1⇥2
///     S: MECH⇥PLAIN⇥plaintext
///     S: SPID⇥4711
///     S: CUID⇥1
///     S: COOKIE⇥0123456789abcdef0123456789abcdef
///     S: DONE
///     C: VERSION⇥1⇥1
///     C: CPID⇥4712
///     C: AUTH⇥1⇥PLAIN⇥service=smtp⇥secured⇥resp=AGFsaWNlAHNlY3JldA==
///     S: OK⇥1⇥user=alice@example.org
///
/// A client that reads no failure codes (protocol 1.1 and before) takes a temporary failure for a wrong password; ``readsFailureCodes`` tells.
public struct DovecotAuthServer: Sendable {
    /// What has to be done, in order.
    public enum Event: Sendable {
        /// Send these octets.
        case send([UInt8])
        /// A new request: start its mechanism with the initial response.
        case begin(DovecotAuthRequest)
        /// The client's response to the challenge of this request.
        case response(UInt32, [UInt8])
        /// This request is over and answered: drop its mechanism.
        case abandoned(UInt32)
        /// The peer does not speak the protocol: close the connection.
        case close(ProtocolFault)
    }

    private enum State: Hashable, Sendable {
        /// The application is at work. → `challenged`, gone
        case busy
        /// The client owes a response; `turn` grows with each challenge. → `busy`, gone
        case challenged(turn: UInt64)
    }

    /// Many times what a mail server process has open at once; Postfix has one.
    public static let defaultMaximumRequests = 64

    private let mechanisms: [DovecotMechanism]
    private let serverProcess: UInt32
    private let connection: UInt32
    private let cookie: [UInt8]
    private let maximumRequests: Int
    private var lines: DovecotLineDecoder
    private var requests: [UInt32: State] = [:]
    private var turns: UInt64 = 0
    private var clientMinor: UInt32?
    private var isClosed = false

    /// - Parameters:
    ///   - mechanisms: Offered in this order.
    ///   - serverProcess: The same for all connections of a server, another one for another server: its process identifier.
    ///   - connection: Another one for each connection of the server.
    ///   - cookie: 16 octets that nobody can guess.
    public init(
        mechanisms: [DovecotMechanism],
        serverProcess: UInt32,
        connection: UInt32,
        cookie: [UInt8],
        maximumRequests: Int = DovecotAuthServer.defaultMaximumRequests,
        maximumLineOctets: Int = DovecotLine.maximumOctets
    ) {
        self.mechanisms = mechanisms
        self.serverProcess = serverProcess
        self.connection = connection
        self.cookie = cookie
        self.maximumRequests = maximumRequests
        self.lines = DovecotLineDecoder(maximumOctets: maximumLineOctets)
    }

    /// To be sent as soon as the connection is open, before anything arrives: Exim says nothing until it has read it all.
    ///
    /// The mechanisms stand before the process, other than in the protocol's text: both Postfix and Exim take a socket where they do not for
    /// one of another protocol.
    public var greeting: [UInt8] {
        let lines =
            [DovecotLine(.version, "1", "2")] + self.mechanisms.map(\.line) + [
                DovecotLine(.serverProcess, "\(self.serverProcess)"),
                DovecotLine(.connection, "\(self.connection)"),
                DovecotLine(.cookie, Self.hexadecimal(self.cookie)),
                DovecotLine(.done),
            ]
        return lines.flatMap(\.encoded)
    }

    /// Whether the client has said which version it speaks.
    public var isGreeted: Bool { self.clientMinor != nil }

    /// Whether the client said that it speaks version 1.2, whose `FAIL` has codes.
    public var readsFailureCodes: Bool { (self.clientMinor ?? 0) >= 2 }

    /// How many requests are open.
    public var openRequests: Int { self.requests.count }

    // MARK: What arrives

    /// Octets arrived, cut anywhere.
    public mutating func receive(_ octets: some Sequence<UInt8>) -> [Event] {
        guard !self.isClosed else { return [] }
        var events: [Event] = []
        for line in self.lines.receive(octets) where !self.isClosed {
            do throws(ProtocolFault) {
                switch line {
                case .whole(let octets): try self.receive(try DovecotLine(parsing: octets), &events)
                case .overlong(let start): try self.receiveOverlong(start, &events)
                }
            } catch {
                self.isClosed = true
                self.requests = [:]
                events.append(.close(error))
            }
        }
        return events
    }

    private mutating func receive(_ line: DovecotLine, _ events: inout [Event]) throws(ProtocolFault) {
        if line.command == .version {
            guard line.parameters.first.map({ DovecotLine.number($0) }) == 1 else {
                throw ProtocolFault("another major version than 1")
            }
            self.clientMinor = line.parameters.dropFirst().first.flatMap { DovecotLine.number($0) } ?? 0
            return
        }
        guard self.clientMinor != nil else { throw ProtocolFault("a command before VERSION") }
        switch line.command {
        case .authenticate:
            try self.receiveRequest(line, &events)
        case .continue:
            try self.receiveResponse(line, &events)
        case .cancel:
            let identifier = try Self.identifier(of: line)
            if self.requests.removeValue(forKey: identifier) != nil { events.append(.abandoned(identifier)) }
        default:
            // CPID matters to master connections only; anything else is of a later version.
            break
        }
    }

    private mutating func receiveRequest(_ line: DovecotLine, _ events: inout [Event]) throws(ProtocolFault) {
        let identifier = try Self.identifier(of: line)
        guard self.requests[identifier] == nil else { throw ProtocolFault("the identifier of an open request again") }
        guard line.parameters.count >= 2 else { throw ProtocolFault("AUTH without a mechanism") }
        guard let mechanism = MechanismName(line.parameters[1]),
            self.mechanisms.contains(where: { $0.name == mechanism })
        else {
            events.append(.send(DovecotFailure.unknownMechanism.line(identifier).encoded))
            return
        }
        guard
            let request = DovecotAuthRequest(
                identifier: identifier,
                mechanism: mechanism,
                parameters: line.parameters.dropFirst(2)
            )
        else {
            events.append(.send(DovecotFailure.invalidBase64.line(identifier).encoded))
            return
        }
        if self.requests.count >= self.maximumRequests {
            // Postfix says nothing when its client cancels or goes away: the request that waits longest is most likely such a one.
            guard let oldest = self.longestWaiting else {
                events.append(.send(DovecotFailure.tooManyRequests.line(identifier).encoded))
                return
            }
            self.end(oldest, .timedOut, &events)
        }
        self.requests[identifier] = .busy
        events.append(.begin(request))
    }

    private mutating func receiveResponse(_ line: DovecotLine, _ events: inout [Event]) throws(ProtocolFault) {
        let identifier = try Self.identifier(of: line)
        switch self.requests[identifier] {
        case nil:
            events.append(.send(DovecotFailure.timedOut.line(identifier).encoded))
        case .busy:
            self.end(identifier, .outOfOrder, &events)
        case .challenged:
            guard let response = Base64.decode(line.parameters.dropFirst().first ?? []) else {
                return self.end(identifier, .invalidBase64, &events)
            }
            self.requests[identifier] = .busy
            events.append(.response(identifier, response))
        }
    }

    /// Fails the one request that the line was about. What does not even say that breaks the protocol.
    private mutating func receiveOverlong(_ start: [UInt8], _ events: inout [Event]) throws(ProtocolFault) {
        let fields = start.split(separator: 0x09, maxSplits: 2, omittingEmptySubsequences: false)
        guard self.clientMinor != nil, fields.count == 3, let identifier = DovecotLine.number(Array(fields[1])) else {
            throw ProtocolFault("a line that is too long")
        }
        switch DovecotLine.Command(fields[0]) {
        case .authenticate where self.requests[identifier] == nil:
            events.append(.send(DovecotFailure.lineTooLong.line(identifier).encoded))
        case .continue where self.requests[identifier] != nil:
            self.end(identifier, .lineTooLong, &events)
        default:
            throw ProtocolFault("a line that is too long")
        }
    }

    private static func identifier(of line: DovecotLine) throws(ProtocolFault) -> UInt32 {
        guard let identifier = DovecotLine.number(line.parameters.first) else {
            throw ProtocolFault("\(line.command) without the identifier of a request")
        }
        return identifier
    }

    private var longestWaiting: UInt32? {
        var oldest: (identifier: UInt32, turn: UInt64)?
        for case (let identifier, .challenged(let turn)) in self.requests where turn < oldest?.turn ?? .max {
            oldest = (identifier, turn)
        }
        return oldest?.identifier
    }

    private mutating func end(_ identifier: UInt32, _ failure: DovecotFailure, _ events: inout [Event]) {
        self.requests[identifier] = nil
        events.append(.abandoned(identifier))
        events.append(.send(failure.line(identifier).encoded))
    }

    // MARK: How requests go on

    /// The mechanism challenges the client.
    ///
    /// - Returns: What to send; nil when the request is no longer open, or waits for a response already.
    public mutating func challenge(_ challenge: [UInt8], for identifier: UInt32) -> [UInt8]? {
        guard self.requests[identifier] == .busy else { return nil }
        self.turns &+= 1
        self.requests[identifier] = .challenged(turn: self.turns)
        return DovecotLine(.continue, [Array("\(identifier)".utf8), Base64.encode(challenge)]).encoded
    }

    /// The client is who it says.
    ///
    /// - Parameters:
    ///   - user: The account's name, under which the mail server knows the client from now on.
    ///   - finalData: Only where the request ``DovecotAuthRequest/acceptsFinalData``.
    /// - Returns: What to send; nil when the request is no longer open.
    public mutating func succeed(_ identifier: UInt32, user: String, finalData: [UInt8]? = nil) -> [UInt8]? {
        guard self.requests.removeValue(forKey: identifier) != nil else { return nil }
        var parameters = [Array("\(identifier)".utf8), Array("user=\(user)".utf8)]
        if let finalData { parameters.append(Array("resp=".utf8) + Base64.encode(finalData)) }
        return DovecotLine(.succeeded, parameters).encoded
    }

    /// The exchange failed.
    ///
    /// - Returns: What to send; nil when the request is no longer open.
    public mutating func fail(_ identifier: UInt32, _ failure: DovecotFailure) -> [UInt8]? {
        guard self.requests.removeValue(forKey: identifier) != nil else { return nil }
        return failure.line(identifier).encoded
    }

    /// The client took too long over its response.
    ///
    /// - Returns: What to send; nil when the request is no longer open, or its client owes nothing.
    public mutating func expire(_ identifier: UInt32) -> [UInt8]? {
        guard case .challenged = self.requests[identifier] else { return nil }
        return self.fail(identifier, .timedOut)
    }

    private static func hexadecimal(_ octets: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: octets.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
