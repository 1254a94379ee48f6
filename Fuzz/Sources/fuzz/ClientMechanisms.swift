internal import SASL
internal import SMTP

/// The first octet chooses the mechanism, the rest are a server's challenges; see ``fuzzClientMechanism(_:_:)``.
func fuzzAnyClientMechanism(_ input: [UInt8]) {
    guard let first = input.first else { return }
    // GSSAPI needs a security context, and has a target of its own.
    let names = ClientMechanisms.all.filter { $0 != .gssapi }
    fuzzClientMechanism(names[Int(first) % names.count], Array(input.dropFirst()))
}

/// A server's challenges to our client, split at each 0xFF; the last may be the final data with success.
func fuzzClientMechanism(_ name: MechanismName, _ input: [UInt8]) {
    guard
        var mechanism = ClientMechanisms.make(
            name,
            credentials: ClientCredentials(authenticationIdentity: "alice", password: Secret("secret")),
            nonce: Array("a nonce that is long".utf8),
            iterations: SCRAMIterationLimits(minimum: 1, maximum: 64),
            channelBindings: ChannelBindings([.tlsExporter: Array(repeating: 7, count: 32)]),
            hostname: "mail.example.org"
        )
    else { return check(false, "no mechanism \(name)") }
    _ = mechanism.start()
    let messages = input.split(separator: 0xff, omittingEmptySubsequences: false).map(Array.init)
    for message in messages.dropLast() {
        switch mechanism.received(challenge: message) {
        case .respond(let response):
            check(response.count <= 8_192 + message.count * 2, "a response of \(response.count) octets")
        case .failed: return
        }
        if let error = mechanism.serverError { _ = BearerTokenError(json: Array(error.utf8)) }
    }
    let outcome = mechanism.receivedSuccess(finalData: messages.last)
    if case .succeeded = outcome, provesTheServer(name) {
        check(false, "a server that does not know the password is trusted")
    }
}

private func provesTheServer(_ name: MechanismName) -> Bool {
    switch name {
    case .plain, .login, .cramMD5, .ntlm, .external, .oauthBearer, .xoauth2: false
    default: true
    }
}

/// What a server says from its greeting on to a client that wants to log in. The first octet chooses what it has: a password, a token or
/// a certificate, and whether TLS is on.
func fuzzClientLogin(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let kind: ClientCredentials.Kind =
        switch first % 3 {
        case 0: .password
        case 1: .bearerToken
        default: .certificate
        }
    let isTLS = first & 0x80 != 0
    var session = ClientSession(
        configuration: ClientSession.Configuration(
            heloName: "client.example.net",
            security: isTLS ? .implicit : .none,
            credentials: ClientCredentials(authenticationIdentity: "alice", password: Secret("secret"), kind: kind),
            serverName: "mail.example.org",
            recordsTranscript: true,
            nonce: { Array("a nonce that is long".utf8) }
        )
    )
    session.connected()
    if isTLS {
        session.tlsEstablished(channelBindings: ChannelBindings([.tlsExporter: Array(repeating: 7, count: 32)]))
    }
    session.received(input.dropFirst())
    var sent: [[UInt8]] = []
    while let action = session.nextAction() {
        if case .send(let octets) = action { sent.append(octets) }
    }
    for line in sent {
        check(line.suffix(2).elementsEqual([0x0d, 0x0a]), "a line without an end")
        check(!line.dropLast(2).contains { $0 == 0x0d || $0 == 0x0a || $0 == 0 }, "a line with a line in it")
    }
    // What hands over the password itself goes out over TLS only, and each mechanism once.
    let logins = sent.filter { $0.starts(with: "AUTH ".utf8) }
    let names = logins.compactMap { line in MechanismName(line.dropFirst(5).prefix { $0 != 0x20 && $0 != 0x0d }) }
    check(Set(names).count == names.count, "a mechanism is tried twice")
    check(isTLS || !names.contains { $0.revealsPassword || $0 == .external }, "a password in clear")
    let transcript = session.takeTranscript()
    check(!transcript.contains { $0.text.contains("secret") && $0.origin == .client }, "a secret in the transcript")
}
