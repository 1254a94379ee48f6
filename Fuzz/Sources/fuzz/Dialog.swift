internal import SASL
internal import SMTP

/// A whole session. The first octet chooses the listener and where the input is cut.
///
/// Replies must be well-formed, hold no control octet, be no more than the lines sent, and not depend on the cut.
func fuzzDialog(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let octets = Array(input.dropFirst())
    let cut = octets.isEmpty ? 0 : Int(first) * 31 % (octets.count + 1)
    let isSubmission = first & 1 == 0
    let whole = converse([octets], isSubmission)
    checkReplies(whole, lines: zip(octets, octets.dropFirst()).filter { $0 == (0x0d, 0x0a) }.count)
    check(converse([Array(octets[..<cut]), Array(octets[cut...])], isSubmission) == whole, "replies depend on the cut")
    check(converse(octets.map { [$0] }, isSubmission) == whole, "replies depend on the cut")
}

private func checkReplies(_ output: [UInt8], lines: Int) {
    var replies = 0
    var rest = output[...]
    while let end = rest.firstIndex(of: 0x0a) {
        let line = rest[..<end]
        check(line.last == 0x0d, "a reply ends in LF alone")
        check(line.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7f }, "a reply holds a control octet")
        check(line.count > 4 && line.prefix(3).allSatisfy { (0x30...0x39).contains($0) }, "a reply without code")
        if line.dropFirst(3).first == 0x20 { replies += 1 }
        rest = rest[(end + 1)...]
    }
    check(rest.isEmpty, "half a reply")
    // The greeting, and the farewell to a lone CR or LF.
    check(replies <= lines + 2, "more replies than commands")
}

/// Plays a client's octets, in the given pieces, to a session whose service says yes to all but passwords other than "secret".
private func converse(_ parts: [[UInt8]], _ isSubmission: Bool) -> [UInt8] {
    var session = ServerSession(
        configuration: ServerSessionConfiguration(
            hostname: "mail.example.org",
            service: isSubmission ? .submission : .reception,
            // With STARTTLS what may stand behind a command depends on the cut, and rightly so.
            security: .implicit,
            mechanisms: [.scramSHA256, .plain, .login, .cramMD5],
            maximumMessageOctets: 10_000,
            maximumRecipients: 5
        )
    )
    var output: [UInt8] = []
    var pending: [UInt8] = []
    var messageOctets = 0
    guard case .reply(let greeting) = session.connected() else { return [] }
    greeting.encode(into: &output)
    for part in parts {
        pending += part
        var isRunning = true
        while isRunning {
            let (consumed, action) = pending.withUnsafeBytes { octets in
                session.receive(octets) {
                    ServerSession.ExchangeSeed(nonce: Array("a nonce that is long".utf8), secondsSince1970: 0)
                }
            }
            check(consumed <= pending.count, "more consumed than there is")
            if case .content = action {
                for range in session.kept { messageOctets += pending[range].count }
                check(messageOctets <= 10_000 + pending.count, "a message over the limit is kept")
            }
            pending.removeFirst(consumed)
            if case .waitForInput = action, consumed == 0 { break }
            var next: ServerAction? = action
            while let current = next {
                next = nil
                switch current {
                case .waitForInput, .content: break
                case .reply(let reply), .startTLS(let reply): reply.encode(into: &output)
                case .abandonMessage(let reply):
                    messageOctets = 0
                    reply.encode(into: &output)
                case .becomeClient: next = session.receive(forwarded: nil)
                case .ask(let request): next = session.receive(answer(request, &messageOctets))
                case .close(let reply):
                    reply?.encode(into: &output)
                    isRunning = false
                }
            }
        }
        guard isRunning else { return output }
    }
    return output
}

private func answer(_ request: SessionRequest, _ messageOctets: inout Int) -> SessionAnswer {
    switch request {
    case .authentication(let question): return .authentication(answer(question))
    case .authenticationEnded(let outcome):
        guard case .succeeded(let identity) = outcome.result else {
            return .refused(Reply(535, .init(5, 7, 8), "Authentication failed"))
        }
        return .authenticated(account: identity.authenticationIdentity)
    case .mail, .recipient: return .accepted
    case .message:
        messageOctets = 0
        return .accepted
    case .endOfMessage: return .queued(identifier: "x")
    }
}
