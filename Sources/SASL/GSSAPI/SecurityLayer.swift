/// The negotiation of the security layer, which ends a GSSAPI exchange (RFC 4752 §3.1, §3.3).
///
/// Only "no security layer" is offered and chosen: TLS protects the connection. What is said then, before it is wrapped:
///
/// ```
/// S: 01 00 00 00
/// C: 01 00 00 00 and the authorization identity, which may be empty
/// ```
enum SecurityLayer {
    /// The bit of "no security layer".
    static let none: UInt8 = 1

    /// What the server offers: no layer, hence no message of any size.
    static let offer: [UInt8] = [Self.none, 0, 0, 0]

    /// What a client asks for.
    struct Choice: Hashable {
        var authorizationIdentity: String?

        /// - Throws: ``ServerFailure`` where another layer is chosen, a size is named for it, or the identity is none.
        init(parsing octets: [UInt8]) throws(ServerFailure) {
            guard octets.count >= SecurityLayer.offer.count, octets.starts(with: SecurityLayer.offer) else {
                throw ServerFailure(.malformed)
            }
            let identity = octets.dropFirst(SecurityLayer.offer.count)
            guard !identity.isEmpty else { return }
            do {
                self.authorizationIdentity = try Identity.prepare(identity)
            } catch {
                throw ServerFailure(.malformed)
            }
        }

        init(authorizationIdentity: String?) {
            self.authorizationIdentity = authorizationIdentity
        }

        var octets: [UInt8] { SecurityLayer.offer + Array((self.authorizationIdentity ?? "").utf8) }
    }

    /// Whether a server's offer has "no security layer" in it. The size of its buffer says nothing without a layer.
    static func isOffered(in octets: [UInt8]) -> Bool {
        octets.count == Self.offer.count && octets[0] & Self.none != 0
    }
}
