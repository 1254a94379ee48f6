#if Kerberos
internal import CGSSAPI
public import SASL
internal import Synchronization

/// A client's tickets: makes the security context of each GSSAPI exchange with one server (RFC 4121).
///
/// The server's name should be the one that the user gave, not one that DNS made of it; whether the library asks DNS all the same is for
/// `dns_canonicalize_hostname` and `rdns` in `krb5.conf` to say.
public struct KerberosInitiator: SecurityContextSource, Hashable {
    /// Where tickets come from.
    public enum Tickets: Hashable, Sendable {
        /// The user's: what `kinit` left, or `KRB5CCNAME` names.
        case user
        /// This credential cache, such as `FILE:/run/gatepost/tickets`.
        case cache(String)
        /// Fetched with the keys of this table and kept in memory, for programs that log in by themselves.
        case keytab(String)
    }

    /// The server's name.
    public var host: String
    public var service: String
    /// As whom: `alice@EXAMPLE.ORG`; nil takes the cache's own principal, or the first of the key table.
    public var principal: String?
    public var tickets: Tickets

    public init(host: String, service: String = "smtp", principal: String? = nil, tickets: Tickets = .user) {
        self.host = host
        self.service = service
        self.principal = principal
        self.tickets = tickets
    }

    public func makeContext() -> any SecurityContextInitiator {
        InitiatorContext(self)
    }

    fileprivate func credential() throws(SecurityContextFailure) -> Credential {
        let store: [(key: String, value: String)] =
            switch self.tickets {
            case .user: []
            case .cache(let name): [(key: "ccache", value: name)]
            case .keytab(let path):
                [(key: "client_keytab", value: "FILE:\(path)"), (key: "ccache", value: "MEMORY:gatepost:\(path)")]
            }
        if let principal = self.principal {
            return try Credential(try Name(user: principal), usage: GSS_C_INITIATE, store: store)
        }
        return try Credential(Name(taking: nil), usage: GSS_C_INITIATE, store: store)
    }
}

private final class InitiatorContext: SecurityContextInitiator {
    private let initiator: KerberosInitiator
    private let credential = Mutex<Credential?>(nil)
    private let context = Context()

    init(_ initiator: KerberosInitiator) {
        self.initiator = initiator
    }

    func initiate(_ token: [UInt8]?) throws(SecurityContextFailure) -> SecurityContextInitiation {
        let credential = try self.credential.withLock { credential throws(SecurityContextFailure) in
            if let credential { return credential }
            let acquired = try self.initiator.credential()
            credential = acquired
            return acquired
        }
        let target = try Name(service: "\(self.initiator.service)@\(self.initiator.host)")
        let targetHandle = target.handle
        return try self.context.withHandle { handle throws(SecurityContextFailure) in
            var minor: OM_uint32 = 0
            var output = gss_buffer_desc()
            var flags: OM_uint32 = 0
            let major = withBuffer(token ?? []) {
                gss_init_sec_context(
                    &minor,
                    credential.handle,
                    &handle,
                    targetHandle,
                    gatepost_mech_krb5(),
                    gatepost_initiator_flags(),
                    0,
                    nil,
                    &$0,
                    nil,
                    &output,
                    &flags,
                    nil
                )
            }
            let answer = output.taken()
            guard gatepost_is_error(major) == 0 else {
                throw SecurityContextFailure(
                    gatepost_is_defective_token(major) != 0 ? .defectiveToken : .unavailable,
                    during: "\(self.initiator.service)/\(self.initiator.host)",
                    major: major,
                    minor: minor
                )
            }
            if gatepost_needs_more(major) != 0 { return .continueNeeded(token: answer) }
            guard gatepost_has_mutual(flags) != 0, gatepost_has_integrity(flags) != 0 else {
                throw SecurityContextFailure(.refused, "the server did not prove itself")
            }
            return .established(token: answer.isEmpty ? nil : answer)
        }
    }

    func wrap(_ octets: [UInt8]) throws(SecurityContextFailure) -> [UInt8] { try self.context.wrap(octets) }
    func unwrap(_ token: [UInt8]) throws(SecurityContextFailure) -> [UInt8] { try self.context.unwrap(token) }
}
#endif
