#if Kerberos
internal import CGSSAPI
internal import SASL
internal import Synchronization

/// What both halves of a security context share: the handle, used by one thread at a time, and the calls once it stands.
final class Context: Sendable {
    /// Touched only inside the lock.
    struct State: ~Copyable {
        var handle: gss_ctx_id_t?

        deinit {
            var minor: OM_uint32 = 0
            var handle = self.handle
            gss_delete_sec_context(&minor, &handle, nil)
        }
    }

    private let state = Mutex(State())

    func withHandle<Result: Sendable>(
        _ body: (inout gss_ctx_id_t?) throws(SecurityContextFailure) -> Result
    ) throws(SecurityContextFailure) -> Result {
        try self.state.withLock { state throws(SecurityContextFailure) in try body(&state.handle) }
    }

    func wrap(_ octets: [UInt8]) throws(SecurityContextFailure) -> [UInt8] {
        try self.withHandle { handle throws(SecurityContextFailure) in
            var minor: OM_uint32 = 0
            var output = gss_buffer_desc()
            // A context that does not stand is the library's to refuse: GSS_S_NO_CONTEXT.
            let major = withBuffer(octets) {
                gss_wrap(&minor, handle, 0, gss_qop_t(GSS_C_QOP_DEFAULT), &$0, nil, &output)
            }
            let token = output.taken()
            guard gatepost_is_error(major) == 0 else {
                throw SecurityContextFailure(.refused, during: "wrap", major: major, minor: minor)
            }
            return token
        }
    }

    func unwrap(_ token: [UInt8]) throws(SecurityContextFailure) -> [UInt8] {
        try self.withHandle { handle throws(SecurityContextFailure) in
            var minor: OM_uint32 = 0
            var output = gss_buffer_desc()
            let major = withBuffer(token) { gss_unwrap(&minor, handle, &$0, &output, nil, nil) }
            let octets = output.taken()
            guard gatepost_is_error(major) == 0, gatepost_is_misplaced(major) == 0 else {
                throw SecurityContextFailure(
                    gatepost_is_defective_token(major) != 0 ? .defectiveToken : .refused,
                    during: "unwrap",
                    major: major,
                    minor: minor
                )
            }
            return octets
        }
    }
}
#endif
