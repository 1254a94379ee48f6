internal import MailSyntax
public import SASL

/// The client's side of Dovecot's authentication protocol, version 1: asks another server's passwords over its `auth-client` socket.
///
/// A value without I/O. Send what ``start()`` and ``authenticate(_:)`` return, give what comes to ``receive(_:)``. Questions go out as
/// soon as they are asked, any number at once; answers come in any order and name the question.
///
///     C: VERSION\t1\t2
///     C: CPID\t4711
///     S: VERSION\t1\t2
///     S: MECH\tPLAIN\tplaintext
///     S: DONE
///     C: AUTH\t1\tPLAIN\tservice=smtp\tsecured\tresp=AGFsaWNlAHNlY3JldA==
///     S: OK\t1\tuser=alice
public struct DovecotAuthClient: Sendable {
    /// One password to be checked with PLAIN.
    public struct Request: Sendable {
        /// As the server calls the user; no NUL.
        public var user: String
        /// No NUL.
        public var password: Secret
        /// Whether the password came over TLS, or did not leave this host.
        public var isSecured: Bool
        /// The IP address of whoever logs in.
        public var remoteAddress: String?
        /// The protocol that somebody logs into: `smtp`.
        public var service: String

        public init(
            user: String,
            password: Secret,
            isSecured: Bool,
            remoteAddress: String? = nil,
            service: String = "smtp"
        ) {
            self.user = user
            self.password = password
            self.isSecured = isSecured
            self.remoteAddress = remoteAddress
            self.service = service
        }
    }

    /// What the server said to one question.
    public enum Verdict: Hashable, Sendable {
        /// The password is right; the name is the server's for this user.
        case accepted(user: String)
        case refused(Refusal)
        /// The server could not tell now.
        case temporaryFailure
    }

    public enum Refusal: Hashable, Sendable {
        /// Wrong password or unknown user: the server does not tell which.
        case credentials
        /// The user is disabled, or may not use this service.
        case disabled
        /// The password is right but has expired.
        case passwordExpired
    }

    public enum Event: Hashable, Sendable {
        /// The handshake is over; the names of the mechanisms, in capitals.
        case ready(mechanisms: [String])
        case answer(identifier: UInt32, Verdict)
    }

    private enum State: Sendable {
        case handshake(hasVersion: Bool)
        case ready
        /// A fault was found: nothing more is read.
        case failed
    }

    /// No server has more mechanisms.
    private static let maximumMechanisms = 64

    private let processIdentifier: UInt32
    private var state = State.handshake(hasVersion: false)
    private var mechanisms: [String] = []
    private var decoder = DovecotLineDecoder()
    private var open: Set<UInt32> = []
    private var lastIdentifier: UInt32 = 0

    /// - Parameter processIdentifier: Tells this client's connections from those of others, for the server's log.
    public init(processIdentifier: UInt32) {
        self.processIdentifier = processIdentifier
    }

    /// The number of questions without an answer.
    public var openCount: Int { self.open.count }

    /// Our half of the handshake, which need not wait for the server's.
    public func start() -> [UInt8] {
        DovecotLine(.version, "1", "2").encoded + DovecotLine(.clientProcess, "\(self.processIdentifier)").encoded
    }

    /// A question, and the number that its answer will bear.
    public mutating func authenticate(_ request: Request) -> (identifier: UInt32, octets: [UInt8]) {
        repeat {
            self.lastIdentifier = self.lastIdentifier == .max ? 1 : self.lastIdentifier + 1
        } while self.open.contains(self.lastIdentifier)
        self.open.insert(self.lastIdentifier)
        var fields = ["\(self.lastIdentifier)", "PLAIN", "service=\(request.service)"]
        if request.isSecured { fields.append("secured") }
        if let address = request.remoteAddress { fields.append("rip=\(address)") }
        // This login ends here: no mail process will ask for it.
        fields.append("nologin")
        var message = [0] + Array(request.user.utf8) + [0]
        request.password.withUnsafeBytes { message.append(contentsOf: $0) }
        // The response comes last: that is how the server finds its end.
        let response = Array("resp=".utf8) + Base64.encode(message)
        return (self.lastIdentifier, DovecotLine(.authenticate, fields.map { Array($0.utf8) } + [response]).encoded)
    }

    /// Takes a question back; its answer, which may be on the way, is ignored.
    ///
    /// - Returns: What to send; nil when there is no such question.
    public mutating func cancel(_ identifier: UInt32) -> [UInt8]? {
        guard self.open.remove(identifier) != nil else { return nil }
        return DovecotLine(.cancel, "\(identifier)").encoded
    }

    /// Takes octets as they come, cut anywhere.
    ///
    /// - Throws: ``ProtocolFault`` when the server breaks the protocol; the connection is of no more use.
    public mutating func receive(_ octets: some Sequence<UInt8>) throws(ProtocolFault) -> [Event] {
        var events: [Event] = []
        do throws(ProtocolFault) {
            for line in self.decoder.receive(octets) {
                guard case .whole(let octets) = line else { throw ProtocolFault("a line is too long") }
                if let event = try self.receive(try DovecotLine(parsing: octets)) { events.append(event) }
            }
        } catch {
            self.state = .failed
            throw error
        }
        return events
    }

    private mutating func receive(_ line: DovecotLine) throws(ProtocolFault) -> Event? {
        switch self.state {
        case .handshake(let hasVersion): try self.receive(handshake: line, hasVersion: hasVersion)
        case .ready: try self.receive(answer: line)
        case .failed: throw ProtocolFault("more after a fault")
        }
    }

    private mutating func receive(handshake line: DovecotLine, hasVersion: Bool) throws(ProtocolFault) -> Event? {
        if line.command == .version {
            // The minor version promises nothing that matters here.
            guard DovecotLine.number(line.parameters.first) == 1 else {
                throw ProtocolFault("the server speaks another version of the protocol")
            }
            self.state = .handshake(hasVersion: true)
            return nil
        }
        guard hasVersion else { throw ProtocolFault("the server does not begin with its version") }
        if line.command == .mechanism {
            guard let name = line.parameters.first, self.mechanisms.count < DovecotAuthClient.maximumMechanisms else {
                throw ProtocolFault("a list of mechanisms that is none")
            }
            self.mechanisms.append(String(decoding: name, as: UTF8.self).uppercased())
        } else if line.command == .done {
            guard self.mechanisms.contains("PLAIN") else { throw ProtocolFault("the server does not offer PLAIN") }
            self.state = .ready
            return .ready(mechanisms: self.mechanisms)
        }
        // SPID, CUID, COOKIE and whatever is new tell nothing that is needed.
        return nil
    }

    private mutating func receive(answer line: DovecotLine) throws(ProtocolFault) -> Event? {
        guard [.succeeded, .failed, .continue].contains(line.command) else {
            // Mechanisms may come and go while the server runs.
            return nil
        }
        guard let identifier = DovecotLine.number(line.parameters.first) else {
            throw ProtocolFault("an answer without the number of a question")
        }
        // Taken back, or never asked: nobody waits for it.
        guard self.open.remove(identifier) != nil else { return nil }
        switch line.command {
        case .succeeded:
            guard let user = line.value(of: "user"), !user.isEmpty else {
                throw ProtocolFault("an acceptance that does not say of whom")
            }
            return .answer(identifier: identifier, .accepted(user: String(decoding: user, as: UTF8.self)))
        case .failed:
            return .answer(identifier: identifier, DovecotAuthClient.verdict(ofFailure: line))
        default:
            // PLAIN has nothing to go on with after its one message: whatever is asked for, the login fails.
            return .answer(identifier: identifier, .refused(.credentials))
        }
    }

    private static func verdict(ofFailure line: DovecotLine) -> Verdict {
        let code = line.value(of: "code")
        func says(_ words: String...) -> Bool {
            words.contains { word in line.contains(word) || code?.elementsEqual(word.utf8) == true }
        }
        if says("temp", "temp_fail") { return .temporaryFailure }
        if says("user_disabled", "authz", "authz_fail") { return .refused(.disabled) }
        if says("pass_expired") { return .refused(.passwordExpired) }
        return .refused(.credentials)
    }
}
