internal import GatepostDelivery
internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import Milter
internal import NIOCore
internal import SMTP
internal import SMTPServer

/// What all conversations with filters share.
package struct MilterContext: Sendable {
    let filters: [Configuration.Milter]
    let hostname: String
    let group: any EventLoopGroup
    let contents: ContentReader
    let spool: SpoolDirectory
    let clock: any WallClock
    let counters: MilterCounters
    let logger: Logger
    var limits = MilterLimits()

    init(
        filters: [Configuration.Milter],
        hostname: String,
        maximumBodyOctets: Int,
        group: any EventLoopGroup,
        contents: ContentReader,
        spool: SpoolDirectory,
        clock: any WallClock,
        counters: MilterCounters,
        logger: Logger
    ) {
        self.filters = filters
        self.hostname = hostname
        self.group = group
        self.contents = contents
        self.spool = spool
        self.clock = clock
        self.counters = counters
        self.logger = logger
        self.limits.bodyOctets = maximumBodyOctets
    }

    /// The filters of one kind of mail; nil: there are none.
    func chain(
        for traffic: Configuration.Milter.Traffic,
        peer: SessionPeer
    ) -> MilterChain? {
        let filters = self.filters.filter { $0.traffic.contains(traffic) }
        guard !filters.isEmpty else { return nil }
        return MilterChain(filters: filters, context: self, client: MilterClientFacts(peer: peer))
    }

    /// A fresh name for what goes to the spool besides the message itself.
    func identifier() -> MessageIdentifier {
        MessageIdentifier(created: self.clock.now(), random: RandomOctets.make(9))
    }
}

/// Who is at the other end of the SMTP session.
struct MilterClientFacts: Sendable {
    var address: IPAddress?
    var port: Int
    /// The address in brackets.
    var name: String
    var listener: String

    init(peer: SessionPeer) {
        self.address = peer.address?.unmapped
        self.port = peer.port ?? 0
        self.name = peer.address.map { "[\($0.unmapped)]" } ?? "localhost"
        self.listener = peer.listener
    }

    var peer: MilterPeer {
        self.address.map { .network($0, port: UInt16(clamping: self.port)) } ?? .local(path: "localhost")
    }
}

/// A sender as filters hear of it.
struct MilterSender: Sendable {
    var mail: MailParameters
    /// The name given with EHLO or HELO.
    var helo: String
    /// `1.3`; nil without TLS.
    var tlsVersion: String?
    var mechanism: String?
    /// The account that logged in.
    var account: String?
    /// The verified name of the client in the DNS, where one was looked for and found.
    var clientName: String?
}

/// Why a filter does not let something pass.
struct MilterRefusal: Sendable, Hashable {
    var reply: Reply
    /// For the audit trail.
    var rule: String
    /// Whether the session ends.
    var closes = false

    var answer: SessionAnswer { self.closes ? .closed(self.reply) : .refused(self.reply) }

    /// nil: the verdict is no refusal.
    init?(_ verdict: MilterVerdict, _ filter: Configuration.Milter) {
        self.rule = filter.rule
        switch verdict {
        case .proceed, .accept, .discard: return nil
        case .reject: self.reply = .refusedByFilter
        case .temporaryFailure: self.reply = .filterUnavailable
        case .reply(let reply): self.reply = Reply(reply)
        case .disconnect(let reply):
            self.reply = reply.map { Reply($0) } ?? .filterCloses
            self.closes = true
        }
    }
}

extension Reply {
    /// `550 5.7.1`: a filter refused without words of its own.
    static let refusedByFilter = Reply(550, .init(5, 7, 1), "Refused by a mail filter")
    /// `451 4.7.1`: a filter could not be asked, or wants the client to come again.
    static let filterUnavailable = Reply(451, .init(4, 7, 1), "This cannot be checked at the moment; try again later")
    /// `421 4.7.0`: a filter wants no more of the session.
    static let filterCloses = Reply(421, .init(4, 7, 0), "Service not available; closing the connection")

    /// A filter's own words.
    init(_ reply: MilterReply) {
        var enhanced: EnhancedStatusCode?
        if let parts = reply.enhancedCode, parts.count == 3 {
            enhanced = EnhancedStatusCode(parts[0], parts[1], parts[2])
        }
        let permanent = reply.code >= 500
        self.init(
            code: reply.code,
            enhanced: enhanced ?? (permanent ? .init(5, 7, 1) : .init(4, 7, 1)),
            lines: reply.lines
        )
    }
}
