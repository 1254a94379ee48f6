#if Kerberos
internal import CGSSAPI
internal import SASL

/// A name of the GSS library's (RFC 2743 §1.1.5), released with this value.
struct Name: ~Copyable {
    private(set) var handle: gss_name_t?

    /// Takes over a name that a call returned.
    init(taking handle: gss_name_t?) {
        self.handle = handle
    }

    /// - Parameter service: `smtp@mail.example.org`, or `smtp` alone.
    init(service: String) throws(SecurityContextFailure) {
        try self.init(service, gatepost_nt_hostbased_service())
    }

    /// - Parameter user: `alice`, or `alice@EXAMPLE.ORG`.
    init(user: String) throws(SecurityContextFailure) {
        try self.init(user, gatepost_nt_user_name())
    }

    private init(_ text: String, _ type: gss_OID?) throws(SecurityContextFailure) {
        var handle: gss_name_t?
        var minor: OM_uint32 = 0
        let major = withBuffer(Array(text.utf8)) { gss_import_name(&minor, &$0, type, &handle) }
        self.handle = handle
        guard gatepost_is_error(major) == 0 else {
            throw SecurityContextFailure(.unavailable, during: "name \(text)", major: major, minor: minor)
        }
    }

    deinit {
        var minor: OM_uint32 = 0
        var handle = self.handle
        gss_release_name(&minor, &handle)
    }

    /// As the library shows it: `alice@EXAMPLE.ORG`.
    func displayed() throws(SecurityContextFailure) -> String {
        var minor: OM_uint32 = 0
        var text = gss_buffer_desc()
        let major = gss_display_name(&minor, self.handle, &text, nil)
        guard gatepost_is_error(major) == 0 else {
            throw SecurityContextFailure(.unavailable, during: "display name", major: major, minor: minor)
        }
        guard let name = String(validating: text.taken(), as: UTF8.self) else {
            throw SecurityContextFailure(.refused, "the principal's name is not UTF-8")
        }
        return name
    }
}
#endif
