import Testing

@testable import SASL

@Suite("SCRAM client, RFC 5802")
struct SCRAMClientTests {
    static let vector = SCRAMVector.rfcs[1]

    private func client(iterations: SCRAMIterationLimits = .standard) -> SCRAMClient {
        SCRAMClient(
            hash: .sha256,
            credentials: ClientCredentials(authenticationIdentity: "user", password: Secret("pencil")),
            printableNonce: Self.vector.nonces.client,
            iterations: iterations
        )
    }

    /// A client that has sent its proof.
    private func proved() -> SCRAMClient {
        var client = self.client()
        _ = client.start()
        #expect(client.received(challenge: Self.vector.serverFirst.octets).response != nil)
        return client
    }

    static let nonce = "r=rOprNGfwEbeRWgbNEkqOx"
    static let salt = "s=QSXCR+Q6sek8bf92"

    @Test(
        "a bad first message of a server ends the exchange",
        arguments: [
            ("r=zzz,\(salt),i=4096", .nonceMismatch),
            ("r=rOprNGfwEbeRWgbNEkqO,\(salt),i=4096", .nonceMismatch),
            ("\(nonce),\(salt),i=2147483647", .iterationCountRefused),
            ("\(nonce),\(salt),i=600001", .iterationCountRefused),
            ("\(nonce),\(salt),i=4095", .iterationCountRefused),
            ("\(nonce),\(salt),i=1", .iterationCountRefused),
            ("\(nonce),\(salt),i=99999999999999999999999999", .iterationCountRefused),
            ("\(nonce),\(salt),i=0", .malformedChallenge),
            ("\(nonce),\(salt),i=-4096", .malformedChallenge),
            ("\(nonce),\(salt),i=+4096", .malformedChallenge),
            ("\(nonce),\(salt),i=04096", .malformedChallenge),
            ("\(nonce),\(salt),i=", .malformedChallenge),
            ("\(nonce),\(salt)", .malformedChallenge),
            ("\(nonce),s=@@,i=4096", .malformedChallenge),
            ("\(nonce),s=,i=4096", .malformedChallenge),
            ("\(salt),\(nonce),i=4096", .malformedChallenge),
            ("m=x,\(nonce),\(salt),i=4096", .malformedChallenge),
            ("\(nonce),\(salt),i=4096,m=x", .malformedChallenge),
            ("\(nonce)\u{1},\(salt),i=4096", .malformedChallenge),
            ("v=AAAA", .malformedChallenge),
            ("hello", .malformedChallenge),
        ] as [(String, ClientFailure.Reason)]
    )
    func badServerFirst(_ message: String, _ reason: ClientFailure.Reason) {
        var client = self.client()
        _ = client.start()
        #expect(client.received(challenge: message.octets).failure?.reason == reason)
        #expect(client.receivedSuccess(finalData: nil) == .failed(ClientFailure(.serverNotAuthenticated)))
        #expect(client.received(challenge: Self.vector.serverFirst.octets).failure?.reason == .outOfSequence)
    }

    @Test("the limits on iterations are the caller's")
    func limits() {
        var client = self.client(iterations: SCRAMIterationLimits(minimum: 10_000, maximum: 20_000))
        _ = client.start()
        #expect(client.received(challenge: Self.vector.serverFirst.octets).failure?.reason == .iterationCountRefused)
    }

    @Test("an optional extension is overlooked, yet signed")
    func extensions() {
        var client = self.client()
        _ = client.start()
        #expect(client.received(challenge: (Self.vector.serverFirst + ",x=y").octets).response != nil)
        #expect(client.receivedSuccess(finalData: Self.vector.serverFinal.octets) != .succeeded)
    }

    @Test("success without the server's signature is no success")
    func withoutServerFinal() {
        var client = self.proved()
        #expect(client.receivedSuccess(finalData: nil) == .failed(ClientFailure(.serverNotAuthenticated)))
    }

    @Test("success before the proof is no success")
    func early() {
        var client = self.client()
        #expect(client.receivedSuccess(finalData: nil) != .succeeded)
        _ = client.start()
        #expect(client.receivedSuccess(finalData: nil) != .succeeded)
        #expect(client.receivedSuccess(finalData: Self.vector.serverFinal.octets) != .succeeded)
    }

    @Test(
        "a wrong or malformed signature is no success, wherever it comes",
        arguments: [
            ("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", .serverNotAuthenticated),
            ("v=", .serverNotAuthenticated),
            ("", .malformedChallenge),
            ("v", .malformedChallenge),
            ("v=@", .malformedChallenge),
            ("x=1,v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", .malformedChallenge),
            ("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4", .malformedChallenge),
        ] as [(String, ClientFailure.Reason)]
    )
    func badServerFinal(_ message: String, _ reason: ClientFailure.Reason) {
        var first = self.proved()
        #expect(first.receivedSuccess(finalData: message.octets) == .failed(ClientFailure(reason)))
        var second = self.proved()
        #expect(second.received(challenge: message.octets).failure == ClientFailure(reason))
        #expect(second.receivedSuccess(finalData: nil) != .succeeded)
        #expect(second.receivedSuccess(finalData: Self.vector.serverFinal.octets) != .succeeded)
    }

    @Test("the signature as a challenge is answered with an empty response")
    func finalChallenge() {
        var client = self.proved()
        #expect(client.received(challenge: Self.vector.serverFinal.octets).response == [])
        // Words after a 235 may look like base64; the server has proved itself already.
        #expect(client.receivedSuccess(finalData: [1, 2, 3]) == .succeeded)
    }

    @Test("the server's error is named, without what a terminal would act on")
    func serverError() {
        var client = self.proved()
        let failure = client.received(challenge: "e=other-error\u{1B}[2J,x=y".octets).failure
        #expect(failure == ClientFailure(.serverError, serverError: "other-error?[2J"))
        var early = self.client()
        _ = early.start()
        #expect(
            early.received(challenge: "e=unknown-user".octets).failure
                == ClientFailure(.serverError, serverError: "unknown-user")
        )
    }

    @Test("without an initial response the first message answers an empty challenge")
    func withoutInitialResponse() {
        var client = self.client()
        #expect(client.received(challenge: []).response == Self.vector.clientFirst.octets)
        #expect(client.received(challenge: Self.vector.serverFirst.octets).response == Self.vector.clientFinal.octets)
    }
}
