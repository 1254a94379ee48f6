internal import MailSyntax
internal import SMTP

/// Whole or cut at a place that the input chooses: the same content, the same end.
func fuzzData(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let data = Array(input.dropFirst())
    let cut = data.isEmpty ? 0 : Int(first) % (data.count + 1)
    for framing in [DataDecoder.Framing.dotTerminated, .counted] {
        let whole = decode([data], framing)
        let parts = decode([Array(data[..<cut]), Array(data[cut...])], framing)
        let octets = decode(data.map { [$0] }, framing)
        for other in [parts, octets] {
            check(other.end == whole.end, "the end moves with the cut")
            check(other.isRefused == whole.isRefused, "the verdict moves with the cut")
            check(whole.isRefused || other.content == whole.content, "the content changes with the cut")
        }
        if let end = whole.end, !whole.isRefused {
            check(whole.content.isEmpty || whole.content.suffix(2) == [0x0d, 0x0a], "content does not end in CRLF")
            check(data[..<end].suffix(3) == [0x2e, 0x0d, 0x0a], "the end is not <CRLF>.<CRLF>")
        }
    }
}

private func decode(
    _ parts: [[UInt8]],
    _ framing: DataDecoder.Framing
) -> (content: [UInt8], end: Int?, isRefused: Bool) {
    var decoder = DataDecoder(framing: framing)
    var content: [UInt8] = []
    var position = 0
    for part in parts {
        var kept: [Range<Int>] = []
        let (consumed, isComplete) = part.withUnsafeBytes { decoder.decode($0, kept: &kept) }
        for range in kept { content += part[range] }
        position += consumed
        if isComplete { return (content, position, decoder.hasBareLineEnding || decoder.hasNUL) }
        check(consumed == part.count, "input left over without an end")
    }
    if framing == .counted { decoder.finishCounted() }
    return (content, nil, decoder.hasBareLineEnding || decoder.hasNUL)
}

/// A command line: parsed or refused, and a path that was read reads the same again.
func fuzzCommand(_ input: [UInt8]) {
    do {
        let command = try Command(parsing: input)
        switch command {
        case .mail(let mail):
            let again = try Command(parsing: Array("MAIL FROM:\(mail.reversePath.wire) SMTPUTF8".utf8))
            guard case .mail(let second) = again else { return check(false, "no MAIL any more") }
            check(second.reversePath == mail.reversePath, "the reverse-path changes when written and read")
        case .rcpt(let recipient):
            let again = try Command(parsing: Array("RCPT TO:\(recipient.forwardPath.wire)".utf8))
            guard case .rcpt(let second) = again else { return check(false, "no RCPT any more") }
            check(second.forwardPath == recipient.forwardPath, "the forward-path changes when written and read")
        default: break
        }
        check(!command.verb.isEmpty, "a command has a verb")
    } catch {
        check("\(error)".utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }, "an error's words hold a control octet")
    }
}

/// A server's replies as our client reads them.
func fuzzReply(_ input: [UInt8]) {
    let whole = replies([input])
    let octets = replies(input.map { [$0] })
    check(whole == octets, "replies depend on how they arrive")
    for reply in whole {
        check((200...599).contains(reply.code), "a code out of range")
        check(reply.encode().count >= 6, "a reply prints")
    }
}

private func replies(_ parts: [[UInt8]]) -> [Reply] {
    var decoder = ReplyDecoder()
    var replies: [Reply] = []
    do {
        for part in parts {
            decoder.append(part)
            while let reply = try decoder.next() { replies.append(reply) }
        }
    } catch {
        // Refused: what came before must be the same all the same.
    }
    return replies
}
