import SASL
import Testing

@Suite("Data with success, where the protocol has no field for it (RFC 4422 §3.6)")
struct FinalDataAsChallengeTests {
    /// Says yes at once, with the data given.
    private struct Yes: ServerMechanism {
        var finalData: [UInt8]?
        var name: MechanismName { .plain }
        private var answer: ServerStep {
            .succeeded(AuthenticatedIdentity(authenticationIdentity: "alice"), finalData: self.finalData)
        }

        init(_ finalData: [UInt8]?) { self.finalData = finalData }

        mutating func received(_ initialResponse: InitialResponse) -> ServerStep { self.answer }
        mutating func received(response: [UInt8]) -> ServerStep { self.answer }
        mutating func received(_ answer: ServerAnswer) -> ServerStep { self.answer }
    }

    @Test("the data is a challenge, which an empty response answers")
    func challenge() {
        var mechanism = FinalDataAsChallenge(Yes([1, 2]))
        guard case .challenge([1, 2]) = mechanism.received(.absent) else {
            Issue.record("no challenge")
            return
        }
        guard case .succeeded(let identity, nil) = mechanism.received(response: []) else {
            Issue.record("no success")
            return
        }
        #expect(identity.authenticationIdentity == "alice")
    }

    @Test("another response fails the exchange")
    func notEmpty() {
        var mechanism = FinalDataAsChallenge(Yes([]))
        _ = mechanism.received(response: [7])
        guard case .failed(let failure) = mechanism.received(response: [0]) else {
            Issue.record("no failure")
            return
        }
        #expect(failure.isMalformed && failure.authenticationIdentity == "alice")
    }

    @Test("success without data is success at once")
    func noData() {
        var mechanism = FinalDataAsChallenge(Yes(nil))
        guard case .succeeded(_, nil) = mechanism.received(.password(accepted: true)) else {
            Issue.record("no success")
            return
        }
        #expect(mechanism.name == .plain)
    }
}
