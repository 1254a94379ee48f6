import SASL
import Testing

@Suite("GSSAPI, RFC 4752, over a scripted security context")
struct GSSAPITests {
    private static func server(_ script: ScriptedContexts = ScriptedContexts()) -> any ServerMechanism {
        self.server(script.makeAcceptor())
    }

    private static func server(_ context: ScriptedAcceptor) -> any ServerMechanism {
        guard
            let server = ServerMechanisms.make(
                .gssapi,
                context: ServerMechanismContext(
                    nonce: Exchange.nonce,
                    hostname: "mail.example.org",
                    secondsSince1970: Exchange.time,
                    securityContext: context
                )
            )
        else { fatalError("no server for GSSAPI") }
        return server
    }

    private static func client(
        _ source: any SecurityContextSource = ScriptedContexts(),
        authorizationIdentity: String? = nil
    ) -> any ClientMechanism {
        let credentials = ClientCredentials(tickets: source, authorizationIdentity: authorizationIdentity)
        guard let client = ClientMechanisms.make(.gssapi, credentials: credentials, nonce: Exchange.nonce) else {
            fatalError("no client for GSSAPI")
        }
        return client
    }

    private static func token(_ text: String, _ script: ScriptedContexts = ScriptedContexts()) -> [UInt8] {
        script.wrap(Array(text.utf8), from: initiatorMark)
    }

    /// A server whose context stands and whose offer was sent.
    private static func offered(_ script: ScriptedContexts = ScriptedContexts()) -> any ServerMechanism {
        var server = self.server(script)
        let exchange = Exchange()
        var step = server.received(.present(self.token("ticket")))
        for _ in 0..<3 {
            if case .question(let question) = step { step = server.received(exchange.answer(question)) }
            if case .challenge(let challenge) = step, challenge == script.wrap([1, 0, 0, 0], from: acceptorMark) {
                return server
            }
            if case .challenge = step { step = server.received(response: []) }
        }
        Issue.record("no offer of layers: \(step)")
        return server
    }

    /// Drives a server over questions until it says something to the client.
    private static func settle(_ server: inout any ServerMechanism, _ step: ServerStep) -> ServerStep {
        var step = step
        while case .question(let question) = step { step = server.received(Exchange().answer(question)) }
        return step
    }

    // MARK: Both sides

    @Test("a context of some tokens, with mutual authentication or without", arguments: [1, 2, 5], [true, false])
    func exchange(rounds: Int, isMutual: Bool) {
        let script = ScriptedContexts(rounds: rounds, isMutual: isMutual)
        let outcome = Exchange().run(client: Self.client(script), server: Self.server(script))
        #expect(outcome.identity == AuthenticatedIdentity(authenticationIdentity: "alice"))
        #expect(outcome.client == .succeeded)
        #expect(outcome.transcript.first?.octets == [], "the empty challenge in place of an initial response")
        let beforeOffer = outcome.transcript.dropLast(2).last
        #expect(beforeOffer?.speaker == .client)
        #expect(beforeOffer?.octets.isEmpty == isMutual, "the server's last token is answered by an empty response")
    }

    @Test("the authorization identity goes with the choice of layers; one's own principal counts as none")
    func authorizationIdentity() {
        let other = Exchange().run(client: Self.client(authorizationIdentity: "b\u{F6}b"), server: Self.server())
        #expect(other.identity?.authenticationIdentity == "alice")
        #expect(other.identity?.authorizationIdentity == "b\u{F6}b")
        let own = Exchange().run(client: Self.client(authorizationIdentity: "alice@EXAMPLE.ORG"), server: Self.server())
        #expect(own.identity == AuthenticatedIdentity(authenticationIdentity: "alice"))
    }

    @Test("a principal that is nobody fails with its name")
    func unknownPrincipal() {
        let script = ScriptedContexts(principal: "mallory@ELSEWHERE")
        let outcome = Exchange().run(client: Self.client(script), server: Self.server(script))
        #expect(outcome.failure == ServerFailure(.wrongCredentials, authenticationIdentity: "mallory@ELSEWHERE"))
    }

    @Test("another key is refused, by each side")
    func wrongKey() {
        let server = Exchange().run(client: Self.client(ScriptedContexts(key: 1)), server: Self.server())
        #expect(server.failure?.reason == .wrongCredentials)
        let outcome = Exchange().run(client: Self.client(), server: Self.server()) { index, speaker, octets in
            speaker == .server && index == 2 ? [0] + octets.dropFirst() : octets
        }
        let reason = ClientFailure.Reason.securityContext(SecurityContextFailure(.refused, "wrong key"))
        #expect(outcome.client == .failed(ClientFailure(reason)))
    }

    @Test("two exchanges have a context each")
    func twoExchanges() {
        let (first, second) = (ScriptedContexts().makeAcceptor(), ScriptedContexts().makeAcceptor())
        var (one, two) = (Self.server(first), Self.server(second))
        let (stepOne, stepTwo) = (one.received(.present(Self.token("one"))), two.received(.present(Self.token("two"))))
        _ = Self.settle(&two, stepTwo)
        _ = Self.settle(&one, stepOne)
        #expect(first.accepted == [Array("one".utf8)])
        #expect(second.accepted == [Array("two".utf8)])
    }

    // MARK: The server

    @Test("without a context there is no such mechanism, on either side")
    func absent() {
        #expect(ServerMechanisms.make(.gssapi, nonce: Exchange.nonce, hostname: "h", secondsSince1970: 0) == nil)
        let credentials = ClientCredentials(authenticationIdentity: "alice", password: Secret("x"))
        #expect(ClientMechanisms.make(.gssapi, credentials: credentials, nonce: Exchange.nonce) == nil)
    }

    @Test("an empty token is malformed, as the initial response and as a response")
    func emptyToken() {
        var server = Self.server()
        #expect(server.received(.present([])).failure?.isMalformed == true)
        server = Self.server()
        #expect(server.received(.absent).challenge == [])
        #expect(server.received(response: []).failure?.isMalformed == true)
    }

    @Test("garbage is malformed, a token of another key is refused")
    func garbage() {
        var server = Self.server()
        var step = server.received(.present(Array("no token".utf8)))
        #expect(Self.settle(&server, step).failure?.isMalformed == true)
        server = Self.server()
        step = server.received(.present([0, initiatorMark, 1, 2, 3]))
        #expect(Self.settle(&server, step).failure?.reason == .wrongCredentials)
    }

    @Test("a client that never comes to an end is cut off")
    func endless() {
        let script = ScriptedContexts(rounds: .max)
        var server = Self.server(script)
        var step = Self.settle(&server, server.received(.present(Self.token("0"))))
        var rounds = 0
        while case .challenge = step, rounds < 100 {
            rounds += 1
            step = Self.settle(&server, server.received(response: Self.token("\(rounds)")))
        }
        #expect(step.failure?.isMalformed == true)
        #expect(rounds < 10)
    }

    @Test("data where the last token wants an empty answer is malformed")
    func dataAfterToken() {
        var server = Self.server()
        let step = Self.settle(&server, server.received(.present(Self.token("ticket"))))
        #expect(step.challenge != nil)
        #expect(server.received(response: [1]).failure?.isMalformed == true)
    }

    @Test("one octet more in the choice is an identity, one fewer is malformed")
    func shortChoice() {
        for count in 0..<4 {
            var server = Self.offered()
            let choice = ScriptedContexts().wrap(Array([1, 0, 0, 0].prefix(count)), from: initiatorMark)
            #expect(Self.settle(&server, server.received(response: choice)).failure?.isMalformed == true)
        }
    }

    @Test(
        "another layer, several, none, or a size without one is malformed",
        arguments: [
            [2, 0, 0, 0], [4, 0, 16, 0], [3, 0, 0, 0], [5, 0, 0, 0], [7, 1, 0, 0], [0, 0, 0, 0], [129, 0, 0, 0],
            [1, 0, 0, 1], [1, 255, 255, 255],
        ] as [[UInt8]]
    )
    func wrongLayer(_ octets: [UInt8]) {
        var server = Self.offered()
        let choice = ScriptedContexts().wrap(octets, from: initiatorMark)
        #expect(Self.settle(&server, server.received(response: choice)).failure?.isMalformed == true)
    }

    @Test(
        "an identity that is none is malformed",
        arguments: [[0xFF, 0xFE], [0x61, 0], [UInt8](repeating: 0x61, count: 1_025)] as [[UInt8]]
    )
    func badIdentity(_ identity: [UInt8]) {
        var server = Self.offered()
        let choice = ScriptedContexts().wrap([1, 0, 0, 0] + identity, from: initiatorMark)
        #expect(Self.settle(&server, server.received(response: choice)).failure?.isMalformed == true)
    }

    @Test("the choice may not be empty, unwrapped, or the server's own offer back")
    func unwrappedChoice() {
        let script = ScriptedContexts()
        for response in [[], [1, 0, 0, 0], script.wrap([1, 0, 0, 0], from: acceptorMark)] as [[UInt8]] {
            var server = Self.offered()
            #expect(Self.settle(&server, server.received(response: response)).failure?.isMalformed == true)
        }
    }

    @Test("a failed call and an answer of another kind fail the exchange at every question")
    func wrongAnswers() {
        let wrong: [ServerAnswer] = [
            .password(accepted: true), .external(identity: "alice"), .principal(identity: "alice"),
            .securityContext(.octets([1, 0, 0, 0])), .securityContext(.accepted(.continueNeeded(token: [1]))),
            .securityContext(.failed(SecurityContextFailure(.unavailable, "keys are gone"))),
        ]
        var questions = 0
        for point in 0..<4 {
            for answer in wrong {
                var server = Self.server()
                var step = server.received(.present(Self.token("ticket")))
                var asked = 0
                while true {
                    if case .question(let question) = step {
                        if asked == point { break }
                        asked += 1
                        step = server.received(Exchange().answer(question))
                    } else if case .challenge(let challenge) = step {
                        let isOffer = challenge == ScriptedContexts().wrap([1, 0, 0, 0], from: acceptorMark)
                        step = server.received(
                            response: isOffer ? ScriptedContexts().wrap([1, 0, 0, 0], from: initiatorMark) : []
                        )
                    } else {
                        break
                    }
                }
                guard case .question(let question) = step else {
                    Issue.record("no question \(point)")
                    continue
                }
                questions += 1
                if Self.fits(answer, question) { continue }
                #expect(server.received(answer).failure != nil)
                #expect(server.received(Exchange().answer(question)).failure?.reason == .outOfSequence)
            }
        }
        #expect(questions == 4 * wrong.count)
    }

    private static func fits(_ answer: ServerAnswer, _ question: ServerQuestion) -> Bool {
        switch (question, answer) {
        case (.principal, .principal): return true
        case (.securityContext(let question), .securityContext(.octets)):
            if case .accept = question.call { return false }
            return true
        case (.securityContext(let question), .securityContext(.accepted)):
            if case .accept = question.call { return true }
            return false
        default: return false
        }
    }

    @Test("calls out of order fail")
    func order() {
        var server = Self.server()
        #expect(server.received(response: [1]).failure?.reason == .outOfSequence)
        server = Self.server()
        #expect(server.received(.securityContext(.octets([]))).failure?.reason == .outOfSequence)
        server = Self.server()
        _ = server.received(.absent)
        #expect(server.received(.absent).failure?.reason == .outOfSequence)
        server = Self.server()
        _ = server.received(.present(Self.token("ticket")))
        #expect(server.received(response: [1]).failure?.reason == .outOfSequence)
    }

    @Test("one flipped bit in what the client sends is noticed")
    func flippedBit() {
        let clean = Exchange().run(client: Self.client(), server: Self.server())
        for (index, message) in clean.transcript.enumerated() where message.speaker == .client {
            // The mark and the key stand for what a real token protects; the scripted one protects nothing else.
            for bit in 0..<min(16, message.octets.count * 8) {
                let outcome = Exchange().run(client: Self.client(), server: Self.server()) { position, _, octets in
                    guard position == index else { return octets }
                    var octets = octets
                    octets[bit / 8] ^= 1 << (bit % 8)
                    return octets
                }
                #expect(!outcome.succeeded)
            }
        }
    }

    // MARK: The client

    @Test("without a ticket nothing is sent")
    func noTicket() {
        var client = Self.client(NoTicket())
        #expect(client.start() == .absent)
        let failure = client.received(challenge: []).failure
        #expect(failure == ClientFailure(.securityContext(NoTicket.failure)))
        #expect(failure?.description.contains("No Kerberos credentials") == true)
        #expect(client.received(challenge: []).failure?.reason == .outOfSequence)
    }

    @Test("an authorization identity that cannot be said is refused before anything is sent")
    func unusable() {
        var client = Self.client(authorizationIdentity: "a\u{7}")
        #expect(client.received(challenge: []).failure?.reason == .unusableCredentials)
    }

    @Test("a challenge with data before the first token, and an empty one after it, are malformed")
    func challenges() {
        var client = Self.client()
        #expect(client.received(challenge: [1]).failure?.reason == .malformedChallenge)
        client = Self.client()
        _ = client.received(challenge: [])
        #expect(client.received(challenge: []).failure?.reason == .malformedChallenge)
    }

    @Test(
        "an offer without 'no layer', or of another length, is not taken",
        arguments: [
            ([6, 0, 255, 255], .securityLayerRequired), ([0, 0, 0, 0], .securityLayerRequired),
            ([1, 0, 0], .malformedChallenge), ([], .malformedChallenge), ([1, 0, 0, 0, 0], .malformedChallenge),
        ] as [([UInt8], ClientFailure.Reason)]
    )
    func offers(_ octets: [UInt8], _ reason: ClientFailure.Reason) {
        let script = ScriptedContexts()
        var client = Self.client(script)
        _ = client.received(challenge: [])
        #expect(client.received(challenge: script.wrap([9], from: acceptorMark)).response == [])
        #expect(client.received(challenge: script.wrap(octets, from: acceptorMark)).failure?.reason == reason)
        #expect(client.receivedSuccess(finalData: nil) != .succeeded)
    }

    @Test("layers besides 'none' may be offered, with any size")
    func moreLayers() {
        let script = ScriptedContexts()
        var client = Self.client(script)
        _ = client.received(challenge: [])
        _ = client.received(challenge: script.wrap([9], from: acceptorMark))
        let response = client.received(challenge: script.wrap([7, 255, 255, 255], from: acceptorMark)).response
        #expect(response == script.wrap([1, 0, 0, 0], from: initiatorMark))
        #expect(client.receivedSuccess(finalData: nil) == .succeeded)
    }

    @Test("a success before the choice is not trusted, nor a challenge after it")
    func earlySuccess() {
        let script = ScriptedContexts()
        var client = Self.client(script)
        #expect(client.receivedSuccess(finalData: nil) == .failed(ClientFailure(.serverNotAuthenticated)))
        _ = client.received(challenge: [])
        #expect(client.receivedSuccess(finalData: nil) == .failed(ClientFailure(.serverNotAuthenticated)))
        _ = client.received(challenge: script.wrap([9], from: acceptorMark))
        #expect(client.receivedSuccess(finalData: nil) == .failed(ClientFailure(.serverNotAuthenticated)))
        _ = client.received(challenge: script.wrap([1, 0, 0, 0], from: acceptorMark))
        #expect(client.received(challenge: []).failure?.reason == .outOfSequence)
    }

    @Test("a ticket is for GSSAPI, and GSSAPI for a ticket")
    func ranking() {
        let offered: [MechanismName] = [.plain, .gssapi, .scramSHA256]
        let with = ClientMechanisms.ranked(
            offered: offered,
            overTLS: true,
            allowClearTextWithoutTLS: false,
            kind: .ticket
        )
        #expect(with == [.gssapi])
        let without = ClientMechanisms.ranked(offered: offered, overTLS: true, allowClearTextWithoutTLS: false)
        #expect(without == [.scramSHA256, .plain])
    }
}
