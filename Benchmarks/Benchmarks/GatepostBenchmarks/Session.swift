import Benchmark
import SASL
import SMTP

/// A session of one message, with a service that says yes to all: all that the event loop does but sockets and TLS.
func sessionBenchmarks() {
    let message = String(repeating: "The quick brown fox jumps over the lazy dog.\r\n", count: 100)
    let dialog = Array(
        """
        EHLO client.example\r
        AUTH PLAIN AGFsaWNlQGV4YW1wbGUub3JnAHNlY3JldA==\r
        MAIL FROM:<alice@example.org> SIZE=5000\r
        RCPT TO:<bob@example.net>\r
        DATA\r
        \(message).\r
        QUIT\r

        """.utf8
    )
    Benchmark("Session: login and one message of 4.6 kB") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(converse(dialog)) }
    }
}

private func converse(_ input: [UInt8]) -> Int {
    var session = ServerSession(
        configuration: ServerSessionConfiguration(hostname: "mail.example.org", security: .implicit)
    )
    var output: [UInt8] = []
    var position = 0
    input.withUnsafeBytes { octets in
        while true {
            let (consumed, action) = session.receive(UnsafeRawBufferPointer(rebasing: octets[position...])) {
                ServerSession.ExchangeSeed(nonce: [UInt8](repeating: 0x41, count: 24), secondsSince1970: 0)
            }
            position += consumed
            var next: ServerAction? = action
            while let current = next {
                next = nil
                switch current {
                case .waitForInput: if consumed == 0 { return }
                case .content: break
                case .reply(let reply), .startTLS(let reply), .abandonMessage(let reply): reply.encode(into: &output)
                case .ask(let request): next = session.receive(answer(request))
                case .close: return
                }
            }
        }
    }
    return output.count
}

private func answer(_ request: SessionRequest) -> SessionAnswer {
    switch request {
    case .authentication: .authentication(.password(accepted: true))
    case .authenticationEnded: .authenticated(account: "alice@example.org")
    case .mail, .recipient, .message: .accepted
    case .endOfMessage: .queued(identifier: "0123456789ABC")
    }
}
