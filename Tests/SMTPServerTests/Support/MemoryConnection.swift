import SASL
import SMTP
import SMTPServer
import Synchronization

/// A client talking to a ``ServerSession`` without any channel: every octet sent is worked off before `send` returns.
final class MemoryConnection: DialogConnection {
    private struct State {
        var session: ServerSession
        var input: [UInt8] = []
        var output: [UInt8] = []
        var isClosed = false
    }

    private let responder: any SessionResponder
    private let state: Mutex<State>

    init(_ configuration: ServerSessionConfiguration, service: any SessionService) {
        self.responder = service.makeResponder(for: SessionPeer(address: nil, port: nil, listener: "memory"))
        self.state = Mutex(State(session: ServerSession(configuration: configuration)))
        self.greet()
    }

    private func greet() {
        let action = self.state.withLock { $0.session.connected() }
        if case .reply(let reply) = action { self.say(reply) }
    }

    var isClosed: Bool { self.state.withLock { $0.isClosed } }
    /// Octets said by the server and not read yet.
    var output: [UInt8] { self.state.withLock { $0.output } }

    func send(_ octets: [UInt8]) async throws {
        self.state.withLock { $0.input += octets }
        while !self.isClosed {
            let (consumed, action, content) = self.state.withLock { state in
                let (consumed, action) = state.input.withUnsafeBytes { input in
                    state.session.receive(input) {
                        ServerSession.ExchangeSeed(nonce: Array("a nonce that is long".utf8), secondsSince1970: 0)
                    }
                }
                var content: [UInt8] = []
                if case .content = action {
                    for range in state.session.kept { content += state.input[range] }
                }
                state.input.removeFirst(consumed)
                return (consumed, action, content)
            }
            if case .waitForInput = action, consumed == 0 { return }
            if case .content = action, !content.isEmpty {
                if let work = content.withUnsafeBytes({ self.responder.append($0) }) { await work() }
            }
            await self.perform(action)
        }
    }

    private func perform(_ action: ServerAction) async {
        switch action {
        case .waitForInput, .content: break
        case .reply(let reply), .startTLS(let reply): self.say(reply)
        case .abandonMessage(let reply):
            self.responder.abandonMessage()
            self.say(reply)
        case .ask(let request):
            let facts = self.state.withLock { state in
                SessionFacts(
                    isTLS: state.session.isTLS,
                    clientName: state.session.clientName,
                    protocolKeyword: state.session.protocolKeyword,
                    mechanism: state.session.mechanismName
                )
            }
            let answer: SessionAnswer
            switch self.responder.answer(request, facts: facts) {
            case .now(let value): answer = value
            case .later(let work): answer = await work()
            }
            await self.perform(self.state.withLock { $0.session.receive(answer) })
        case .becomeClient:
            // Offered to listed addresses only, and here there is none.
            await self.perform(self.state.withLock { $0.session.receive(forwarded: .addressDenied) })
        case .close(let reply):
            if let reply { self.say(reply) }
            self.state.withLock { $0.isClosed = true }
        }
    }

    private func say(_ reply: Reply) {
        self.state.withLock { reply.encode(into: &$0.output) }
    }

    func line() async throws -> String? {
        try self.state.withLock { state in
            guard let end = state.output.firstIndex(of: 0x0a) else {
                if state.isClosed { return nil }
                throw NoReply()
            }
            let line = String(decoding: state.output[..<end].dropLast(), as: UTF8.self)
            state.output.removeFirst(end + 1)
            return line
        }
    }

    func startTLS() async throws {
        self.state.withLock { $0.session.tlsStarted() }
    }

    func close() async throws {
        self.responder.abandonMessage()
        self.responder.closed()
    }
}
