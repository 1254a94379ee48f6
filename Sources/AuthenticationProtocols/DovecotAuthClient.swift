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

    /// No server sends longer lines: they would hold more than any mechanism's data.
    public static let maximumLineOctets = 16384
    /// No server has more mechanisms.
    private static let maximumMechanisms = 64

    private let processIdentifier: UInt32
    private var state = State.handshake(hasVersion: false)
    private var mechanisms: [String] = []
    private var line: [UInt8] = []
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
        Array("VERSION\t1\t2\nCPID\t\(self.processIdentifier)\n".utf8)
    }

    /// A question, and the number that its answer will bear.
    public mutating func authenticate(_ request: Request) -> (identifier: UInt32, octets: [UInt8]) {
        repeat {
            self.lastIdentifier = self.lastIdentifier == .max ? 1 : self.lastIdentifier + 1
        } while self.open.contains(self.lastIdentifier)
        self.open.insert(self.lastIdentifier)
        var fields = ["AUTH", "\(self.lastIdentifier)", "PLAIN", "service=\(DovecotAuthText.escaped(request.service))"]
        if request.isSecured { fields.append("secured") }
        if let address = request.remoteAddress { fields.append("rip=\(DovecotAuthText.escaped(address))") }
        // This login ends here: no mail process will ask for it.
        fields.append("nologin")
        var octets = Array(fields.joined(separator: "\t").utf8)
        // Last, as the protocol wants it.
        octets += Array("\tresp=".utf8)
        var message = [0] + Array(request.user.utf8) + [0]
        message.reserveCapacity(message.count + request.password.count)
        request.password.withUnsafeBytes { message.append(contentsOf: $0) }
        octets += DovecotAuthText.base64(message)
        octets.append(0x0A)
        return (self.lastIdentifier, octets)
    }

    /// Takes a question back; its answer, which may be on the way, is ignored.
    ///
    /// - Returns: What to send; nil when there is no such question.
    public mutating func cancel(_ identifier: UInt32) -> [UInt8]? {
        guard self.open.remove(identifier) != nil else { return nil }
        return Array("CANCEL\t\(identifier)\n".utf8)
    }

    /// Takes octets as they come, cut anywhere.
    ///
    /// - Throws: ``ProtocolFault`` when the server breaks the protocol; the connection is of no more use.
    public mutating func receive(_ octets: some Collection<UInt8>) throws(ProtocolFault) -> [Event] {
        var events: [Event] = []
        var rest = octets[...]
        do {
            if case .failed = self.state { throw ProtocolFault("more after a fault") }
            while let end = rest.firstIndex(of: 0x0A) {
                self.line.append(contentsOf: rest[..<end])
                rest = rest[end...].dropFirst()
                guard self.line.count <= DovecotAuthClient.maximumLineOctets else {
                    throw ProtocolFault("a line is too long")
                }
                let line = self.line
                self.line.removeAll(keepingCapacity: true)
                if let event = try self.receive(line: line) { events.append(event) }
            }
            guard self.line.count + rest.count <= DovecotAuthClient.maximumLineOctets else {
                throw ProtocolFault("a line is too long")
            }
            self.line.append(contentsOf: rest)
        } catch {
            self.state = .failed
            self.line = []
            throw error
        }
        return events
    }

    private mutating func receive(line: [UInt8]) throws(ProtocolFault) -> Event? {
        let fields = line.split(separator: 0x09, omittingEmptySubsequences: false)
        guard let command = fields.first else { return nil }
        switch self.state {
        case .handshake(let hasVersion):
            return try self.receive(handshake: command, fields.dropFirst(), hasVersion: hasVersion)
        case .ready:
            return try self.receive(answer: command, fields.dropFirst())
        case .failed:
            throw ProtocolFault("more after a fault")
        }
    }

    private mutating func receive(
        handshake command: ArraySlice<UInt8>,
        _ fields: ArraySlice<ArraySlice<UInt8>>,
        hasVersion: Bool
    ) throws(ProtocolFault) -> Event? {
        if command.elementsEqual("VERSION".utf8) {
            // The minor version promises nothing that matters here.
            guard let major = fields.first, DovecotAuthText.number(major) == 1 else {
                throw ProtocolFault("the server speaks another version of the protocol")
            }
            self.state = .handshake(hasVersion: true)
            return nil
        }
        guard hasVersion else { throw ProtocolFault("the server does not begin with its version") }
        if command.elementsEqual("MECH".utf8) {
            guard let name = fields.first, self.mechanisms.count < DovecotAuthClient.maximumMechanisms else {
                throw ProtocolFault("a list of mechanisms that is none")
            }
            self.mechanisms.append(DovecotAuthText.unescaped(name).uppercased())
        } else if command.elementsEqual("DONE".utf8) {
            guard self.mechanisms.contains("PLAIN") else { throw ProtocolFault("the server does not offer PLAIN") }
            self.state = .ready
            return .ready(mechanisms: self.mechanisms)
        }
        // SPID, CUID, COOKIE and whatever is new tell nothing that is needed.
        return nil
    }

    private mutating func receive(
        answer command: ArraySlice<UInt8>,
        _ fields: ArraySlice<ArraySlice<UInt8>>
    ) throws(ProtocolFault) -> Event? {
        let isAccepted = command.elementsEqual("OK".utf8)
        let isRefused = command.elementsEqual("FAIL".utf8)
        guard isAccepted || isRefused || command.elementsEqual("CONT".utf8) else {
            // Mechanisms may come and go while the server runs.
            return nil
        }
        guard let field = fields.first, let identifier = DovecotAuthText.number(field) else {
            throw ProtocolFault("an answer without the number of a question")
        }
        guard self.open.remove(identifier) != nil else { return nil }
        let parameters = fields.dropFirst().map { DovecotAuthText.parameter($0) }
        if isAccepted {
            guard let user = parameters.last(where: { $0.name == "user" })?.value, !user.isEmpty else {
                throw ProtocolFault("an acceptance that does not say of whom")
            }
            return .answer(identifier: identifier, .accepted(user: user))
        }
        // PLAIN has nothing to go on with after its one message: whatever is asked for, the login fails.
        guard isRefused else { return .answer(identifier: identifier, .refused(.credentials)) }
        return .answer(identifier: identifier, DovecotAuthClient.verdict(ofFailure: parameters))
    }

    /// Version 1.1 has words of their own, later ones a `code`.
    private static func verdict(ofFailure parameters: [(name: String, value: String)]) -> Verdict {
        let words = Set(parameters.map { $0.name == "code" ? $0.value : $0.name })
        if words.contains("temp") || words.contains("temp_fail") { return .temporaryFailure }
        if words.contains("user_disabled") || words.contains("authz") { return .refused(.disabled) }
        if words.contains("pass_expired") { return .refused(.passwordExpired) }
        return .refused(.credentials)
    }
}
