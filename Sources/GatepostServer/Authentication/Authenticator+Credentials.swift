package import GatepostModel
package import MailSyntax
internal import SASL

extension Authenticator {
    /// Why a credential that proves right does not let in here.
    package func objection(to credential: Credential, of account: Account, peer: LoginPeer) -> AuthenticationReason? {
        let verdict = CredentialCheck.verdict(
            on: credential,
            of: account,
            for: .mail,
            from: credential.rules.networks.isEmpty ? nil : peer.address.flatMap { IPAddress($0) },
            now: self.directory.now,
            maximumAge: self.maximumPasswordAge
        )
        switch verdict {
        case .allowed: return nil
        case .refused(let reason): return reason
        }
    }

    /// Notes when and from where a credential was used.
    package func noteUse(of credential: Credential, from address: IPAddress?) {
        self.uses?.note(
            CredentialUse(
                credential: credential.id,
                time: self.directory.now,
                address: address.map { $0.unmapped.description }
            )
        )
    }

    /// Which form of name led to the account.
    package func form(of loginName: String, for account: Account) -> LoginName.Form {
        guard self.directory.address(of: loginName) == account.address else { return .grantedAddress }
        return loginName.utf8.contains(UInt8(ascii: "@")) ? .address : .bareName
    }
}
