internal import SASL

/// What the back end answers: one account, "alice", whose password and token are "secret".
func answer(_ question: ServerQuestion) -> ServerAnswer {
    check(!question.authenticationIdentity.utf8.contains(0), "an identity with NUL is asked about")
    switch question {
    case .external, .bearerToken, .securityContext: break
    default: check(!question.authenticationIdentity.isEmpty, "an empty identity is asked about")
    }
    switch question {
    case .password(let credentials): return .password(accepted: credentials.password == Secret("secret"))
    case .scram(let question):
        return .scram(SCRAMCredential.fake(for: "x", key: Secret("k"), hash: question.hash, iterations: 4096))
    case .sharedSecret: return .sharedSecret(Secret("secret"))
    case .external(let question):
        let isAlice = question.authorizationIdentity.map { $0 == "alice" } ?? true
        return .external(identity: isAlice ? "alice" : nil)
    case .bearerToken(let question):
        return question.token == Secret("secret")
            ? .bearerToken(.accepted(identity: "alice")) : .bearerToken(.refused(.init()))
    case .securityContext(let question): return .securityContext(question.perform())
    case .principal(let question): return .principal(identity: question.principal == "alice@R" ? "alice" : nil)
    }
}

/// Whether a fuzzer that does not compute digests could have logged in by itself.
private func provesNothing(_ name: MechanismName) -> Bool {
    switch name {
    case .plain, .login, .external, .oauthBearer, .xoauth2, .gssapi: true
    default: false
    }
}

/// Messages of a client, split at each 0xFF: an initial response if the first octet says so, then responses.
///
/// The first octet's bits: an initial response, NTLMv1, a channel to bind to, -PLUS was offered; where there are several names, the
/// upper half chooses one.
func fuzzServerMechanism(_ names: [MechanismName], _ input: [UInt8]) {
    guard let first = input.first, let name = names.isEmpty ? nil : names[Int(first >> 4) % names.count] else { return }
    var context = ServerMechanismContext(
        nonce: Array("a nonce that is long".utf8),
        hostname: "mail.example.org",
        secondsSince1970: 0
    )
    context.allowsNTLMv1 = first & 2 != 0
    context.channelBindings =
        first & 4 != 0 || name.bindsToChannel
        ? ChannelBindings([.tlsExporter: Array(repeating: 7, count: 32), .tlsServerEndPoint: [1, 2, 3]]) : .none
    context.offersChannelBinding = first & 8 != 0
    context.securityContext = OpenContext()
    guard var mechanism = ServerMechanisms.make(name, context: context) else {
        return check(false, "no mechanism \(name)")
    }
    var messages = input.dropFirst().split(separator: 0xff, omittingEmptySubsequences: false).map(Array.init)[...]
    var step = mechanism.received(first & 1 == 0 ? .absent : .present(messages.popFirst() ?? []))
    var steps = 0
    // A security context may want any number of tokens; each costs the client a message.
    let limit = 20 + 3 * messages.count
    while steps < limit {
        steps += 1
        switch step {
        case .challenge(let challenge):
            check(challenge.count <= 2_048, "a challenge of \(challenge.count) octets")
            guard let message = messages.popFirst() else { return }
            step = mechanism.received(response: message)
        case .question(let question):
            step = mechanism.received(answer(question))
        case .succeeded(let identity, _):
            check(provesNothing(name), "a login without the password")
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

/// A name or a password as a client typed it: what SASLprep makes of it is stable and holds nothing forbidden.
func fuzzSASLprep(_ input: [UInt8]) {
    guard let first = input.first, let text = String(validating: input.dropFirst(), as: UTF8.self) else { return }
    let stored: String
    do {
        stored = try SASLprep.prepare(text, for: first & 1 == 0 ? .stored : .query)
    } catch {
        return
    }
    check(!stored.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f }, "a control character is let through")
    do {
        check(try SASLprep.prepare(stored, for: .query) == stored, "preparing twice is not preparing once")
    } catch {
        // What is unassigned in Unicode 3.2 cannot come out of a stored string, but a query lets it through.
        check(false, "what was prepared is refused: \(error)")
    }
}
