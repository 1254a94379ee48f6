public import DNS
public import MailSyntax

/// Sender Policy Framework (RFC 7208): may this address send mail in the name of this domain?
///
/// ``check(_:resolver:clock:limits:)`` asks DNS and judges. The ``Verdict`` says what the answer is, which term of whose
/// record gave it, and what it cost.
public enum SPF {
    /// The answer (RFC 7208 §2.6).
    public enum Result: String, Hashable, Sendable, CaseIterable {
        /// The domain says nothing, or is none.
        case none
        /// The domain says that it says nothing.
        case neutral
        /// The address may send for the domain.
        case pass
        /// The address may not.
        case fail
        /// The address probably may not.
        case softfail
        /// DNS gave no answer in time: the same question may be answered later. Never taken for a pass.
        case temperror
        /// The domain's records cannot be understood, or ask for too much: someone must mend them.
        case permerror
    }

    /// Whose name was checked (RFC 7208 §2.3, §2.4).
    public enum Identity: String, Hashable, Sendable {
        /// The argument of HELO or EHLO.
        case helo
        /// The reverse-path; `postmaster@` the HELO name where that is null.
        case mailFrom = "mailfrom"
    }

    /// What is checked, and what macros may ask about.
    public struct Request: Hashable, Sendable {
        /// The client's address. An IPv4-mapped IPv6 address counts as the IPv4 address it maps.
        public var clientAddress: IPAddress
        /// What the client called itself, as it was sent.
        public var helo: String
        /// Which of the identities is checked.
        public var identity: Identity
        /// The local part of the sender, quotes removed; `postmaster` where there is none (RFC 7208 §4.3).
        public var localPart: String
        /// The domain of the sender, whose record is looked for; A-labels (RFC 8616 §4).
        public var domain: String
        /// The name of this host, for the `r` macro.
        public var receiver: String
        /// The time in seconds since 1970, for the `t` macro.
        public var secondsSince1970: Int64

        /// A request with each part given.
        ///
        /// - Parameters:
        ///   - localPart: Without quotes; empty stands for `postmaster`.
        ///   - domain: In A-labels; anything may be given, and what is no domain name of two labels is judged `none`.
        public init(
            identity: Identity,
            localPart: String,
            domain: String,
            clientAddress: IPAddress,
            helo: String,
            receiver: String = "unknown",
            secondsSince1970: Int64 = 0
        ) {
            self.identity = identity
            self.localPart = localPart.isEmpty ? "postmaster" : localPart
            self.domain = domain
            self.clientAddress = clientAddress.unmapped
            self.helo = helo
            self.receiver = receiver
            self.secondsSince1970 = secondsSince1970
        }

        /// Whether the HELO name may send from the address (RFC 7208 §2.3).
        public static func helo(
            _ helo: String,
            clientAddress: IPAddress,
            receiver: String = "unknown",
            secondsSince1970: Int64 = 0
        ) -> Request {
            Request(
                identity: .helo,
                localPart: "",
                domain: helo,
                clientAddress: clientAddress,
                helo: helo,
                receiver: receiver,
                secondsSince1970: secondsSince1970
            )
        }

        /// Whether the reverse-path may be used from the address (RFC 7208 §2.4); the HELO name stands in for the null
        /// reverse-path.
        ///
        /// - Parameter alabels: Writes a domain with other than ASCII letters in A-labels (RFC 8616 §4), nil when it cannot
        ///   be; such a domain is judged `none`.
        public static func mailFrom(
            _ path: ReversePath,
            helo: String,
            clientAddress: IPAddress,
            receiver: String = "unknown",
            secondsSince1970: Int64 = 0,
            alabels: (String) -> String? = { _ in nil }
        ) -> Request {
            var domain = path.mailbox?.domain.description ?? helo
            if path.mailbox?.domain.isASCII == false { domain = alabels(domain) ?? domain }
            return Request(
                identity: .mailFrom,
                localPart: path.mailbox?.localPart ?? "",
                domain: domain,
                clientAddress: clientAddress,
                helo: helo,
                receiver: receiver,
                secondsSince1970: secondsSince1970
            )
        }

        /// The sender as one address.
        public var sender: String { "\(self.localPart)@\(self.domain)" }
    }

    /// How much one check may cost. The defaults are those of RFC 7208 §4.6.4.
    public struct Limits: Hashable, Sendable {
        /// The most terms that ask DNS: `include`, `a`, `mx`, `ptr`, `exists`, `redirect`; all records together.
        public var maximumLookups = 10
        /// The most terms whose question has no answer.
        public var maximumVoidLookups = 2
        /// The most names that one `mx` may have, and the most of one address that `ptr` looks at.
        public var maximumNames = 10
        /// The most octets of a record.
        public var maximumRecordOctets = 8192
        /// The most octets of an explanation; a longer one is left out.
        public var maximumExplanationOctets = 512
        /// How long the whole check may take.
        public var time = Duration.seconds(20)

        /// The limits of the RFC.
        public init() {}
    }

    /// Judges a request (`check_host()`, RFC 7208 §4).
    ///
    /// - Parameters:
    ///   - resolver: Who is asked. Its temporary failures become `temperror`.
    ///   - clock: Measures ``Limits/time``.
    public static func check(
        _ request: Request,
        resolver: any Resolver,
        clock: some Clock<Duration>,
        limits: Limits = Limits()
    ) async -> Verdict {
        var evaluation = Evaluation(
            request: request,
            resolver: resolver.limited(to: limits.time, clock: clock),
            limits: limits
        )
        return await evaluation.verdict()
    }
}
