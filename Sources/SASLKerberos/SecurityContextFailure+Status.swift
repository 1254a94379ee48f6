#if Kerberos
internal import CGSSAPI
internal import SASL

extension SecurityContextFailure {
    /// The major and minor status of a call, in the library's words.
    init(_ kind: Kind, during call: String, major: OM_uint32, minor: OM_uint32) {
        let words =
            Self.words(major, GSS_C_GSS_CODE) + (minor == 0 ? [] : Self.words(minor, GSS_C_MECH_CODE))
        self.init(kind, "\(call): \(words.joined(separator: ": "))")
    }

    /// One status value may have several messages (RFC 2743 §2.4.1).
    private static func words(_ status: OM_uint32, _ type: Int32) -> [String] {
        var words: [String] = []
        var more: OM_uint32 = 0
        repeat {
            var minor: OM_uint32 = 0
            var text = gss_buffer_desc()
            let major = gss_display_status(&minor, status, type, gatepost_mech_krb5(), &more, &text)
            guard gatepost_is_error(major) == 0 else { break }
            words.append(String(decoding: text.taken(), as: UTF8.self))
        } while more != 0 && words.count < 8
        return words
    }
}
#endif
