internal import DNS
internal import GatepostModel
internal import MailSyntax
internal import MessageAuthentication

/// What is known of a client before its first message: where it is, what it calls itself, who knows it. One session finds it out once.
struct ClientFindings: Sendable {
    var helo: String
    var reverse: ReverseName?
    var lists = ListScore()
    var heloSPF: SPF.Verdict?

    /// Asks everything at the same time.
    ///
    /// - Parameters:
    ///   - isTrusted: The address is free of limits: no list is asked about it.
    ///   - limit: How long all of it may take.
    static func gather(
        _ address: IPAddress,
        helo: String,
        isTrusted: Bool,
        lists: [Configuration.Reception.List],
        hostname: String,
        now: Timestamp,
        resolver: any Resolver,
        limit: Duration,
        clock: some Clock<Duration>
    ) async -> ClientFindings {
        let resolver = resolver.limited(to: limit, clock: clock)
        async let reverse = ReverseName.look(up: address, in: resolver)
        async let score = ListScore.look(up: address, in: isTrusted ? [] : lists, resolver: resolver)
        let spf = await SPF.check(
            .helo(helo, clientAddress: address, receiver: hostname, secondsSince1970: now.secondsSince1970),
            resolver: resolver,
            clock: clock
        )
        return ClientFindings(helo: helo, reverse: await reverse, lists: await score, heloSPF: spf)
    }
}
