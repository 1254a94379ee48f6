#if Kerberos
import SASL
import SASLKerberos
import Testing

@Suite("Keys and tickets without a realm")
struct KerberosAcceptorTests {
    @Test("a key table that is not there is said by name")
    func noKeytab() {
        do throws(SecurityContextFailure) {
            _ = try KerberosAcceptor(keytab: "/nonexistent/smtp.keytab")
            Issue.record("keys out of nothing")
        } catch {
            #expect(error.kind == .unavailable)
            #expect(error.description.contains("/nonexistent/smtp.keytab"), "\(error)")
        }
    }

    @Test("a file that is no key table is not taken for one")
    func noKeytabFormat() {
        #expect(throws: SecurityContextFailure.self) { _ = try KerberosAcceptor(keytab: "/etc/passwd") }
    }

    @Test("calls on a context that does not stand are refused, not followed")
    func noContext() {
        let initiator = KerberosInitiator(host: "localhost", tickets: .cache("MEMORY:empty")).makeContext()
        #expect(throws: SecurityContextFailure.self) { try initiator.wrap([1, 0, 0, 0]) }
        #expect(throws: SecurityContextFailure.self) { try initiator.unwrap([1, 0, 0, 0]) }
        #expect(throws: SecurityContextFailure.self) { try initiator.unwrap([]) }
    }

    @Test("without a ticket the failure says so")
    func noTicket() {
        let initiator = KerberosInitiator(host: "localhost", tickets: .cache("MEMORY:empty")).makeContext()
        do throws(SecurityContextFailure) {
            _ = try initiator.initiate(nil)
            Issue.record("a token out of nothing")
        } catch {
            #expect(error.kind == .unavailable)
            #expect(!error.description.isEmpty)
        }
    }
}
#endif
