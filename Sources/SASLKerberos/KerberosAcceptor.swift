#if Kerberos
internal import CGSSAPI
internal import Glibc
public import SASL

/// The server's keys: makes the security context of each GSSAPI exchange (RFC 4121).
///
/// A context is made for Kerberos 5 alone, and may be asked for by any name of the service that the key table holds a key for, so that a
/// server that is reached by several names needs no list of them. The key table is read at every exchange: new keys count at once.
public final class KerberosAcceptor: Sendable {
    /// Where the authenticators that were seen are noted, so that one that was overheard is not taken a second time (RFC 4120 §3.2.3).
    public enum ReplayCache: Hashable, Sendable {
        /// The library's own choice: one file of the user's under `/var/tmp`, or what `KRB5RCACHENAME` says.
        case standard
        case file(String)
        /// None: clients without mutual authentication can be impersonated by whoever reads what they send.
        case none
    }

    private let credential: Credential
    private let keytab: String

    /// - Parameters:
    ///   - keytab: The path of the key table.
    ///   - service: The first part of the principals whose keys count: `smtp/…`.
    /// - Throws: ``SecurityContextFailure`` where the table cannot be read or has no such key.
    public init(
        keytab: String,
        service: String = "smtp",
        replayCache: ReplayCache = .standard
    ) throws(SecurityContextFailure) {
        self.keytab = keytab
        var store = [(key: "keytab", value: "FILE:\(keytab)")]
        switch replayCache {
        case .standard: break
        case .file(let path): store.append((key: "rcache", value: "file2:\(path)"))
        case .none: store.append((key: "rcache", value: "none:"))
        }
        // Without a host the name stands for all keys of the service.
        self.credential = try Credential(try Name(service: service), usage: GSS_C_ACCEPT, store: store)
    }

    /// A context for one exchange.
    public func makeContext() -> any SecurityContextAcceptor {
        AcceptorContext(self.credential, keytab: self.keytab)
    }
}

private final class AcceptorContext: SecurityContextAcceptor {
    private let credential: Credential
    private let keytab: String
    private let context = Context()

    init(_ credential: Credential, keytab: String) {
        self.credential = credential
        self.keytab = keytab
    }

    func accept(_ token: [UInt8]) throws(SecurityContextFailure) -> SecurityContextAcceptance {
        // The library calls nonsense an unspecified failure, with no reason.
        guard TokenFrame.isKerberos(token) else {
            throw SecurityContextFailure(.defectiveToken, "that is no token of Kerberos")
        }
        return try self.accept(framed: token)
    }

    private func accept(framed token: [UInt8]) throws(SecurityContextFailure) -> SecurityContextAcceptance {
        try self.context.withHandle { handle throws(SecurityContextFailure) in
            var minor: OM_uint32 = 0
            var output = gss_buffer_desc()
            var peer: gss_name_t?
            var flags: OM_uint32 = 0
            // No channel bindings (RFC 4752 §3.2), and no delegated tickets kept.
            let major = withBuffer(token) {
                gss_accept_sec_context(
                    &minor,
                    &handle,
                    self.credential.handle,
                    &$0,
                    nil,
                    &peer,
                    nil,
                    &output,
                    &flags,
                    nil,
                    nil
                )
            }
            let answer = output.taken()
            let name = Name(taking: peer)
            guard gatepost_is_error(major) == 0 else {
                throw SecurityContextFailure(self.kind(major, minor), during: "accept", major: major, minor: minor)
            }
            if gatepost_needs_more(major) != 0 { return .continueNeeded(token: answer) }
            guard gatepost_has_integrity(flags) != 0 else {
                throw SecurityContextFailure(.refused, "the context has no integrity protection")
            }
            return .established(principal: try name.displayed(), token: answer.isEmpty ? nil : answer)
        }
    }

    private func kind(_ major: OM_uint32, _ minor: OM_uint32) -> SecurityContextFailure.Kind {
        // There are keys, so "no credential" means a token of a mechanism that they are not for: SPNEGO, NTLM, or nonsense.
        if gatepost_is_defective_token(major) != 0 || gatepost_is_foreign(major) != 0
            || gatepost_is_unreadable(major, minor) != 0
        {
            return .defectiveToken
        }
        if gatepost_is_clock_skew(minor) != 0 { return .clockSkew }
        // A key table that went away or may not be read any more is our trouble. The library's status does not tell it from a key that
        // the client chose wrong.
        return access(self.keytab, R_OK) == 0 ? .refused : .unavailable
    }

    func wrap(_ octets: [UInt8]) throws(SecurityContextFailure) -> [UInt8] { try self.context.wrap(octets) }
    func unwrap(_ token: [UInt8]) throws(SecurityContextFailure) -> [UInt8] { try self.context.unwrap(token) }
}
#endif
