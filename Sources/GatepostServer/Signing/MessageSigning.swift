internal import DNSClient
internal import MailSyntax
internal import MessageAuthentication

/// Signs one message while it streams through, once its header tells for whom.
///
/// The octets are those that are kept and later go out, after all changes; what is returned at the end goes in front of them.
struct MessageSigning: Sendable {
    private enum State: Sendable {
        /// The header section has not ended. → `signing`, `unsigned`
        case header(HeaderEndScanner, [UInt8])
        /// Its keys are known.
        case signing(MessageSigner, domain: String, selectors: [String])
        /// It will not be signed. Terminal.
        case unsigned(MailSigner.Outcome)
    }

    private var state = State.header(HeaderEndScanner(), [])
    private let signer: MailSigner
    private let secondsSince1970: Int64

    /// The most octets of a header section, ours and those that a milter adds included.
    private static let maximumHeaderOctets = 1 << 20

    /// - Parameter secondsSince1970: Now, for `t=`.
    init(_ signer: MailSigner, secondsSince1970: Int64) {
        self.signer = signer
        self.secondsSince1970 = secondsSince1970
    }

    /// Takes the next octets of the message, cut anywhere.
    mutating func receive(_ octets: UnsafeRawBufferPointer) {
        switch self.state {
        case .unsigned: return
        case .signing(var message, let domain, let selectors):
            // Let go of the copy in the state, or each piece copies what the signer holds.
            self.state = .unsigned(.failed(""))
            message.receive(octets)
            self.state = .signing(message, domain: domain, selectors: selectors)
        case .header(var scanner, var header):
            let end = scanner.receive(octets)
            header.append(contentsOf: octets)
            guard end != nil else {
                self.state =
                    header.count > Self.maximumHeaderOctets
                    ? .unsigned(.failed(MessageSigner.Fault.headerTooLarge.description)) : .header(scanner, header)
                return
            }
            self.begin(header)
        }
    }

    /// The same after something outside went wrong.
    func failed(_ reason: String) -> MessageSigning {
        var failed = self
        failed.state = .unsigned(.failed(reason))
        return failed
    }

    /// Ends the message.
    func finish() -> (front: [UInt8], MailSigner.Outcome) {
        var ended = self
        // A message may be all header.
        if case .header(_, let header) = ended.state { ended.begin(header) }
        switch ended.state {
        case .unsigned(let outcome): return ([], outcome)
        case .header: return ([], .failed(MessageSigner.Fault.missingFrom.description))
        case .signing(let message, let domain, let selectors):
            do throws(MessageSigner.Fault) {
                let signed = try message.finish()
                return (
                    signed.fields.flatMap(\.octets),
                    .signed(domain: domain, selectors: selectors, hazards: signed.hazards)
                )
            } catch {
                return ([], .failed(error.description))
            }
        }
    }

    private mutating func begin(_ octets: [UInt8]) {
        let section: HeaderSection
        do {
            section = try HeaderSection(parsing: octets)
        } catch {
            self.state = .unsigned(.failed(MessageSigner.Fault.headerTooLarge.description))
            return
        }
        switch DMARC.Author(of: section.fields, alabels: { try? IDNA.toASCII($0) }) {
        case .fault(let fault): self.state = .unsigned(.noKey(fault.description))
        case .domain(let domain):
            let signers = self.signer.signers(for: domain)
            guard let first = signers.first else {
                self.state = .unsigned(
                    self.signer.problem(of: domain).map { .failed($0) } ?? .noKey("\(domain) has no key that signs")
                )
                return
            }
            var message = MessageSigner(signers, secondsSince1970: self.secondsSince1970)
            message.receive(octets)
            self.state = .signing(message, domain: first.domain, selectors: signers.map(\.selector))
        }
    }
}
