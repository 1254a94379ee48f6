public import MailSyntax

extension SPF {
    /// A published policy: `v=spf1` and its terms (RFC 7208 §4.5, §12).
    public struct Record: Hashable, Sendable {
        /// The directives in order; the first that matches decides.
        public var directives: [Directive]
        /// Whose record is used when none matches (RFC 7208 §6.1).
        public var redirect: DomainSpecification?
        /// Where the explanation of a `fail` stands (RFC 7208 §6.2).
        public var explanation: DomainSpecification?
        /// Modifiers that no standard knows, which change nothing.
        public var unknownModifiers: [String]

        /// Creates a record.
        public init(
            directives: [Directive],
            redirect: DomainSpecification? = nil,
            explanation: DomainSpecification? = nil,
            unknownModifiers: [String] = []
        ) {
            self.directives = directives
            self.redirect = redirect
            self.explanation = explanation
            self.unknownModifiers = unknownModifiers
        }
    }

    /// What a match means.
    public enum Qualifier: String, Hashable, Sendable {
        /// `+`, or nothing.
        case pass = "+"
        /// `-`
        case fail = "-"
        /// `~`
        case softfail = "~"
        /// `?`
        case neutral = "?"

        /// The result of a match.
        public var result: Result {
            switch self {
            case .pass: .pass
            case .fail: .fail
            case .softfail: .softfail
            case .neutral: .neutral
            }
        }
    }

    /// A mechanism and what its match means.
    public struct Directive: Hashable, Sendable {
        /// What its match means.
        public var qualifier: Qualifier
        /// What it looks for.
        public var mechanism: Mechanism
        /// The directive as the record has it.
        public var text: String

        init(qualifier: Qualifier, mechanism: Mechanism, text: String) {
            self.qualifier = qualifier
            self.mechanism = mechanism
            self.text = text
        }
    }

    /// How many leading bits of an address are compared (RFC 7208 §5.6).
    public struct PrefixLengths: Hashable, Sendable {
        /// Of an IPv4 address, 0–32.
        public var v4 = 32
        /// Of an IPv6 address, 0–128.
        public var v6 = 128
    }

    /// What a directive looks for (RFC 7208 §5).
    public enum Mechanism: Hashable, Sendable {
        /// Everything.
        case all
        /// That another domain's policy passes.
        case include(DomainSpecification)
        /// An address of the domain's.
        case a(DomainSpecification?, PrefixLengths)
        /// An address of one of the domain's mail exchanges.
        case mx(DomainSpecification?, PrefixLengths)
        /// A name of the client's below the domain.
        case ptr(DomainSpecification?)
        /// An IPv4 block.
        case ip4(IPNetwork)
        /// An IPv6 block.
        case ip6(IPNetwork)
        /// That a name exists.
        case exists(DomainSpecification)

        /// Whether evaluating it asks DNS, which is limited (RFC 7208 §4.6.4).
        public var asksDNS: Bool {
            switch self {
            case .all, .ip4, .ip6: false
            case .include, .a, .mx, .ptr, .exists: true
            }
        }
    }

    /// A domain name with macros in it, `%{ir}.sbl.example.org` (RFC 7208 §7.1, domain-spec).
    public struct DomainSpecification: Hashable, Sendable, CustomStringConvertible {
        let macros: MacroString

        /// The specification as written.
        public var description: String { self.macros.description }
    }

    /// Why a record cannot be read (RFC 7208 §4.6).
    public struct SyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
        /// The term, or the start of the record; printable ASCII, at most 128 octets.
        public var term: String
        /// What is wrong with it.
        public var reason: String

        init(_ term: some Sequence<UInt8>, _ reason: String) {
            self.term = String(
                decoding: term.prefix(128).map { ASCII.isVisible($0) || $0 == ASCII.space ? $0 : ASCII.question },
                as: UTF8.self
            )
            self.reason = reason
        }

        /// The term and what is wrong with it.
        public var description: String { "\(self.term): \(self.reason)" }
    }
}

extension SPF.Record: CustomStringConvertible {
    /// The record as one string; unknown modifiers last. Parsing it gives the same record.
    public var description: String {
        var terms = ["v=spf1"] + self.directives.map(\.text)
        if let redirect { terms.append("redirect=\(redirect)") }
        if let explanation { terms.append("exp=\(explanation)") }
        return (terms + self.unknownModifiers).joined(separator: " ")
    }
}
