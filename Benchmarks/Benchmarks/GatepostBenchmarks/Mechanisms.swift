import Benchmark
import SASL

/// What the server computes for one login, the back end's look-up (and Argon2id) left out.
func mechanismBenchmarks() {
    // A bearer token has no spaces.
    let password = Secret("correct-horse-battery-staple")
    let credentials = ClientCredentials(authenticationIdentity: "alice@example.org", password: password)
    // GSSAPI's work is the Kerberos library's: `kerberosBenchmarks`.
    for name in ServerMechanisms.available where name != .gssapi {
        let answer: (ServerQuestion) -> ServerAnswer
        do {
            answer = try makeAnswers(password)
        } catch {
            preconditionFailure("the credential cannot be derived: \(error)")
        }
        // The nonces stay the same, so one recorded client serves every run.
        let responses = record(name, credentials, answer)
        Benchmark("SASL: verify \(name)") { benchmark in
            for _ in benchmark.scaledIterations {
                precondition(replay(name, responses, answer), "the recorded login is refused")
            }
        }
    }
    Benchmark("SASL: derive SCRAM-SHA-256 keys, 4096 rounds", configuration: .init(scalingFactor: .one)) { benchmark in
        for _ in benchmark.scaledIterations {
            blackHole(
                try SCRAMCredential(
                    password: password,
                    salt: Array("a salt of ours".utf8),
                    iterations: 4096,
                    hash: .sha256
                )
            )
        }
    }
}

private let nonce = Array("a nonce that is long".utf8)

private func makeAnswers(_ password: Secret) throws -> (ServerQuestion) -> ServerAnswer {
    let salt = Array("a salt of ours".utf8)
    let hashes: [SCRAMHash] = [.sha1, .sha256, .sha512]
    let credentials = try hashes.map {
        ($0, try SCRAMCredential(password: password, salt: salt, iterations: 4096, hash: $0))
    }
    let byHash = Dictionary(uniqueKeysWithValues: credentials)
    let unknown = SCRAMCredential.fake(for: "nobody", key: password, hash: .sha256, iterations: 4096)
    return { question in
        switch question {
        case .password: .password(accepted: true)
        case .scram(let question): .scram(byHash[question.hash] ?? unknown)
        case .sharedSecret: .sharedSecret(password)
        case .external: .external(identity: "alice@example.org")
        case .bearerToken: .bearerToken(.accepted(identity: "alice@example.org"))
        case .securityContext(let question): .securityContext(question.perform())
        case .principal: .principal(identity: "alice@example.org")
        }
    }
}

private let bindings = ChannelBindings([.tlsExporter: Array(repeating: 7, count: 32)])

private func makeServer(_ name: MechanismName) -> any ServerMechanism {
    guard
        let server = ServerMechanisms.make(
            name,
            context: ServerMechanismContext(
                nonce: nonce,
                hostname: "mail.example.org",
                secondsSince1970: 1_790_000_000,
                channelBindings: bindings
            )
        )
    else { preconditionFailure("no mechanism \(name)") }
    return server
}

/// What our own client says in a login: the initial response, then its responses.
private func record(
    _ name: MechanismName,
    _ credentials: ClientCredentials,
    _ answer: (ServerQuestion) -> ServerAnswer
) -> (InitialResponse, [[UInt8]]) {
    guard var client = ClientMechanisms.make(name, credentials: credentials, nonce: nonce, channelBindings: bindings)
    else {
        preconditionFailure("no mechanism \(name)")
    }
    var server = makeServer(name)
    let first = client.start()
    var responses: [[UInt8]] = []
    var step = server.received(first)
    while true {
        switch step {
        case .question(let question): step = server.received(answer(question))
        case .challenge(let challenge):
            guard case .respond(let response) = client.received(challenge: challenge) else {
                preconditionFailure("the client gives up")
            }
            responses.append(response)
            step = server.received(response: response)
        case .succeeded, .failed: return (first, responses)
        }
    }
}

private func replay(
    _ name: MechanismName,
    _ responses: (InitialResponse, [[UInt8]]),
    _ answer: (ServerQuestion) -> ServerAnswer
) -> Bool {
    var server = makeServer(name)
    var rest = responses.1[...]
    var step = server.received(responses.0)
    while true {
        switch step {
        case .question(let question): step = server.received(answer(question))
        case .challenge: step = server.received(response: rest.popFirst() ?? [])
        case .succeeded: return true
        case .failed: return false
        }
    }
}
