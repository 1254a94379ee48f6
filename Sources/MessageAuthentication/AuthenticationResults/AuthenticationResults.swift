public import MailSyntax

/// What a receiving host found out about a message's origin, for programs behind it (RFC 8601).
///
/// ```
/// Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=a@example.net;
///  dkim=pass header.d=example.net; dmarc=pass header.from=example.net
/// ```
///
/// Anyone can write such a field. Before one of our own is added, those that claim to be ours must go:
/// ``removingForgeries(from:identifiers:)``.
public struct AuthenticationResults: Hashable, Sendable {
    /// The name of a method. Open: others may be given.
    public struct Method: Hashable, Sendable, RawRepresentable {
        /// The name in lower case.
        public let rawValue: String

        /// The method of a name; its case does not matter.
        public init(rawValue: String) {
            self.rawValue = ASCII.lowercased(rawValue)
        }

        /// Authenticated Received Chain (RFC 8617).
        public static let arc = Method(rawValue: "arc")
        /// SMTP AUTH (RFC 4954).
        public static let auth = Method(rawValue: "auth")
        /// DomainKeys Identified Mail (RFC 6376).
        public static let dkim = Method(rawValue: "dkim")
        /// Domain-based Message Authentication, Reporting and Conformance (RFC 9989).
        public static let dmarc = Method(rawValue: "dmarc")
        /// Reverse DNS of the client (RFC 8601 §2.7.3).
        public static let iprev = Method(rawValue: "iprev")
        /// Sender Policy Framework (RFC 7208).
        public static let spf = Method(rawValue: "spf")
    }

    /// Where a property was found. Open: others may be given.
    public struct PropertyType: Hashable, Sendable, RawRepresentable {
        /// The name in lower case.
        public let rawValue: String

        /// The type of a name; its case does not matter.
        public init(rawValue: String) {
            self.rawValue = ASCII.lowercased(rawValue)
        }

        /// In the body.
        public static let body = PropertyType(rawValue: "body")
        /// In a header field.
        public static let header = PropertyType(rawValue: "header")
        /// In a rule of the host.
        public static let policy = PropertyType(rawValue: "policy")
        /// In an SMTP command.
        public static let smtp = PropertyType(rawValue: "smtp")
    }

    /// What a method looked at, `smtp.mailfrom=a@example.net`.
    public struct Property: Hashable, Sendable {
        /// Where it was found.
        public var type: PropertyType
        /// Its name in lower case, `mailfrom`.
        public var name: String
        /// Its value, quotes removed.
        public var value: String

        /// Creates a property.
        public init(_ type: PropertyType, _ name: String, _ value: String) {
            self.type = type
            self.name = ASCII.lowercased(name)
            self.value = value
        }
    }

    /// What one method found.
    public struct Result: Hashable, Sendable {
        /// The method.
        public var method: Method
        /// The method's version; nil for the first.
        public var methodVersion: Int?
        /// Its result in lower case, `pass`.
        public var value: String
        /// Why, for programs.
        public var reason: String?
        /// Why, for people: the comment after the result.
        public var comment: String?
        /// What it looked at.
        public var properties: [Property]

        /// Creates a result.
        public init(
            _ method: Method,
            _ value: String,
            methodVersion: Int? = nil,
            reason: String? = nil,
            comment: String? = nil,
            properties: [Property] = []
        ) {
            self.method = method
            self.methodVersion = methodVersion
            self.value = ASCII.lowercased(value)
            self.reason = reason
            self.comment = comment
            self.properties = properties
        }

        /// The value of the first property of a type and name.
        public func property(_ type: PropertyType, _ name: String) -> String? {
            self.properties.first { $0.type == type && ASCII.equalIgnoringCase($0.name, name) }?.value
        }
    }

    /// Who found it out (authserv-id): a name that is one per administrative domain.
    public var serviceIdentifier: String
    /// The version of the format; nil for 1, the only one.
    public var version: Int?
    /// What was found; nothing is written as `none`.
    public var results: [Result]

    /// Creates results.
    public init(serviceIdentifier: String, version: Int? = nil, results: [Result] = []) {
        self.serviceIdentifier = serviceIdentifier
        self.version = version
        self.results = results
    }

    /// The value of the field on one line. Text that could break out of its place is quoted or replaced.
    public var value: String {
        var text = HeaderText.tokenOrQuoted(self.serviceIdentifier)
        if let version { text += " \(version)" }
        if self.results.isEmpty { return text + "; none" }
        for result in self.results { text += "; " + result.text }
        return text
    }

    /// The field, folded; nil when the identifier holds what no field may.
    public var field: HeaderField? { HeaderField(name: "Authentication-Results", value: self.value) }
}

extension AuthenticationResults.Result {
    fileprivate var text: String {
        var text = Self.keyword(self.method.rawValue)
        if let methodVersion { text += "/\(methodVersion)" }
        text += "=" + Self.keyword(self.value)
        if let comment { text += " " + HeaderText.comment(comment) }
        if let reason { text += " reason=" + HeaderText.quoted(reason) }
        for property in self.properties {
            text += " \(Self.keyword(property.type.rawValue)).\(Self.keyword(property.name))="
            text += Self.propertyValue(property.value)
        }
        return text
    }

    /// Letters, digits, hyphens and underscores; anything else becomes a hyphen.
    private static func keyword(_ text: String) -> String {
        let octets = text.utf8.map { ASCII.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") ? $0 : ASCII.hyphen }
        return octets.isEmpty ? "-" : String(decoding: octets, as: UTF8.self)
    }

    /// `value / [[local-part] "@"] domain-name`
    private static func propertyValue(_ text: String) -> String {
        let octets = Array(text.utf8)
        if let at = octets.firstIndex(of: ASCII.at) {
            let local = octets[..<at].split(separator: ASCII.dot, omittingEmptySubsequences: false)
            let isPlain =
                at == 0 || local.allSatisfy { !$0.isEmpty && $0.allSatisfy(HeaderText.isAtomText) }
            let domain = octets[(at + 1)...]
            if isPlain, !domain.isEmpty, domain.allSatisfy(Self.isDomainOctet) { return text }
        }
        return HeaderText.tokenOrQuoted(text)
    }

    private static func isDomainOctet(_ octet: UInt8) -> Bool {
        octet >= 0x80 || ASCII.isLetterOrDigit(octet) || octet == ASCII.dot || octet == ASCII.hyphen
            || octet == UInt8(ascii: "_")
    }
}

extension AuthenticationResults: CustomStringConvertible {
    /// The value of the field.
    public var description: String { self.value }
}
