internal import AuthenticationProtocols
internal import SASL

/// What a Dovecot answers our client: events do not depend on how the octets arrive, and only what was asked is answered.
///
/// The first octet says how many questions are open.
func fuzzDovecotClient(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let octets = Array(input.dropFirst())
    let questions = Int(first % 8)
    let whole = dovecotEvents([octets], questions)
    let cut = dovecotEvents(octets.map { [$0] }, questions)
    check(whole.isBroken == cut.isBroken, "the verdict on the server depends on how octets arrive")
    // What came with the same octets before a fault is dropped with the connection.
    if !whole.isBroken { check(whole.events == cut.events, "events depend on how octets arrive") }
    var open = Set(1...8).filter { $0 <= questions }
    var isReady = false
    for event in whole.events {
        switch event {
        case .ready(let mechanisms):
            check(!isReady, "the handshake ends twice")
            check(mechanisms.contains("PLAIN"), "ready without PLAIN")
            isReady = true
        case .answer(let identifier, let verdict):
            check(isReady, "an answer before the handshake")
            check(open.remove(Int(identifier)) != nil, "an answer to nobody, or a second one")
            if case .accepted(let user) = verdict { check(!user.isEmpty, "accepted, but nobody") }
        }
    }
}

private struct DovecotEvents {
    var events: [DovecotAuthClient.Event] = []
    var isBroken = false
}

private func dovecotEvents(_ parts: [[UInt8]], _ questions: Int) -> DovecotEvents {
    var client = DovecotAuthClient(processIdentifier: 1)
    _ = client.start()
    for _ in 0..<questions {
        _ = client.authenticate(
            DovecotAuthClient.Request(user: "alice", password: Secret("secret"), isSecured: true)
        )
    }
    var result = DovecotEvents()
    for part in parts {
        do {
            result.events += try client.receive(part)
        } catch {
            result.isBroken = true
            break
        }
    }
    return result
}
