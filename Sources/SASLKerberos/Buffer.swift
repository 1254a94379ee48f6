#if Kerberos
internal import CGSSAPI

extension gss_buffer_desc_struct {
    /// What the library put there; its memory is given back.
    mutating func taken() -> [UInt8] {
        defer {
            var minor: OM_uint32 = 0
            gss_release_buffer(&minor, &self)
        }
        return Array(UnsafeRawBufferPointer(start: self.value, count: self.value == nil ? 0 : self.length))
    }
}

/// Lends octets as a buffer that the library only reads.
func withBuffer<Result>(_ octets: [UInt8], _ body: (inout gss_buffer_desc_struct) -> Result) -> Result {
    octets.withUnsafeBytes { octets in
        var buffer = gss_buffer_desc_struct(
            length: octets.count,
            value: UnsafeMutableRawPointer(mutating: octets.baseAddress)
        )
        return body(&buffer)
    }
}
#endif
