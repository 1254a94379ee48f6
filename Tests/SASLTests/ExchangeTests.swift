import SASL
import Testing

@Suite("Client against server, every mechanism")
struct ExchangeTests {
    static let mechanisms = Exchange.passwordMechanisms

    @Test("the right password is taken, with and without an initial response", arguments: mechanisms, [true, false])
    func rightPassword(_ name: MechanismName, usesInitialResponse: Bool) {
        let outcome = Exchange().run(
            client: Exchange.client(name),
            server: Exchange.server(name),
            usesInitialResponse: usesInitialResponse
        )
        #expect(outcome.identity == AuthenticatedIdentity(authenticationIdentity: "user"))
        #expect(outcome.client == .succeeded)
    }

    @Test("final data may come as a challenge before the success", arguments: mechanisms)
    func finalDataAsChallenge(_ name: MechanismName) {
        let outcome = Exchange(sendsFinalDataAsChallenge: true).run(
            client: Exchange.client(name),
            server: Exchange.server(name)
        )
        #expect(outcome.succeeded)
    }

    @Test("a wrong password and an unknown user fail alike", arguments: mechanisms)
    func wrongPassword(_ name: MechanismName) {
        let wrong = Exchange().run(client: Exchange.client(name, password: "Pencil"), server: Exchange.server(name))
        let unknown = Exchange().run(client: Exchange.client(name, user: "other"), server: Exchange.server(name))
        #expect(wrong.failure == ServerFailure(.wrongCredentials, authenticationIdentity: "user"))
        #expect(unknown.failure == ServerFailure(.wrongCredentials, authenticationIdentity: "other"))
        #expect(wrong.transcript.map(\.speaker) == unknown.transcript.map(\.speaker))
    }

    @Test("names and passwords beyond ASCII are prepared on both sides", arguments: mechanisms)
    func nonASCII(_ name: MechanismName) {
        // NFC at the server, NFD and a full-width letter at the client.
        let outcome = Exchange(accounts: ["j\u{F6}rg": "p\u{E4}ss \u{1F511}"]).run(
            client: Exchange.client(name, user: "jo\u{308}rg", password: "\u{FF50}a\u{308}ss\u{A0}\u{1F511}"),
            server: Exchange.server(name)
        )
        #expect(outcome.identity?.authenticationIdentity == "j\u{F6}rg")
        #expect(outcome.client == .succeeded)
    }

    @Test("a comma and an equals sign in a name survive", arguments: mechanisms)
    func commaAndEquals(_ name: MechanismName) {
        let outcome = Exchange(accounts: ["a,b=c d": "p,=w"]).run(
            client: Exchange.client(name, user: "a,b=c d", password: "p,=w"),
            server: Exchange.server(name)
        )
        #expect(outcome.identity?.authenticationIdentity == "a,b=c d")
        #expect(outcome.client == .succeeded)
    }

    @Test(
        "an authorization identity is handed on, or refused by a client whose mechanism has none",
        arguments: mechanisms
    )
    func authorizationIdentity(_ name: MechanismName) {
        let outcome = Exchange().run(
            client: Exchange.client(name, authorizationIdentity: "o,ther"),
            server: Exchange.server(name)
        )
        if name == .login || name == .cramMD5 || name == .ntlm {
            #expect(outcome.client == .failed(ClientFailure(.unusableCredentials)))
        } else {
            #expect(outcome.identity?.authorizationIdentity == "o,ther")
            #expect(outcome.identity?.asksForOtherIdentity == true)
            #expect(outcome.client == .succeeded)
        }
    }

    @Test(
        "credentials that cannot be used are refused before anything of them is sent",
        arguments: mechanisms,
        [("", "pencil"), ("user", ""), ("us\u{7}er", "pencil"), ("user", "pen\u{0}cil"), ("user", "long")]
    )
    func unusableCredentials(_ name: MechanismName, _ credentials: (user: String, password: String)) {
        let password = credentials.password == "long" ? String(repeating: "p", count: 1_025) : credentials.password
        var client = Exchange.client(name, user: credentials.user, password: password)
        #expect(client.start() == .absent)
        #expect(client.received(challenge: []).failure == ClientFailure(.unusableCredentials))
        #expect(client.receivedSuccess(finalData: nil) != .succeeded)
    }

    /// What the client says in CRAM-MD5 may differ in the case of the digest's digits only, and what both say in DIGEST-MD5 in
    /// the case of names, in what the other side may ignore, and in directives that no digest covers.
    private static func isSameMessage(_ name: MechanismName, _ first: [UInt8], _ second: [UInt8]) -> Bool {
        if name == .digestMD5 {
            return DigestMeaning(first) == DigestMeaning(second)
        }
        guard name == .cramMD5, first.count > 33, second.count == first.count else { return false }
        func fold(_ octets: [UInt8]) -> [UInt8] {
            octets.dropLast(32) + octets.suffix(32).map { $0 | 0x20 }
        }
        return fold(first) == fold(second)
    }

    /// A LOGIN prompt and the empty challenge of PLAIN say nothing; what becomes of them does not matter.
    private static func matters(_ name: MechanismName, _ speaker: Exchange.Speaker) -> Bool {
        speaker == .client || !(name == .login || name == .plain)
    }

    @Test("one flipped bit anywhere is noticed", arguments: mechanisms, [true, false])
    func flippedBit(_ name: MechanismName, finalDataAsChallenge: Bool) {
        let exchange = Exchange(iterations: 2, sendsFinalDataAsChallenge: finalDataAsChallenge)
        let clean = exchange.run(client: Exchange.client(name), server: Exchange.server(name))
        #expect(clean.succeeded)
        for (index, message) in clean.transcript.enumerated() where Self.matters(name, message.speaker) {
            for offset in message.octets.indices {
                for bit in 0..<8 {
                    var changed = message.octets
                    changed[offset] ^= 1 << bit
                    guard !Self.isSameMessage(name, changed, message.octets) else { continue }
                    let outcome = exchange.run(client: Exchange.client(name), server: Exchange.server(name)) {
                        $0 == index ? changed : $2
                    }
                    #expect(!outcome.succeeded, "message \(index), octet \(offset), bit \(bit)")
                }
            }
        }
    }

    @Test("each message cut off at every length is noticed", arguments: mechanisms, [true, false])
    func truncated(_ name: MechanismName, finalDataAsChallenge: Bool) {
        let exchange = Exchange(iterations: 2, sendsFinalDataAsChallenge: finalDataAsChallenge)
        let clean = exchange.run(client: Exchange.client(name), server: Exchange.server(name))
        for (index, message) in clean.transcript.enumerated() where Self.matters(name, message.speaker) {
            for length in message.octets.indices {
                let outcome = exchange.run(client: Exchange.client(name), server: Exchange.server(name)) {
                    $0 == index ? Array($2.prefix(length)) : $2
                }
                // Without its initial response NTLM begins anew.
                guard name != .ntlm || index > 0 || length > 0 else { continue }
                #expect(!outcome.succeeded, "message \(index) cut to \(length)")
            }
        }
    }

    @Test(
        "octets appended to a message are noticed",
        arguments: mechanisms,
        ["x", "\0", ",", " ", "=", "\r\n", "\u{7F}"]
    )
    func appended(_ name: MechanismName, _ tail: String) {
        let exchange = Exchange(iterations: 2)
        let clean = exchange.run(client: Exchange.client(name), server: Exchange.server(name))
        for (index, message) in clean.transcript.enumerated() where Self.matters(name, message.speaker) {
            guard !Self.isSameMessage(name, message.octets + tail.octets, message.octets) else { continue }
            let outcome = exchange.run(client: Exchange.client(name), server: Exchange.server(name)) {
                $0 == index ? $2 + tail.octets : $2
            }
            #expect(!outcome.succeeded, "message \(index)")
        }
    }
}
