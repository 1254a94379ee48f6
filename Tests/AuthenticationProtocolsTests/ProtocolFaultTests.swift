import AuthenticationProtocols
import Testing

@Test("a fault prints what is wrong")
func faultText() {
    #expect("\(ProtocolFault("no version"))" == "no version")
}
