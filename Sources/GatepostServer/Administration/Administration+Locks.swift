internal import GatepostModel
internal import MailSyntax

extension Administration {
    func answerAboutLocks(_ request: AdministrationRequest) async throws -> AdministrationResponse {
        switch request {
        case .listLocks:
            return .locks(
                try self.lockGuard().locks().prefix(10 * AdministrationRequest.maximumPage).map { LockReport($0) }
            )
        case .liftLocks(let target):
            // An account has an @ or is a bare name; what reads as an address or network is one.
            if let network = IPNetwork(target) {
                return .locks(
                    try await self.lockGuard().lift(network: network.lifted, actor: self.actor).map { LockReport($0) }
                )
            }
            let address = try await self.canonicalAddress(target)
            return .locks(try await self.lockGuard().lift(account: address, actor: self.actor).map { LockReport($0) })
        case .unlockAccount(let name):
            let address = try await self.canonicalAddress(name)
            guard try await self.accounts.account(address: address) != nil else {
                throw AdministrationFailure(.notFound, "there is no account \(address)")
            }
            let lifted = try await self.lockGuard().lift(account: address, actor: self.actor)
            return .locks(lifted.map { LockReport($0) })
        default:
            throw AdministrationFailure(.invalid, "not about locks")
        }
    }

    /// Locks live in the server that counts; a command that found none running has none to show.
    private func lockGuard() throws -> LoginGuard {
        guard let loginGuard = self.loginGuard else {
            throw AdministrationFailure(
                .unavailable,
                "no server runs, and locks are kept by the running one",
                hint: "Start it: it reads from the audit trail what was locked, and this command undoes it then."
            )
        }
        return loginGuard
    }
}

extension IPNetwork {
    /// A single IPv6 address stands for its /64, as in locks.
    fileprivate var lifted: IPNetwork {
        self.prefixLength == self.address.bitWidth ? self.address.network() : self
    }
}
