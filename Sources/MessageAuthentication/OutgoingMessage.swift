internal import MailSyntax

/// A message that is signed or sealed: its header, its body hashes, and what transport might change.
struct OutgoingMessage: Sendable {
    private var reader: MessageReader
    private var header: HeaderIndex?
    private var body: BodyHasher
    private var scanner = TransportScanner()

    init(_ limits: HeaderSection.Limits, _ keys: [BodyHashKey]) {
        self.reader = MessageReader(limits)
        self.body = BodyHasher(keys)
    }

    mutating func receive(_ chunk: UnsafeRawBufferPointer) {
        let rest = self.reader.receive(chunk)
        if let section = self.reader.takeHeader() { self.header = HeaderIndex(section.fields) }
        guard let rest else {
            self.scanner.receive(chunk, isBody: false)
            return
        }
        self.scanner.receive(UnsafeRawBufferPointer(rebasing: chunk[..<(chunk.count - rest.count)]), isBody: false)
        self.scanner.receive(rest, isBody: true)
        self.body.receive(rest)
    }

    /// Ends the message; nil when its header section is too large.
    mutating func finish() -> (header: HeaderIndex, body: [BodyHashKey: BodyDigest])? {
        if let section = self.reader.finish() { self.header = HeaderIndex(section.fields) }
        self.scanner.finish()
        return self.header.map { ($0, self.body.finish()) }
    }

    var hazards: TransportHazards { self.scanner.hazards }
}
