public import DNS

/// A resolver over libunbound: it asks name servers, keeps a bounded cache, and validates DNSSEC.
///
/// One thread of its own hands questions over and waits for answers, another (libunbound's) asks; callers never block.
/// A cancelled task gets its error at once. The resolver stops when it is released, or with ``close()``.
public final class UnboundResolver: Resolver {
    /// A name server that questions are forwarded to.
    public struct Server: Hashable, Sendable {
        /// The address as text, IPv4 or IPv6.
        public var address: String
        /// The UDP and TCP port.
        public var port: Int

        /// Creates a server.
        public init(address: String, port: Int = 53) {
            self.address = address
            self.port = port
        }

        /// Whether it is on this host, so that no one else can come between.
        var isLoopback: Bool {
            guard let octets = DNSAddress(self.address)?.octets else { return false }
            return octets.count == 4 ? octets[0] == 127 : octets == [UInt8](repeating: 0, count: 15) + [1]
        }
    }

    /// Whom to ask.
    public enum Servers: Hashable, Sendable {
        /// The servers of `/etc/resolv.conf`; without any, as `recursive`.
        case system
        /// These servers, which resolve on our behalf.
        case forward([Server])
        /// No one resolves for us: start at the root.
        case recursive
    }

    /// How a resolver works.
    public struct Options: Hashable, Sendable {
        /// Whom to ask.
        public var servers: Servers = .system
        /// Whether to validate DNSSEC.
        public var validatesDNSSEC = true
        /// Files with trust anchors in zone or DS form; the first that can be read is used.
        public var trustAnchorFiles = ["/usr/share/dns/root.key", "/var/lib/unbound/root.key", "/etc/unbound/root.key"]
        /// Further trust anchors, each a DS or DNSKEY record in zone text.
        public var trustAnchors: [String] = []
        /// What to do when a server hands on no signatures at all, not even those of a trust anchor.
        ///
        /// True: its answers count as unsigned; whoever sits between could strip signatures and switch DANE off. False:
        /// its answers are bogus. Nil: true when all servers are on this host, else false.
        public var acceptsStrippedDNSSEC: Bool?
        /// How long one question may take.
        public var timeout: Duration = .seconds(20)
        /// The most octets of cached records. Whole messages get half as many besides.
        public var cacheOctets = 8 << 20
        /// The most questions open at once; more are answered with a temporary error.
        public var maximumOpenQuestions = 10_000

        /// Creates options.
        public init() {}
    }

    /// Whether answers are validated: asked for, and a trust anchor was found.
    public let isValidating: Bool
    private let questions: QuestionQueue
    private let timeout: Duration

    /// Starts a resolver.
    ///
    /// - Throws: ``UnboundError`` when an option is refused, such as a server that is no address.
    public init(options: Options = Options()) throws(UnboundError) {
        self.questions = try QuestionQueue(maximumOpen: options.maximumOpenQuestions)
        let context = try UnboundContext(options: options)
        self.isValidating = context.isValidating
        self.timeout = options.timeout
        try UnboundLoop.start(context, self.questions)
    }

    /// Starts a resolver that forwards to these servers, or asks the system's when there are none.
    public convenience init(servers: [(address: String, port: Int)], dnssec: Bool) throws(UnboundError) {
        var options = Options()
        options.servers =
            servers.isEmpty ? .system : .forward(servers.map { Server(address: $0.address, port: $0.port) })
        options.validatesDNSSEC = dnssec
        try self.init(options: options)
    }

    deinit {
        self.questions.stop()
    }

    /// The records of a type at a name, aliases followed.
    public func records(_ type: RecordType, at name: DNSName) async throws(DNSError) -> Answer<Record> {
        let question = Question(type: type, name: name, deadline: .now + self.timeout)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                question.start(continuation)
                self.questions.add(question)
            }
        } onCancel: {
            question.finish(.failure(.temporary("the question was cancelled")))
        }
        return try result.get()
    }

    /// Fails all open questions, and returns when the threads have ended. Questions asked later fail at once.
    public func close() async {
        await self.questions.stopped()
    }
}
