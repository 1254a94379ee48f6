import SASLKerberos
import Testing

@Test("an error prints what GSS-API said")
func errorText() {
    #expect("\(SecurityContextError("no key"))" == "no key")
}
