/// Whether this build has Kerberos.
public enum KerberosSupport {
    /// False where the package trait `Kerberos` is off; ``KerberosAcceptor`` and ``KerberosInitiator`` do not exist then.
    public static var isBuiltIn: Bool {
        #if Kerberos
        true
        #else
        false
        #endif
    }
}
