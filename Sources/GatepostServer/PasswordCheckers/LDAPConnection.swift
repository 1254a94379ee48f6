#if LDAP
internal import CLDAP
internal import Glibc
internal import GatepostModel
internal import SASL

/// One connection to a directory. Blocking; used by one thread at a time.
final class LDAPConnection: @unchecked Sendable {
    /// What a search for one entry came to.
    enum Found: Sendable, Hashable {
        case entry(distinguishedName: String)
        case nothing
        case several
    }

    /// A call failed, with libldap's or the directory's code and words.
    struct Failure: Error, Hashable, CustomStringConvertible {
        var description: String
        /// Whether another connection may do better.
        var isConnectionLost: Bool
    }

    /// Debian's, and the usual place elsewhere; without it libldap may trust what a file in somebody's home says.
    private static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"
    private static let policyRequest = "1.3.6.1.4.1.42.2.27.8.5.1"
    private static let policyResponse = "1.3.6.1.4.1.42.2.27.8.5.1"

    // Guarded by the rule above: ``LDAPPasswordChecker`` hands a connection to one thread at a time.
    private let handle: LDAPLibrary.Handle
    private let library: LDAPLibrary
    private let timeout: timeval

    /// - Throws: ``Failure``
    init(_ configuration: Configuration.LDAP, library: LDAPLibrary, timeout: Duration) throws(Failure) {
        var made: LDAPLibrary.Handle?
        let code = library.initialize(&made, configuration.url)
        guard code == LDAPBindResult.success, let made else {
            throw Failure(description: "\(configuration.url): \(library.text(of: code))", isConnectionLost: false)
        }
        self.handle = made
        self.library = library
        let (seconds, attoseconds) = timeout.components
        self.timeout = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        try self.setOptions(configuration)
        if configuration.startsTLS {
            try self.check(library.startTLS(made, nil, nil), "STARTTLS")
        }
    }

    deinit {
        _ = self.library.unbind(self.handle, nil, nil)
    }

    private func setOptions(_ configuration: Configuration.LDAP) throws(Failure) {
        try self.set(LDAP_OPT_PROTOCOL_VERSION, 3, "protocol version")
        // A referral would send the password to a host that nobody chose. The value is LDAP_OPT_OFF.
        try self.check(self.library.setOption(self.handle, LDAP_OPT_REFERRALS, nil), "no referrals")
        // An interrupted call goes on.
        try self.check(self.library.setOption(self.handle, LDAP_OPT_RESTART, LDAPConnection.on), "restart")
        for option in [LDAP_OPT_NETWORK_TIMEOUT, LDAP_OPT_TIMEOUT] {
            var limit = self.timeout
            try self.check(self.library.setOption(self.handle, option, &limit), "timeout")
        }
        guard configuration.startsTLS || configuration.url.lowercased().hasPrefix("ldaps:") else { return }
        try self.check(
            self.library.setOption(
                self.handle,
                LDAP_OPT_X_TLS_CACERTFILE,
                configuration.authorities ?? LDAPConnection.systemAuthorities
            ),
            "authorities"
        )
        try self.set(LDAP_OPT_X_TLS_REQUIRE_CERT, Int32(LDAP_OPT_X_TLS_DEMAND), "certificate")
        // TLS 1.2.
        try self.set(LDAP_OPT_X_TLS_PROTOCOL_MIN, 0x303, "TLS version")
        // What was set counts in a new context only; 0 means a client's.
        do {
            try self.set(LDAP_OPT_X_TLS_NEWCTX, 0, "TLS")
        } catch {
            let file = configuration.authorities ?? LDAPConnection.systemAuthorities
            throw Failure(description: "TLS cannot be set up with \(file)", isConnectionLost: false)
        }
    }

    /// Anything that is not null switches on.
    private static var on: UnsafeRawPointer? { UnsafeRawPointer(bitPattern: 1) }

    private func set(_ option: Int32, _ value: Int32, _ what: String) throws(Failure) {
        var value = value
        try self.check(self.library.setOption(self.handle, option, &value), what)
    }

    private func check(_ code: Int32, _ what: String) throws(Failure) {
        guard code != LDAPBindResult.success else { return }
        throw self.failure(code, what)
    }

    private func failure(_ code: Int32, _ what: String) -> Failure {
        var words: LDAPLibrary.Text?
        _ = self.library.getOption(self.handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, &words)
        defer { self.library.freeMemory(words) }
        let more = words.map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : " (\($0))" } ?? ""
        // Negative codes are the library's own, most of them about the connection; 51 and 52: busy, unavailable.
        return Failure(
            description: "\(what): \(self.library.text(of: code))\(more)",
            isConnectionLost: code < 0 || code == 51 || code == 52
        )
    }

    /// A simple bind (RFC 4513 §5.1.3).
    ///
    /// - Parameters:
    ///   - distinguishedName: Not empty.
    ///   - password: Not empty: with an empty one the directory would answer success to anybody (§5.1.2).
    func bind(_ distinguishedName: String, _ password: Secret) throws(Failure) -> LDAPBindResult {
        guard !distinguishedName.isEmpty, !password.isEmpty else {
            return LDAPBindResult(code: LDAPBindResult.invalidCredentials, diagnostic: "empty name or password")
        }
        var octets = password.octets
        defer {
            octets.withUnsafeMutableBytes {
                _ = $0.baseAddress.map { memory in explicit_bzero(memory, password.count) }
            }
        }
        var identifier: Int32 = -1
        let sent = LDAPConnection.withPolicyRequest { controls in
            octets.withUnsafeMutableBytes { octets in
                var credentials = berval(
                    bv_len: ber_len_t(octets.count),
                    bv_val: octets.baseAddress?.assumingMemoryBound(to: CChar.self)
                )
                return self.library.bind(
                    self.handle,
                    distinguishedName,
                    nil,
                    &credentials,
                    controls,
                    nil,
                    &identifier
                )
            }
        }
        try self.check(sent, "bind")
        return try self.bindResult(identifier)
    }

    /// Lends a list with the control that asks for the password policy's words; a directory without one ignores it.
    private static func withPolicyRequest(_ body: (LDAPLibrary.Controls) -> Int32) -> Int32 {
        var name = Array(LDAPConnection.policyRequest.utf8CString)
        return name.withUnsafeMutableBufferPointer { name in
            var control = LDAPControl(
                ldctl_oid: name.baseAddress,
                ldctl_value: berval(bv_len: 0, bv_val: nil),
                ldctl_iscritical: 0
            )
            return withUnsafeMutablePointer(to: &control) { control in
                var list: [LDAPLibrary.Control?] = [control, nil]
                return list.withUnsafeMutableBufferPointer { list in
                    list.baseAddress.map(body) ?? LDAP_NO_MEMORY
                }
            }
        }
    }

    private func bindResult(_ identifier: Int32) throws(Failure) -> LDAPBindResult {
        var limit = self.timeout
        var message: LDAPLibrary.Message?
        let kind = self.library.result(self.handle, identifier, 1, &limit, &message)
        guard kind > 0, let message else {
            // 0: the time is up.
            throw self.failure(kind == 0 ? LDAP_TIMEOUT : LDAP_SERVER_DOWN, "bind")
        }
        var code: Int32 = LDAP_OTHER
        var words: LDAPLibrary.Text?
        var controls: LDAPLibrary.Controls?
        // The last argument frees the message.
        let parsed = self.library.parseResult(self.handle, message, &code, nil, &words, nil, &controls, 1)
        defer {
            self.library.freeMemory(words)
            self.library.freeControls(controls)
        }
        try self.check(parsed, "bind")
        var result = LDAPBindResult(code: code, diagnostic: words.map { String(cString: $0) } ?? "")
        if let control = self.library.findControl(LDAPConnection.policyResponse, controls, nil) {
            var (expires, grace, error): (Int32, Int32, UInt32) = (-1, -1, .max)
            if self.library.parsePasswordPolicy(self.handle, control, &expires, &grace, &error)
                == LDAPBindResult.success
            {
                result.policyError = LDAPBindResult.PolicyError(rawValue: error)
            }
        }
        return result
    }

    /// Looks for the one entry that fits.
    func find(base: String, scope: Int32, filter: String) throws(Failure) -> Found {
        var limit = self.timeout
        var message: LDAPLibrary.Message?
        // No attributes (RFC 4511 §4.5.1.8), and two entries are enough to know that there is more than one.
        var nothing = Array("1.1".utf8CString)
        let code = nothing.withUnsafeMutableBufferPointer { nothing in
            var attributes: [LDAPLibrary.Text?] = [nothing.baseAddress, nil]
            return attributes.withUnsafeMutableBufferPointer { attributes in
                self.library.search(
                    self.handle,
                    base,
                    scope,
                    filter,
                    attributes.baseAddress,
                    0,
                    nil,
                    nil,
                    &limit,
                    2,
                    &message
                )
            }
        }
        defer { _ = self.library.freeMessage(message) }
        if code == LDAPBindResult.sizeLimitExceeded { return .several }
        if code == LDAPBindResult.noSuchObject { return .nothing }
        try self.check(code, "search below \(base)")
        guard let first = self.library.firstEntry(self.handle, message) else { return .nothing }
        guard self.library.nextEntry(self.handle, first) == nil else { return .several }
        guard let name = self.library.distinguishedName(self.handle, first) else { return .nothing }
        defer { self.library.freeMemory(name) }
        return .entry(distinguishedName: String(cString: name))
    }
}
#endif
