#if Kerberos
internal import CGSSAPI
internal import SASL

/// Keys or tickets (RFC 2743 §1.1.1), released with the last holder.
///
/// The handle is written in `init` and read afterwards; the library guards what lies behind it with a lock of its own, so that several
/// contexts may use one credential at a time.
final class Credential: @unchecked Sendable {
    let handle: gss_cred_id_t?

    /// - Parameters:
    ///   - name: Whose; nil takes any.
    ///   - store: Where from: `keytab`, `ccache`, `client_keytab`, `rcache` with their values.
    init(
        _ name: borrowing Name,
        usage: Int32,
        store: [(key: String, value: String)]
    ) throws(SecurityContextFailure) {
        var handle: gss_cred_id_t?
        var minor: OM_uint32 = 0
        // Kerberos only: else the library would also take what SPNEGO and others bring.
        var mechanisms = gss_OID_set_desc(count: 1, elements: gatepost_mech_krb5())
        let name = name.handle
        let major = Credential.withStore(store) { store in
            gss_acquire_cred_from(&minor, name, OM_uint32.max, &mechanisms, usage, store, &handle, nil, nil)
        }
        self.handle = handle
        guard gatepost_is_error(major) == 0 else {
            throw SecurityContextFailure(.unavailable, during: "acquire credentials", major: major, minor: minor)
        }
    }

    deinit {
        var minor: OM_uint32 = 0
        var handle = self.handle
        gss_release_cred(&minor, &handle)
    }

    private static func withStore<Result>(
        _ store: [(key: String, value: String)],
        _ body: (gss_const_key_value_set_t?) -> Result
    ) -> Result {
        guard !store.isEmpty else { return body(nil) }
        let texts = store.flatMap { [$0.key, $0.value] }.map { text in
            let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: text.utf8.count + 1)
            _ = copy.initialize(from: text.utf8.map { CChar(bitPattern: $0) } + [0])
            return copy
        }
        defer { for text in texts { text.deallocate() } }
        var elements = stride(from: 0, to: texts.count, by: 2).map { index in
            gss_key_value_element_desc(
                key: UnsafePointer(texts[index].baseAddress),
                value: UnsafePointer(texts[index + 1].baseAddress)
            )
        }
        return elements.withUnsafeMutableBufferPointer { elements in
            var set = gss_key_value_set_desc(count: OM_uint32(elements.count), elements: elements.baseAddress)
            return body(&set)
        }
    }
}
#endif
