internal import AuthenticationProtocols
internal import SASL

/// A mail server on the authentication socket: the same events however its octets are cut, every answer a line that can be
/// read, and no more requests open than allowed. The accounts' side is played by the identifiers: 1 succeeds, 2 fails, others get a challenge.
func fuzzDovecotServer(_ input: [UInt8]) {
    var lines: [[UInt8]] = [[]]
    for octet in input {
        lines[lines.count - 1].append(octet)
        if octet == 0x0A { lines.append([]) }
    }
    check(dialog(lines) == dialog(input.map { [$0] }), "what is answered depends on how it arrives")
    // All at once, so that what was answered already is answered again.
    _ = dialog([input], answersInTurn: false)
}

private func dialog(_ parts: [[UInt8]], answersInTurn: Bool = true) -> [String] {
    var server = DovecotAuthServer(
        mechanisms: [DovecotMechanism(.plain), DovecotMechanism(.cramMD5)],
        serverProcess: 1,
        connection: 1,
        cookie: Array(repeating: 0xAB, count: 16),
        maximumRequests: 3,
        maximumLineOctets: 256
    )
    var told: [String] = []
    var isClosed = false
    for part in parts {
        for event in server.receive(part) {
            check(!isClosed, "something comes after the end")
            switch event {
            case .send(let octets):
                told.append(line(octets))
            case .begin(let request):
                check(request.mechanism == .plain || request.mechanism == .cramMD5, "a mechanism that is not offered")
                told.append("begin \(request.identifier)")
                told += goOn(&server, request.identifier)
            case .response(let identifier, let response):
                told.append("response \(identifier) \(response.count)")
                told += goOn(&server, identifier)
            case .abandoned(let identifier):
                // Behind in its answers, the client may have given the identifier to another request by now.
                if answersInTurn {
                    check(server.fail(identifier, DovecotFailure()) == nil, "a request is open that was abandoned")
                }
                told.append("abandoned \(identifier)")
            case .close(let fault):
                check("\(fault)".utf8.allSatisfy { $0 >= 0x20 }, "a fault's words hold a control octet")
                told.append("close")
                isClosed = true
            }
            check(server.openRequests <= 3, "too many requests are open")
        }
    }
    return told
}

private func goOn(_ server: inout DovecotAuthServer, _ identifier: UInt32) -> [String] {
    let answer =
        switch identifier {
        case 1: server.succeed(1, user: "a\tb\n", finalData: [0])
        case 2: server.fail(2, DovecotFailure(user: "a\u{1}", reason: "r\r\n", code: .temporary))
        default: server.challenge([0, 1, 2], for: identifier)
        }
    return answer.map { [line($0)] } ?? []
}

/// An answer as text, once it is seen to be one line that reads back the same.
private func line(_ octets: [UInt8]) -> String {
    check(octets.last == 0x0A && octets.count { $0 == 0x0A } == 1, "an answer is not one line")
    do {
        let line = try DovecotLine(parsing: octets.dropLast())
        check(line.encoded == octets, "an answer changes when read and written")
        return "\(line.command) \(line.parameters.count)"
    } catch {
        check(false, "an answer cannot be read")
        return ""
    }
}

/// Any line: taken apart and put together it is the same again.
func fuzzDovecotLine(_ input: [UInt8]) {
    do {
        let line = try DovecotLine(parsing: input)
        check(try DovecotLine(parsing: line.encoded.dropLast()) == line, "a line changes when written and read")
    } catch {
        check(input.count >= DovecotLine.maximumParameters, "a short line is refused")
    }
    let whole = lines([input])
    check(whole == lines(input.map { [$0] }), "lines depend on how they arrive")
    for case .whole(let octets) in whole { check(octets.count <= 64, "a line is longer than allowed") }
}

private func lines(_ parts: [[UInt8]]) -> [DovecotLineDecoder.Line] {
    var decoder = DovecotLineDecoder(maximumOctets: 64)
    return parts.flatMap { decoder.receive($0) }
}

/// A program on saslauthd's socket: the same request however its octets are cut.
func fuzzSaslauthd(_ input: [UInt8]) {
    let whole = request([input])
    check(whole == request(input.map { [$0] }), "a request depends on how it arrives")
}

private func request(_ parts: [[UInt8]]) -> [[UInt8]]? {
    var decoder = SaslauthdRequestDecoder()
    var found: [[UInt8]]?
    do {
        for part in parts {
            guard let request = try decoder.receive(part) else { continue }
            check(found == nil, "a connection has two requests")
            found = [request.login, request.password.octets, request.service, request.realm]
            check(
                found?.allSatisfy { $0.count <= SaslauthdRequestDecoder.maximumOctets } == true,
                "a string is too long"
            )
            check(request.qualifiedLogin.count <= 2 * SaslauthdRequestDecoder.maximumOctets + 1, "a name is too long")
        }
    } catch {
        // Refused: what follows a whole request is not looked at, so none came before.
        check(found == nil, "a request is refused after it was whole")
    }
    return found
}
