internal import SASL

/// What the back end answers: one account, whose password is "secret".
func answer(_ question: ServerQuestion) -> ServerAnswer {
    check(!question.authenticationIdentity.isEmpty, "an empty identity is asked about")
    check(!question.authenticationIdentity.utf8.contains(0), "an identity with NUL is asked about")
    switch question {
    case .password(let credentials): return .password(accepted: credentials.password == Secret("secret"))
    case .scram(let question):
        return .scram(SCRAMCredential.fake(for: "x", key: Secret("k"), hash: question.hash, iterations: 4096))
    case .sharedSecret: return .sharedSecret(Secret("secret"))
    }
}

/// Messages of a client, split at each 0xFF after a length of the first octet's choice: an initial response, then responses.
func fuzzServerMechanism(_ name: MechanismName, _ input: [UInt8]) {
    guard let first = input.first,
        var mechanism = ServerMechanisms.make(
            name,
            nonce: Array("a nonce that is long".utf8),
            hostname: "mail.example.org",
            secondsSince1970: 0
        )
    else { return }
    var messages = input.dropFirst().split(separator: 0xff, omittingEmptySubsequences: false).map(Array.init)[...]
    var step = mechanism.received(first & 1 == 0 ? .absent : .present(messages.popFirst() ?? []))
    var steps = 0
    while steps < 20 {
        steps += 1
        switch step {
        case .challenge:
            guard let message = messages.popFirst() else { return }
            step = mechanism.received(response: message)
        case .question(let question):
            step = mechanism.received(answer(question))
        case .succeeded(let identity, _):
            check(name != .scramSHA256, "a login without the password")
            check(!identity.authenticationIdentity.isEmpty, "a login without a name")
            return
        case .failed:
            // Nothing revives an exchange that failed.
            guard case .failed = mechanism.received(response: messages.popFirst() ?? []) else {
                return check(false, "an exchange goes on after its failure")
            }
            return
        }
    }
    check(false, "an exchange without end")
}

/// A server's challenges to our client, split at each 0xFF; the last may be the final data with success.
func fuzzClientMechanism(_ name: MechanismName, _ input: [UInt8]) {
    guard
        var mechanism = ClientMechanisms.make(
            name,
            credentials: ClientCredentials(authenticationIdentity: "alice", password: Secret("secret")),
            nonce: Array("a nonce that is long".utf8),
            iterations: SCRAMIterationLimits(minimum: 1, maximum: 64)
        )
    else { return }
    _ = mechanism.start()
    let messages = input.split(separator: 0xff, omittingEmptySubsequences: false).map(Array.init)
    for message in messages.dropLast() {
        guard case .respond = mechanism.received(challenge: message) else { return }
    }
    if case .succeeded = mechanism.receivedSuccess(finalData: messages.last) {
        check(false, "a server that does not know the password is trusted")
    }
}
