internal import DNS
internal import Dispatch
internal import MailSyntax
internal import MessageAuthentication

/// Answers every question out of the input: a stranger's zone.
private struct InputZone: Resolver {
    /// The pieces of the input; the first octet of the name and the type choose one.
    let pieces: [[UInt8]]

    init(_ input: [UInt8]) {
        self.pieces = input.split(separator: 0xFF, omittingEmptySubsequences: false).map { Array($0) }
    }

    func records(_ type: RecordType, at name: DNSName) async throws(DNSError) -> Answer<Record> {
        let key = name.wire.reduce(Int(type.rawValue)) { ($0 &* 31 &+ Int($1)) & 0xFFFF }
        let piece = self.pieces[key % self.pieces.count]
        if piece.isEmpty { throw .nameDoesNotExist }
        if piece == [0] { throw .temporary("fuzz") }
        let records: [Record]
        switch type {
        case .txt: records = [.txt(TXTRecord(strings: [piece]))]
        case .a, .aaaa:
            let octets = Array((piece + [UInt8](repeating: 0, count: 16)).prefix(type == .a ? 4 : 16))
            records = DNSAddress(octets: octets).map { [type == .a ? .a($0) : .aaaa($0)] } ?? []
        case .mx:
            records = piece.prefix(12).map { .mx(MXRecord(preference: UInt16($0), exchange: "mx\($0).example.org")) }
        case .ptr:
            records = piece.prefix(12).compactMap { DNSName("p\($0).example.org").map { .ptr($0) } }
        default: records = []
        }
        return Answer(records: records, canonicalName: "x")
    }
}

/// Carries a value out of a task to the thread that waits for it.
private final class Box<Value: Sendable>: @unchecked Sendable {
    // Written before the semaphore is signalled and read after it was waited for.
    var value: Value?
}

/// libFuzzer calls synchronously.
private func wait<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
    let box = Box<Value>()
    let semaphore = DispatchSemaphore(value: 0)
    Task {
        box.value = await body()
        semaphore.signal()
    }
    semaphore.wait()
    guard let value = box.value else { preconditionFailure("the task left no value") }
    return value
}

/// A record that was read reads the same again; a check over a hostile zone ends within its limits, and what it says fits
/// into a reply and a header.
func fuzzSPF(_ input: [UInt8]) {
    do throws(SPF.SyntaxError) {
        let record = try SPF.Record(parsing: input)
        let text = record.description
        do throws(SPF.SyntaxError) {
            check(try SPF.Record(parsing: text) == record, "a record changes")
        } catch {
            check(false, "a record that was read cannot be read again: \(error)")
        }
    } catch {
        check(error.term.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "a fault with other than printable ASCII")
    }
    let zone = InputZone(input)
    let name = String(decoding: input.prefix(40), as: UTF8.self)
    for address in [IPAddress(v4: 0xC000_0201), IPAddress(v6High: 0x2001_0DB8 << 32, low: 1)] {
        let request = SPF.Request(
            identity: .mailFrom,
            localPart: name,
            domain: "example.org",
            clientAddress: address,
            helo: name
        )
        let verdict = wait { await SPF.check(request, resolver: zone, clock: ContinuousClock()) }
        check(verdict.lookups <= 10 && verdict.voidLookups <= 3, "a limit does not hold")
        check(verdict.queries <= 1 + 10 * 11 + 11 + 1, "too many questions: \(verdict.queries)")
        check(
            verdict.explanation?.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } != false,
            "an explanation breaks out of its line"
        )
        check(verdict.receivedSPF != nil, "no Received-SPF")
        checkResult(verdict.authenticationResult)
    }
}

/// A DMARC record reads the same again, and a check over a hostile zone ends within its limits.
func fuzzDMARC(_ input: [UInt8]) {
    if let record = DMARC.Record(parsing: input) {
        let again = DMARC.Record(parsing: record.description)
        check(again?.policy == record.policy && again?.tags.count == record.tags.count, "a record changes")
    }
    let zone = InputZone(input)
    let domain = String(decoding: input.prefix(30), as: UTF8.self) + ".a.b.example.org"
    let identifiers = ["a.b.example.org", "b.example.org", "x.example.org", domain].map {
        DMARC.Identifier(.dkim, domain: $0)
    }
    for author in [domain, "a.b.example.org"] {
        let verdict = wait {
            await DMARC.check(.domain(author), identifiers: identifiers, resolver: zone, clock: ContinuousClock())
        }
        check(verdict.queries <= 8 * 5 + 1, "too many questions: \(verdict.queries)")
        checkResult(verdict.authenticationResult)
    }
    _ = DMARC.Author(of: HeaderField(octets: Array("From:".utf8) + input).map { [$0] } ?? [])
}

/// Results that were read are written so that they read the same, and a field that a reader takes for ours is found.
func fuzzAuthenticationResults(_ input: [UInt8]) {
    let results: AuthenticationResults
    do {
        results = try AuthenticationResults(parsing: input)
    } catch {
        return
    }
    do {
        let again = try AuthenticationResults(parsing: results.value)
        check(again.serviceIdentifier == results.serviceIdentifier, "the identifier changes")
        check(
            again.results.map(\.properties) == results.results.map(\.properties),
            "a property changes: \(results.value)"
        )
    } catch {
        check(false, "what was written cannot be read: \(error): \(results.value)")
    }
    if let field = HeaderField(octets: Array("Authentication-Results:".utf8) + input) {
        let identifier = results.serviceIdentifier
        if identifier.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"()<>@,;:\\\"/[]?=.".utf8.contains($0) }) {
            check(AuthenticationResults.claims(field, toBeFrom: [identifier]), "a forgery is not found")
        }
    }
}

/// A return path that was rewritten comes back; nothing else is taken.
func fuzzSenderRewriting(_ input: [UInt8]) {
    guard let rewriting = SenderRewriting(domain: .name("f.example"), key: [UInt8](repeating: 7, count: 32)) else {
        preconditionFailure("the key is too short")
    }
    do {
        let mailbox = try Mailbox(parsing: input)
        _ = try? rewriting.reverse(
            Mailbox(localPart: mailbox.localPart, domain: .name("f.example")),
            secondsSince1970: 0
        )
        let path = try rewriting.forward(.mailbox(mailbox), secondsSince1970: 0)
        guard let rewritten = path.mailbox, rewritten != mailbox else { return }
        check(try Mailbox(parsing: rewritten.description) == rewritten, "a rewritten address cannot be read")
        let back = try rewriting.reverse(rewritten, secondsSince1970: 0)
        if rewritten.localPart.hasPrefix("SRS0") {
            check(back.localPart == mailbox.localPart && back.domain == mailbox.domain, "an address changes")
        }
    } catch let error as SenderRewriting.ReverseFailure {
        check(false, "an address of ours is not taken back: \(error)")
    } catch {
        return
    }
}

private func checkResult(_ result: AuthenticationResults.Result) {
    let results = AuthenticationResults(serviceIdentifier: "mx.example.org", results: [result])
    guard let field = results.field else { return check(false, "a result that fits no field") }
    do {
        let again = try AuthenticationResults(parsing: field.bodyOctets)
        // Controls become question marks, so that the text is compared and not the value.
        check(again.value == results.value, "a result changes: \(results.value) and \(again.value)")
    } catch {
        check(false, "a result cannot be read: \(error): \(results.value)")
    }
}
