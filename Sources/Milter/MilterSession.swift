public import MailSyntax

/// One connection to a filter, from the mail server's side, as a value: say what happened in the SMTP session, send what it returns, and
/// hand it what the filter answers.
///
/// ```swift
/// var session = MilterSession()
/// send(session.start().octets)                       // OPTNEG
/// try session.receive(packet)                        // .verdict(.proceed): agreed
/// switch try session.tell(.connect(name: "client.example", .network(address, port: 4711))) {
/// case .ask(let octets): send(octets); wait(for: session.receive)
/// case .send(let octets): send(octets)               // the filter does not answer this
/// case .settled(let verdict): …                      // nothing to send
/// }
/// ```
///
/// The order is that of SMTP: connect, helo, then for each message mail, recipient (once each), data, header (once each), endOfHeaders,
/// body (piece by piece), endOfMessage. What the filter does not want to hear is left out, what it settled early is not asked again: the
/// caller tells all events all the same. Between messages, and when one is given up, call ``abort()``.
///
/// - SeeAlso: libmilter's documentation: `xxfi_negotiate`, `xxfi_connect` … `xxfi_eom`; `mfdef.h`.
public struct MilterSession: Sendable {
    /// What happened in the SMTP session.
    public enum Event: Hashable, Sendable {
        /// See ``MilterCommand/connect(name:_:)``.
        case connect(name: String, MilterPeer)
        /// Also again, after STARTTLS, between messages.
        case helo(String)
        case mail(ReversePath, parameters: [String] = [])
        /// `isRejected`: we refused it. Told only to filters that asked for it, and their answer does not count.
        case recipient(ForwardPath, parameters: [String] = [], isRejected: Bool = false)
        case data
        /// As ``MilterHeader/fields(hasLeadingSpace:)`` gives them for ``MilterSession/hasLeadingSpace``.
        case header(MilterField)
        case endOfHeaders
        /// Of ``MilterSession/maximumBodyOctets`` at most.
        case body([UInt8])
        case endOfMessage
        /// A command line that the server does not know.
        case unknown([UInt8])
    }

    /// What follows from an event.
    public enum Step: Hashable, Sendable {
        /// To be sent; go on with the next event at once.
        case send([UInt8])
        /// To be sent; the filter's answer must come before the next event.
        case ask([UInt8])
        /// Nothing is sent.
        case settled(MilterVerdict)
    }

    /// What follows from a packet of the filter.
    public enum Reaction: Hashable, Sendable {
        /// The answer.
        case verdict(MilterVerdict)
        /// The filter is still at work: wait anew.
        case progress
        /// A change was noted in ``MilterSession/modifications``: more follows.
        case noted
        /// A piece of the new body, which begins empty: more follows.
        case body([UInt8])
    }

    enum State: Hashable, Sendable {
        /// Nothing was said. → `negotiating`
        case new
        /// OPTNEG was sent. → `idle`
        case negotiating
        /// No message is under way. → `asking`, `envelope`
        case idle
        /// MAIL was told. → `content`, `idle`
        case envelope
        /// DATA was told. → `idle`
        case content
        /// The connection ended, or the filter broke the protocol.
        case over
    }

    /// What waits for an answer.
    enum Question: Hashable, Sendable {
        case connect
        case helo
        case mail
        case recipient(isRejected: Bool)
        case data
        case header
        case endOfHeaders
        case body
        case endOfMessage
        case unknown
    }

    /// What is known besides the events. Set before the event at which they are to go along.
    public var macros = MilterMacros()
    /// What the filter changed about the message whose end was told last.
    public private(set) var modifications = MilterModifications()
    /// What was agreed on; nil until then.
    public private(set) var agreed: MilterOptions?

    private let offer: MilterOptions
    private let limits: MilterLimits
    private var macroNames: [MilterStage: [String]] = [:]
    private var state = State.new
    private var question: Question?
    /// Settled for the whole session.
    private var sessionVerdict: MilterVerdict?
    /// Settled for the message.
    private var messageVerdict: MilterVerdict?
    private var skipsBody = false
    /// Whether the filter knows of a message that it did not see the end of.
    private var isMessageOpen = false
    private var progressReports = 0
    private var changes = 0
    private var headerOctets = 0
    private var bodyOctets = 0

    /// Creates a session.
    ///
    /// - Parameters:
    ///   - offer: What the filter may ask for.
    ///   - limits: What it may make us hold.
    public init(offer: MilterOptions = MilterOptions(), limits: MilterLimits = MilterLimits()) {
        self.offer = offer
        self.limits = limits
    }

    /// Whether values begin at the colon.
    public var hasLeadingSpace: Bool { self.agreed?.steps.contains(.leadingSpace) == true }

    /// The most octets of ``Event/body(_:)``.
    public var maximumBodyOctets: Int { (self.agreed ?? MilterOptions(steps: [])).maximumDataOctets }

    /// Whether the body, piece by piece, is of any use: not when the filter does not want it, or settled the message.
    public var wantsBody: Bool {
        !self.skipsBody && self.messageVerdict == nil && self.sessionVerdict == nil
            && self.agreed?.steps.contains(.noBody) == false
    }

    /// Whether an answer of the filter must come before anything else.
    public var isWaiting: Bool { self.question != nil || self.state == .negotiating }

    // MARK: Events

    /// Begins: the offer, to be sent. The filter's answer to it is ``Reaction/verdict(_:)`` with ``MilterVerdict/proceed``.
    public mutating func start() throws(MilterFailure) -> [UInt8] {
        guard self.state == .new else { throw self.fail(.outOfOrder, "start") }
        self.state = .negotiating
        return MilterCommand.negotiate(self.offer).packet().octets
    }

    /// Says what happened.
    ///
    /// - Throws: ``MilterFailure/Code-swift.struct/outOfOrder`` where the event cannot be, or an answer is awaited.
    public mutating func tell(_ event: Event) throws(MilterFailure) -> Step {
        guard let agreed = self.agreed, self.question == nil, self.mayTell(event) else {
            throw self.fail(.outOfOrder, event.name)
        }
        if case .mail = event { self.beginMessage() }
        if case .data = event { self.state = .content }
        if let verdict = self.sessionVerdict ?? self.messageVerdict {
            if case .endOfMessage = event { self.state = .idle }
            return .settled(verdict)
        }
        let plan = event.plan
        if !plan.omission.isEmpty, agreed.steps.contains(plan.omission) { return .settled(.proceed) }
        if case .recipient(_, _, true) = event, !agreed.steps.contains(.rejectedRecipients) {
            return .settled(.proceed)
        }
        if case .body = event, self.skipsBody { return .settled(.proceed) }
        var octets: [UInt8] = []
        if let stage = plan.stage {
            let names = self.macroNames[stage] ?? stage.defaultMacros
            let maximum = agreed.maximumDataOctets
            if let packet = self.macros.packet(for: stage, names: names, maximumOctets: maximum) {
                octets += packet.octets
            }
        }
        octets += event.command.packet(maximumDataOctets: agreed.maximumDataOctets).octets
        switch event {
        case .connect, .helo, .unknown: break
        default: self.isMessageOpen = true
        }
        guard plan.silence.isEmpty || !agreed.steps.contains(plan.silence) else { return .send(octets) }
        self.question = plan.question
        self.progressReports = 0
        return .ask(octets)
    }

    /// Gives up the message under way, or forgets the last one: the next event is `helo` or `mail`.
    ///
    /// - Returns: What to send; nil when the filter knows of no unfinished message. It does not answer.
    public mutating func abort() throws(MilterFailure) -> [UInt8]? {
        guard self.question == nil, self.state != .over, self.state != .negotiating else {
            throw self.fail(.outOfOrder, "abort")
        }
        guard self.state != .new else { return nil }
        self.state = .idle
        self.messageVerdict = nil
        defer { self.isMessageOpen = false }
        return self.isMessageOpen ? MilterCommand.abort.packet().octets : nil
    }

    /// Ends the connection: what to send before closing it. May come at any time.
    public mutating func quit() -> [UInt8] {
        defer {
            self.state = .over
            self.question = nil
        }
        return self.agreed == nil || self.state == .over ? [] : MilterCommand.quit.packet().octets
    }

    /// Ends the SMTP session; the next event is the `connect` of another one, without a new negotiation (protocol version 6).
    public mutating func quitForNewConnection() throws(MilterFailure) -> [UInt8] {
        guard self.state == .idle, self.question == nil, let agreed = self.agreed, agreed.version >= 6 else {
            throw self.fail(.outOfOrder, "quit for a new connection")
        }
        self.sessionVerdict = nil
        self.messageVerdict = nil
        self.isMessageOpen = false
        self.macros = MilterMacros()
        return MilterCommand.quitForNewConnection.packet().octets
    }

    private func mayTell(_ event: Event) -> Bool {
        switch event {
        case .connect, .helo, .mail: self.state == .idle
        case .unknown: self.state == .idle || self.state == .envelope
        case .recipient, .data: self.state == .envelope
        case .header, .endOfHeaders, .body, .endOfMessage: self.state == .content
        }
    }

    private mutating func beginMessage() {
        self.state = .envelope
        self.messageVerdict = nil
        self.skipsBody = false
        self.modifications = MilterModifications()
        self.modifications.hasLeadingSpace = self.hasLeadingSpace
        self.changes = 0
        self.headerOctets = 0
        self.bodyOctets = 0
    }

    // MARK: Answers

    /// Takes a packet of the filter.
    ///
    /// - Throws: Why the filter cannot be talked to any more; close the connection.
    public mutating func receive(_ packet: MilterPacket) throws(MilterFailure) -> Reaction {
        do throws(MilterFailure) {
            return try self.react(to: MilterResponse(packet, limits: self.limits))
        } catch {
            self.state = .over
            self.question = nil
            throw error
        }
    }

    private mutating func react(to response: MilterResponse) throws(MilterFailure) -> Reaction {
        if self.state == .negotiating {
            guard case .negotiated(let answer, let macros) = response else {
                throw MilterFailure(.unexpectedResponse, "\(response.name) before the negotiation")
            }
            try self.agree(on: answer, macros)
            return .verdict(.proceed)
        }
        guard let question = self.question else {
            throw MilterFailure(.unexpectedResponse, "\(response.name), and nobody asked")
        }
        switch response {
        case .progress:
            self.progressReports += 1
            guard self.progressReports <= self.limits.progressReports else {
                throw MilterFailure(.limitExceeded, "\(self.progressReports) reports of progress and no answer")
            }
            return .progress
        case .change(let change):
            try self.note(change, question)
            return .noted
        case .body(let octets):
            return .body(try self.note(body: octets, question))
        case .proceed: return self.settle(.proceed, question)
        case .accept: return self.settle(.accept, question)
        case .reject: return self.settle(.reject, question)
        case .temporaryFailure: return self.settle(.temporaryFailure, question)
        case .reply(let reply):
            return self.settle(reply.code == 421 ? .disconnect(reply) : .reply(reply), question)
        case .connectionFailure, .shutdown: return self.settle(.disconnect(nil), question)
        case .discard:
            guard question != .connect, question != .helo, question != .unknown else {
                throw MilterFailure(.unexpectedResponse, "discard where there is no message")
            }
            return self.settle(.discard, question)
        case .skip:
            guard question == .body, self.agreed?.steps.contains(.skip) == true else {
                throw MilterFailure(.unexpectedResponse, "skip")
            }
            self.skipsBody = true
            return self.settle(.proceed, question)
        case .negotiated: throw MilterFailure(.unexpectedResponse, "a second negotiation")
        }
    }

    private mutating func agree(
        on answer: MilterOptions,
        _ macros: [MilterStage: [String]]
    ) throws(MilterFailure) {
        guard (2...self.offer.version).contains(answer.version) else {
            throw MilterFailure(.versionRefused, "version \(answer.version)")
        }
        let actions = answer.actions.subtracting(self.offer.actions)
        guard actions.isEmpty else {
            throw MilterFailure(.optionNotOffered, "actions 0x\(String(actions.rawValue, radix: 16))")
        }
        let steps = answer.steps.subtracting(self.offer.steps).subtracting(.internalOptions)
        guard steps.isEmpty else {
            throw MilterFailure(.optionNotOffered, "protocol options 0x\(String(steps.rawValue, radix: 16))")
        }
        guard macros.isEmpty || answer.actions.contains(.chooseMacros) else {
            throw MilterFailure(.actionNotAgreed, "lists of macros")
        }
        var agreed = answer
        agreed.steps.formIntersection(self.offer.steps)
        self.agreed = agreed
        self.macroNames = macros
        self.state = .idle
    }

    private mutating func note(_ change: MilterChange, _ question: Question) throws(MilterFailure) {
        guard question == .endOfMessage else {
            throw MilterFailure(.unexpectedResponse, "a change before the end of the message")
        }
        guard self.agreed.map({ change.isAllowed(by: $0.actions) }) == true else {
            throw MilterFailure(.actionNotAgreed, change.name)
        }
        self.changes += 1
        switch change {
        case .header(.add(let field)), .header(.insert(let field, _)), .header(.change(let field, _)):
            self.headerOctets += field.name.count + field.value.count
        default: break
        }
        guard self.changes <= self.limits.changes, self.headerOctets <= self.limits.headerOctets else {
            throw MilterFailure(.limitExceeded, "\(self.changes) changes, \(self.headerOctets) octets of header fields")
        }
        self.modifications.add(change)
    }

    private mutating func note(body octets: [UInt8], _ question: Question) throws(MilterFailure) -> [UInt8] {
        guard question == .endOfMessage else {
            throw MilterFailure(.unexpectedResponse, "a body before the end of the message")
        }
        guard self.agreed?.actions.contains(.replaceBody) == true else { throw MilterFailure(.actionNotAgreed, "body") }
        guard octets.count <= self.limits.bodyOctets - self.bodyOctets else {
            throw MilterFailure(.limitExceeded, "a body of more than \(self.limits.bodyOctets) octets")
        }
        self.bodyOctets += octets.count
        self.modifications.replacesBody = true
        return octets
    }

    /// How far an answer reaches: the session, the message, or one recipient.
    private mutating func settle(_ verdict: MilterVerdict, _ question: Question) -> Reaction {
        self.question = nil
        if case .disconnect = verdict { self.sessionVerdict = verdict }
        switch question {
        case .connect, .helo:
            if verdict != .proceed { self.sessionVerdict = verdict }
        case .recipient(let isRejected):
            if isRejected { return .verdict(.proceed) }
            if verdict == .accept || verdict == .discard { self.messageVerdict = verdict }
        case .mail, .data, .header, .endOfHeaders, .body:
            if verdict != .proceed { self.messageVerdict = verdict }
        case .endOfMessage:
            self.state = .idle
            self.isMessageOpen = false
        case .unknown: break
        }
        return .verdict(verdict)
    }

    private mutating func fail(_ code: MilterFailure.Code, _ detail: String) -> MilterFailure {
        self.state = .over
        self.question = nil
        return MilterFailure(code, detail)
    }
}
