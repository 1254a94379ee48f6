internal import GatepostModel
internal import SASL
internal import SMTP
internal import SMTPServer

/// A whole SMTP session without a connection: what the client says goes in, replies come out.
///
/// The session machine and the responder are those of a listener; only the octets come from memory.
struct SessionConversation {
    /// Stands in for the responder where logins are concerned.
    struct Login {
        var answer: (SessionRequest, SessionFacts) async -> SessionAnswer?
        var noticed: (AuthenticationNotice) -> Void
    }

    private var session: ServerSession
    private let responder: any SessionResponder
    private let tlsVersion: String?
    private let login: Login?
    private var input: [UInt8] = []
    private var replies: [Reply] = []
    /// The session is over: nothing that is said is heard.
    private(set) var isClosed = false

    init(
        _ configuration: ServerSessionConfiguration,
        responder: any SessionResponder,
        isTLS: Bool,
        login: Login? = nil
    ) {
        self.session = ServerSession(configuration: configuration)
        self.responder = responder
        self.tlsVersion = isTLS ? "1.3" : nil
        self.login = login
        if isTLS { self.session.tlsStarted() }
    }

    private var facts: SessionFacts {
        SessionFacts(
            isTLS: self.session.isTLS,
            clientName: self.session.clientName,
            protocolKeyword: self.session.protocolKeyword,
            mechanism: self.session.mechanismName,
            tlsVersion: self.tlsVersion
        )
    }

    /// - Parameter text: Lines without their CRLF.
    /// - Returns: What the server replied to all of it.
    mutating func say(_ text: String) async -> [Reply] {
        await self.say(octets: Array(text.utf8) + [0x0d, 0x0a])
    }

    mutating func say(octets: [UInt8]) async -> [Reply] {
        self.input += octets
        self.replies = []
        while !self.isClosed {
            let (consumed, action) = self.input.withUnsafeBytes { octets in
                self.session.receive(octets) {
                    ServerSession.ExchangeSeed(nonce: RandomOctets.make(24), secondsSince1970: 0)
                }
            }
            if case .content = action { await self.keep() }
            self.input.removeFirst(consumed)
            if let notice = self.session.takeAuthenticationNotice() {
                if let login { login.noticed(notice) } else { self.responder.noticed(notice, facts: self.facts) }
            }
            if case .waitForInput = action, consumed == 0 { break }
            await self.perform(action)
        }
        return self.replies
    }

    /// Hangs up.
    mutating func end() {
        self.isClosed = true
        self.responder.abandonMessage()
        self.responder.closed()
    }

    private func keep() async {
        for range in self.session.kept {
            let work = self.input[range].withUnsafeBytes { self.responder.append($0) }
            await work?()
        }
    }

    private mutating func perform(_ first: ServerAction) async {
        var action = first
        while true {
            switch action {
            case .waitForInput, .content, .becomeClient: return
            case .reply(let reply): return self.replies.append(reply)
            case .abandonMessage(let reply):
                self.responder.abandonMessage()
                return self.replies.append(reply)
            case .startTLS(let reply):
                self.session.tlsStarted()
                return self.replies.append(reply)
            case .close(let reply):
                if let reply { self.replies.append(reply) }
                self.isClosed = true
                return
            case .ask(let request):
                action = self.session.receive(await self.answer(request))
            }
        }
    }

    private func answer(_ request: SessionRequest) async -> SessionAnswer {
        if let answer = await self.login?.answer(request, self.facts) { return answer }
        switch self.responder.answer(request, facts: self.facts) {
        case .now(let answer): return answer
        case .later(let work): return await work()
        }
    }
}
