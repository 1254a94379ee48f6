internal import SASL
internal import SASLKerberos
internal import SMTPClient

extension Send {
    /// The user's Kerberos ticket, with `--mechanism GSSAPI`. Who logs in is who has it; `--user` asks to act as somebody.
    ///
    /// - Returns: nil for every other mechanism.
    func ticket(_ settings: SendSettings, _ endpoint: Endpoint) throws -> ClientCredentials? {
        guard let text = settings.mechanism, MechanismName(text) == .gssapi else { return nil }
        #if Kerberos
        guard case .tcp(let host, _) = endpoint else {
            throw Failure(.usage, "GSSAPI needs the server's name: say --server host:port")
        }
        return ClientCredentials(tickets: KerberosInitiator(host: host), authorizationIdentity: self.user)
        #else
        throw Failure(.usage, "GSSAPI needs a build with the package trait Kerberos")
        #endif
    }
}
