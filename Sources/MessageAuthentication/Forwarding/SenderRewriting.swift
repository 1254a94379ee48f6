internal import Crypto
public import MailSyntax

/// Rewrites the return path of forwarded mail to a domain of our own, and back for the bounces (the Sender Rewriting
/// Scheme): the next host's SPF check then meets a domain whose record names this host.
///
/// ```
/// alice@example.org                                      → SRS0=h4xk27qd=3f=example.org=alice@forward.example
/// SRS0=AbCd=XY=example.org=alice@first.example           → SRS1=7d2mxk5q=first.example==AbCd=XY=example.org=alice@forward.example
/// ```
///
/// An address is only taken back when its hash shows that this host made it, and not too long ago: otherwise anyone could
/// send through us to anyone. The second form shortcuts a chain of forwarders: its bounce goes to the first of them, who
/// knows its own hash.
public struct SenderRewriting: Sendable {
    /// Why a return path cannot be rewritten.
    public enum ForwardFailure: Error, Hashable, Sendable {
        /// The result's local part, or the whole path, would be longer than SMTP allows (RFC 5321 §4.5.3.1).
        case tooLong
        /// The address has other than ASCII letters, which the hash could not survive.
        case notASCII
    }

    /// Why an address is not taken back.
    public enum ReverseFailure: Error, Hashable, Sendable {
        /// It has not the form of one of ours.
        case notRewritten
        /// The hash is not ours.
        case forged
        /// It was made too long ago, or in the future.
        case expired
    }

    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
    private static let hashLength = 8
    private static let days = 1024

    private let domain: Domain
    private let keys: [SymmetricKey]
    private let maximumAgeDays: Int
    private let maximumLocalPartOctets: Int

    /// A rewriter for one domain of ours.
    ///
    /// - Parameters:
    ///   - domain: What rewritten addresses end in: bounces must come here, and its SPF record must name this host.
    ///   - key: A secret of at least 16 octets, the same on all hosts of the domain.
    ///   - formerKeys: Secrets used before, whose addresses are still taken back.
    ///   - maximumAgeDays: How long after the message a bounce is taken, 1–511.
    ///   - maximumLocalPartOctets: What the next hosts take; 64 is what all must (RFC 5321 §4.5.3.1.1).
    /// - Returns: nil when the key is too short or the age out of range.
    public init?(
        domain: Domain,
        key: some Sequence<UInt8>,
        formerKeys: [[UInt8]] = [],
        maximumAgeDays: Int = 21,
        maximumLocalPartOctets: Int = 64
    ) {
        let key = Array(key)
        // Ages are told apart modulo 1024 days, so that half of that is the longest.
        guard key.count >= 16, (1..<Self.days / 2).contains(maximumAgeDays) else { return nil }
        self.domain = domain
        self.keys = ([key] + formerKeys).map { SymmetricKey(data: $0) }
        self.maximumAgeDays = maximumAgeDays
        self.maximumLocalPartOctets = maximumLocalPartOctets
    }

    /// The return path under which a message of `path` is forwarded. The null path and addresses of our own domain stay.
    public func forward(_ path: ReversePath, secondsSince1970: Int64) throws(ForwardFailure) -> ReversePath {
        guard let mailbox = path.mailbox, mailbox.domain != self.domain else { return path }
        guard mailbox.isASCII else { throw .notASCII }
        let localPart: String
        switch Self.parse(mailbox.localPart) {
        case .first(_, _, _, _, let rest):
            // The first forwarder's own form; what it means is its affair.
            localPart = self.second(forwarder: Self.text(of: mailbox.domain), rest: rest)
        case .second(_, let forwarder, let rest):
            localPart = self.second(forwarder: forwarder, rest: rest)
        case nil:
            let stamp = Self.stamp(day: Self.day(secondsSince1970))
            let signed = "\(stamp)=\(Self.text(of: mailbox.domain))=\(mailbox.localPart)"
            localPart = "SRS0=\(self.hash(signed, self.keys[0]))=\(signed)"
        }
        let rewritten = Mailbox(localPart: localPart, domain: self.domain)
        guard rewritten.quotedLocalPart.utf8.count <= self.maximumLocalPartOctets,
            rewritten.description.utf8.count + 2 <= Mailbox.maximumPathOctets
        else { throw .tooLong }
        return .mailbox(rewritten)
    }

    /// Where mail to a rewritten address goes.
    ///
    /// - Parameter mailbox: A recipient in our domain.
    public func reverse(_ mailbox: Mailbox, secondsSince1970: Int64) throws(ReverseFailure) -> Mailbox {
        guard mailbox.domain == self.domain, mailbox.isASCII, let parsed = Self.parse(mailbox.localPart) else {
            throw .notRewritten
        }
        switch parsed {
        case .first(let hash, let stamp, let host, let localPart, _):
            guard self.isOurs(hash, of: "\(stamp)=\(host)=\(localPart)") else { throw .forged }
            guard let made = Self.day(ofStamp: stamp) else { throw .forged }
            let age = (Self.day(secondsSince1970) - made + Self.days) % Self.days
            guard age <= self.maximumAgeDays else { throw .expired }
            return try Self.mailbox(localPart: localPart, host: host)
        case .second(let hash, let forwarder, let rest):
            guard self.isOurs(hash, of: "\(forwarder)=\(rest)") else { throw .forged }
            return try Self.mailbox(localPart: "SRS0" + rest, host: forwarder)
        }
    }

    private func second(forwarder: String, rest: String) -> String {
        "SRS1=\(self.hash("\(forwarder)=\(rest)", self.keys[0]))=\(forwarder)=\(rest)"
    }
}

extension SenderRewriting {
    private enum Parsed {
        /// `SRS0=hash=stamp=host=local`; `rest` is all after `SRS0`, its separator included.
        case first(hash: String, stamp: String, host: String, localPart: String, rest: String)
        /// `SRS1=hash=forwarder=rest`; `rest` begins with the separator of the first form.
        case second(hash: String, forwarder: String, rest: String)
    }

    /// Tells the two forms; after the tag `=`, `+` or `-` may stand.
    private static func parse(_ localPart: String) -> Parsed? {
        let octets = Array(localPart.utf8)
        let separators: [UInt8] = [ASCII.equals, ASCII.plus, ASCII.hyphen]
        guard octets.count > 5, ASCII.equalIgnoringCase(octets.prefix(3), "srs".utf8), separators.contains(octets[4])
        else { return nil }
        func text(_ part: ArraySlice<UInt8>) -> String { String(decoding: part, as: UTF8.self) }
        switch octets[3] {
        case ASCII.zero:
            let parts = octets[5...].split(separator: ASCII.equals, maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count == 4, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
            return .first(
                hash: text(parts[0]),
                stamp: text(parts[1]),
                host: text(parts[2]),
                localPart: text(parts[3]),
                rest: text(octets[4...])
            )
        case ASCII.zero + 1:
            let parts = octets[5...].split(separator: ASCII.equals, maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, let first = parts[2].first, separators.contains(first), !parts[0].isEmpty,
                !parts[1].isEmpty, parts[2].count > 1
            else { return nil }
            // What names no host to send the bounce to is no address of a forwarder, but a name that looks like one.
            guard self.isHost(parts[1]) else { return nil }
            return .second(hash: text(parts[0]), forwarder: text(parts[1]), rest: text(parts[2]))
        default:
            return nil
        }
    }

    private static func isHost(_ octets: ArraySlice<UInt8>) -> Bool {
        do {
            _ = try Domain(parsing: octets)
            return true
        } catch {
            return false
        }
    }

    private static func text(of domain: Domain) -> String { domain.lowercased.description }

    private static func mailbox(localPart: String, host: String) throws(ReverseFailure) -> Mailbox {
        do {
            return Mailbox(localPart: localPart, domain: try Domain(parsing: host))
        } catch {
            // Only an address that we were given in SMTP was hashed, so that this is no address of ours.
            throw .forged
        }
    }

    /// Forty bits of HMAC-SHA256. Hosts on the way may fold the case of local parts, so that it sets none store by it.
    private func hash(_ text: String, _ key: SymmetricKey) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array(ASCII.lowercased(text).utf8), using: key)
        let bits = code.prefix(5).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let digits = (0..<Self.hashLength).map { Self.alphabet[Int(bits >> UInt64(35 - 5 * $0) & 31)] }
        return String(decoding: digits, as: UTF8.self)
    }

    private func isOurs(_ hash: String, of text: String) -> Bool {
        let given = Array(ASCII.lowercased(hash).utf8)
        guard given.count == Self.hashLength else { return false }
        var isOurs = false
        for key in self.keys {
            // All octets of all keys are compared, so that the time tells nothing of how close a guess was.
            let difference = zip(given, self.hash(text, key).utf8).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
            isOurs = difference == 0 || isOurs
        }
        return isOurs
    }

    /// The day, counted from 1970, modulo 1024.
    private static func day(_ secondsSince1970: Int64) -> Int {
        let day = (secondsSince1970 / 86_400) % Int64(Self.days)
        return Int(day < 0 ? day + Int64(Self.days) : day)
    }

    private static func stamp(day: Int) -> String {
        String(decoding: [Self.alphabet[day / 32 % 32], Self.alphabet[day % 32]], as: UTF8.self)
    }

    private static func day(ofStamp stamp: String) -> Int? {
        let digits = stamp.utf8.compactMap { Self.alphabet.firstIndex(of: ASCII.lowercased($0)) }
        guard digits.count == 2, stamp.utf8.count == 2 else { return nil }
        return digits[0] * 32 + digits[1]
    }
}
