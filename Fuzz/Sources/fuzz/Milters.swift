internal import MailSyntax
internal import Milter

/// What a filter sends during a whole message: what follows does not depend on how the octets arrive, and whatever it does to a header
/// section, that stays one.
///
/// The first octet says what is agreed on; the rest is what the filter sends, from its answer to the offer on.
func fuzzMilter(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let octets = Array(input.dropFirst())
    let whole = milterConversation([octets], first)
    let cut = milterConversation(octets.map { [$0] }, first)
    check(whole.failure == cut.failure, "the verdict on a filter depends on how octets arrive")
    check(whole.verdicts == cut.verdicts, "verdicts depend on how octets arrive")
    check(whole.modifications == cut.modifications, "changes depend on how octets arrive")
    let text = "Received: ours\r\nFrom: a@example.org\r\nTo: b\r\nto: c\r\n\td\r\n"
    guard let section = try? HeaderSection(parsing: Array(text.utf8)) else { return }
    let changed = whole.modifications.apply(to: MilterHeader(section, hiding: 0..<1))
    let limits = HeaderSection.Limits(maximumOctets: .max, maximumLines: .max)
    guard let parsed = try? HeaderSection(parsing: changed.octets, limits: limits) else { return }
    check(parsed.malformed.isEmpty, "a filter made a line that is no field")
    check(!parsed.isTerminated, "a filter ended the header section")
    check(!parsed.hasBareLineEnding && !parsed.hasNUL, "a filter wrote a line ending or a NUL of its own")
    check(parsed.lines.map(\.octets) == changed.lines.map(\.octets), "a filter made one field into two")
}

private struct MilterConversationResult {
    var verdicts: [MilterVerdict] = []
    var failure: MilterFailure?
    var modifications = MilterModifications()
}

/// Tells a whole message; each question takes its answer from the octets that are left.
private func milterConversation(_ pieces: [[UInt8]], _ selector: UInt8) -> MilterConversationResult {
    let offers: [MilterSteps] = [.all, [], [.skip, .leadingSpace], [.noReplyToHeaders, .noReplyToBody]]
    var limits = MilterLimits()
    limits.bodyOctets = 4096
    limits.progressReports = 100
    var session = MilterSession(offer: MilterOptions(steps: offers[Int(selector % 4)]), limits: limits)
    var decoder = MilterPacketDecoder(maximumOctets: limits.packetOctets)
    var pieces = pieces[...]
    var result = MilterConversationResult()

    func packet() throws(MilterFailure) -> MilterPacket? {
        while true {
            if let packet = try decoder.next() { return packet }
            guard let piece = pieces.popFirst() else { return nil }
            decoder.receive(piece)
        }
    }

    /// False when the octets came to their end.
    func answer() throws(MilterFailure) -> Bool {
        while let packet = try packet() {
            if case .verdict(let verdict) = try session.receive(packet) {
                result.verdicts.append(verdict)
                return true
            }
        }
        return false
    }

    do throws(MilterFailure) {
        _ = try session.start()
        guard try answer() else { return result }
        let field = MilterField(name: Array("To".utf8), value: Array(" b".utf8))
        let events: [MilterSession.Event] = [
            .connect(name: "c.example", .unknown), .helo("c.example"), .mail(.null), .recipient(.postmaster), .data,
            .header(field), .endOfHeaders, .body([0x61]), .endOfMessage,
        ]
        for event in events {
            switch try session.tell(event) {
            case .send: continue
            case .settled(let verdict): result.verdicts.append(verdict)
            case .ask: guard try answer() else { return result }
            }
        }
        result.modifications = session.modifications
    } catch {
        result.failure = error
    }
    return result
}
