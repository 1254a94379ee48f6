/// What a client of OAUTHBEARER (RFC 7628 §3.1) or XOAUTH2 says: whom it is, and its token.
struct BearerTokenMessage: Sendable {
    static let separator: UInt8 = 0x01
    /// Tokens of several KiB are usual; an AUTH line holds 12,288 octets of base64.
    static let maximumOctets = 9_216

    /// The account: `a=` of the GS2 header, or `user=`; nil when not given.
    var identity: String?
    var token: Secret
    var host: String?
    var port: Int?

    /// `n,a=user@example.org,` ^A `host=…` ^A `port=…` ^A `auth=Bearer …` ^A ^A
    init(oauthBearer octets: [UInt8]) throws(ServerFailure) {
        guard octets.count <= Self.maximumOctets else { throw ServerFailure(.malformed) }
        var fields = octets.split(separator: Self.separator, omittingEmptySubsequences: false)[...]
        guard let header = fields.popFirst() else { throw ServerFailure(.malformed) }
        let parts = header.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].isEmpty,
            parts[0].elementsEqual("n".utf8) || parts[0].elementsEqual("y".utf8)
        else { throw ServerFailure(.malformed) }
        if !parts[1].isEmpty {
            guard let name = SCRAMGrammar.value(of: parts[1], named: "a"), let unescaped = SCRAMGrammar.unescape(name)
            else { throw ServerFailure(.malformed) }
            self.identity = try Self.prepared(unescaped)
        }
        let pairs = try Self.pairs(fields, identity: self.identity)
        self.token = try Self.token(pairs["auth"], identity: self.identity)
        self.host = pairs["host"].map { String(decoding: $0, as: UTF8.self) }
        if let port = pairs["port"] {
            guard let number = Int(String(decoding: port, as: UTF8.self)), (1...65_535).contains(number) else {
                throw ServerFailure(.malformed, authenticationIdentity: self.identity)
            }
            self.port = number
        }
    }

    /// `user=someuser@example.com` ^A `auth=Bearer …` ^A ^A
    init(xoauth2 octets: [UInt8]) throws(ServerFailure) {
        guard octets.count <= Self.maximumOctets else { throw ServerFailure(.malformed) }
        let fields = octets.split(separator: Self.separator, omittingEmptySubsequences: false)[...]
        let pairs = try Self.pairs(fields, identity: nil)
        guard let user = pairs["user"] else { throw ServerFailure(.malformed) }
        let identity = try Self.prepared(user)
        self.identity = identity
        self.token = try Self.token(pairs["auth"], identity: identity)
    }

    private static func prepared(_ octets: some Collection<UInt8>) throws(ServerFailure) -> String {
        do {
            return try Identity.prepare(octets)
        } catch {
            throw ServerFailure(.malformed)
        }
    }

    /// Key-value pairs, each followed by a separator, and one separator more at the end; no key twice.
    private static func pairs(
        _ fields: ArraySlice<ArraySlice<UInt8>>,
        identity: String?
    ) throws(ServerFailure) -> [String: ArraySlice<UInt8>] {
        guard fields.count >= 3, fields.suffix(2).allSatisfy(\.isEmpty) else {
            throw ServerFailure(.malformed, authenticationIdentity: identity)
        }
        var pairs: [String: ArraySlice<UInt8>] = [:]
        for field in fields.dropLast(2) {
            guard let equals = field.firstIndex(of: UInt8(ascii: "=")), equals > field.startIndex,
                field[..<equals].allSatisfy({ (0x61...0x7a).contains($0) || (0x41...0x5a).contains($0) }),
                // TAB, CR and LF are allowed by the grammar and by nobody's use.
                field[equals...].allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
            else { throw ServerFailure(.malformed, authenticationIdentity: identity) }
            let key = String(decoding: field[..<equals], as: UTF8.self)
            guard pairs.updateValue(field[(equals + 1)...], forKey: key) == nil else {
                throw ServerFailure(.malformed, authenticationIdentity: identity)
            }
        }
        return pairs
    }

    /// The token behind `Bearer` (RFC 6750 §2.1: `b64token`).
    private static func token(_ value: ArraySlice<UInt8>?, identity: String?) throws(ServerFailure) -> Secret {
        guard let value, value.count > 7,
            value.prefix(6).map({ (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }) == Array("bearer".utf8),
            value[value.startIndex + 6] == UInt8(ascii: " ")
        else { throw ServerFailure(.malformed, authenticationIdentity: identity) }
        let token = value.dropFirst(7)
        let body = token.prefix { $0 != UInt8(ascii: "=") }
        guard !body.isEmpty, body.allSatisfy(Self.isTokenOctet),
            token[body.endIndex...].allSatisfy({ $0 == UInt8(ascii: "=") })
        else { throw ServerFailure(.malformed, authenticationIdentity: identity) }
        return Secret(token)
    }

    private static func isTokenOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "+"),
            UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
