import MailSyntax
import NIOCore
import SASL
import SMTP
import SMTPServer
import Synchronization

/// What a ``ScriptedService`` answers: data, so that a dialog file can say it.
struct ScriptedAnswers: Sendable {
    struct Account: Sendable {
        var password: String
        /// Given instead of success though the password is right.
        var reply: Reply?
    }

    var accounts: [String: Account] = ["alice@example.org": Account(password: "secret", reply: nil)]
    var senders: [String: Reply] = [:]
    var recipients: [String: Reply] = [:]
    var message: Reply?
    var endOfMessage: Reply?

    /// `535 5.7.8`, the same for every cause.
    static let wrongCredentials = Reply(535, .init(5, 7, 8), "Authentication failed (ref TEST-TEST)")
}

/// An application behind a listener that answers by ``ScriptedAnswers`` and keeps what it is told.
final class ScriptedService: SessionService {
    struct Message: Sendable {
        var transaction: MailTransaction
        var content: [UInt8]
    }

    /// When answers come.
    enum Pace: Sendable {
        case now
        case later
    }

    let answers: ScriptedAnswers
    let pace: Pace
    /// For every peer, at connect.
    let refusal: Reply?
    private let state = Mutex<(messages: [Message], responders: [ScriptedResponder], peers: [SessionPeer])>(
        ([], [], [])
    )

    init(_ answers: ScriptedAnswers = ScriptedAnswers(), pace: Pace = .now, refusal: Reply? = nil) {
        self.answers = answers
        self.pace = pace
        self.refusal = refusal
    }

    func refusal(for peer: SessionPeer) -> Reply? { self.refusal }

    /// Those for whom a responder was made.
    var peers: [SessionPeer] { self.state.withLock { $0.peers } }

    var messages: [Message] { self.state.withLock { $0.messages } }
    var responders: [ScriptedResponder] { self.state.withLock { $0.responders } }

    func makeResponder(for peer: SessionPeer) -> any SessionResponder {
        let responder = ScriptedResponder(self)
        self.state.withLock { state in
            state.responders.append(responder)
            state.peers.append(peer)
        }
        return responder
    }

    fileprivate func keep(_ message: Message) -> String {
        self.state.withLock {
            $0.messages.append(message)
            return "MESSAGE\($0.messages.count)"
        }
    }
}

final class ScriptedResponder: SessionResponder {
    /// What a responder is told, in order.
    enum Event: Equatable, Sendable {
        case begun
        case ended
        case abandoned
        case closed
    }

    private struct State {
        var account: String?
        var identity: String?
        var accepted = false
        var message: ScriptedService.Message?
        var events: [Event] = []
    }

    private let service: ScriptedService
    private let state = Mutex(State())

    init(_ service: ScriptedService) {
        self.service = service
    }

    var events: [Event] { self.state.withLock { $0.events } }

    func answer(_ request: SessionRequest, facts: SessionFacts) -> SessionResponse {
        let answer = self.answer(request)
        switch self.service.pace {
        case .now: return .now(answer)
        case .later:
            return .later {
                await Task.yield()
                return answer
            }
        }
    }

    private func answer(_ request: SessionRequest) -> SessionAnswer {
        switch request {
        case .authentication(let question): return self.answer(question)
        case .authenticationEnded(let outcome): return self.conclude(outcome)
        case .mail(let mail):
            return self.service.answers.senders[mail.reversePath.description].map { .refused($0) } ?? .accepted
        case .recipient(let recipient):
            return self.service.answers.recipients[recipient.forwardPath.description].map { .refused($0) } ?? .accepted
        case .message(let transaction):
            if let reply = self.service.answers.message { return .refused(reply) }
            self.state.withLock {
                $0.message = ScriptedService.Message(transaction: transaction, content: [])
                $0.events.append(.begun)
            }
            return .accepted
        case .endOfMessage:
            let message = self.state.withLock { state in
                state.events.append(.ended)
                defer { state.message = nil }
                return state.message
            }
            if let reply = self.service.answers.endOfMessage { return .refused(reply) }
            guard let message else { return .refused(Reply(451, .init(4, 3, 0), "No message is open")) }
            return .queued(identifier: self.service.keep(message))
        }
    }

    private func answer(_ question: ServerQuestion) -> SessionAnswer {
        let name = question.authenticationIdentity
        let account = self.service.answers.accounts[name]
        if let reply = account?.reply, reply.code == 454 { return .refused(reply) }
        let isRight: Bool
        let answer: ServerAnswer
        switch question {
        case .password(let credentials):
            isRight = account.map { credentials.password == Secret($0.password) } ?? false
            answer = .password(accepted: isRight)
        case .scram(let question):
            isRight = account != nil
            answer = .scram(self.credential(name, account, question.hash))
        case .sharedSecret:
            isRight = account != nil
            answer = .sharedSecret(account.map { Secret($0.password) })
        case .bearerToken(let question):
            isRight = account.map { question.token == Secret($0.password) } ?? false
            answer = .bearerToken(isRight ? .accepted(identity: name) : .refused(BearerTokenError()))
        case .external:
            isRight = false
            answer = .external(identity: nil)
        case .securityContext(let question):
            isRight = false
            answer = .securityContext(question.perform())
        case .principal:
            isRight = account != nil
            answer = .principal(identity: account == nil ? nil : name)
        }
        self.state.withLock { $0.identity = isRight ? name : nil }
        return .authentication(answer)
    }

    private func credential(
        _ name: String,
        _ account: ScriptedAnswers.Account?,
        _ hash: SCRAMHash
    ) -> SCRAMCredential {
        let fake = SCRAMCredential.fake(for: name, key: Secret("key"), hash: hash, iterations: 4096)
        guard let account else { return fake }
        do {
            return try SCRAMCredential(
                password: Secret(account.password),
                salt: Array("a salt of ours".utf8),
                iterations: 4096,
                hash: hash
            )
        } catch {
            return fake
        }
    }

    private func conclude(_ outcome: AuthenticationOutcome) -> SessionAnswer {
        guard case .succeeded(let identity) = outcome.result,
            let name = self.state.withLock({ $0.identity }),
            identity.authorizationIdentity == nil || identity.authorizationIdentity == name
        else { return .refused(ScriptedAnswers.wrongCredentials) }
        if let reply = self.service.answers.accounts[name]?.reply { return .refused(reply) }
        self.state.withLock { $0.account = name }
        return .authenticated(account: name)
    }

    func append(_ octets: UnsafeRawBufferPointer) -> (@Sendable () async -> Void)? {
        self.state.withLock { $0.message?.content += octets }
        guard self.service.pace == .later else { return nil }
        return { await Task.yield() }
    }

    func abandonMessage() {
        self.state.withLock {
            if $0.message != nil { $0.events.append(.abandoned) }
            $0.message = nil
        }
    }

    func closed() {
        self.state.withLock { $0.events.append(.closed) }
    }
}
