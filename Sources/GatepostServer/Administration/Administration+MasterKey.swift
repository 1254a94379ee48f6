internal import GatepostModel

extension Administration {
    func rotateKey() async throws -> AdministrationResponse {
        let changed = try await MasterKeyRotation.rotate(
            inDirectory: self.masterKeys.directory,
            store: self.accounts,
            keyring: self.masterKeys.keyring
        )
        for address in Set(changed) {
            if let account = try await self.accounts.account(address: address) {
                await self.hooks.accountChanged(account)
            }
        }
        let secrets = changed.count == 1 ? "1 stored secret" : "\(changed.count) stored secrets"
        return .done("new master key; \(secrets) sealed with it. Back up master.key now, apart from the database.")
    }

    /// A command seals with the key that it read from the file: after a rotation in between nobody could open that.
    func checkSeal(_ credential: NewCredential, of address: String) async throws {
        guard credential.sealedSecret != nil else { return }
        let key = self.masterKeys.keyring.current
        let stored = try await self.accounts.account(address: address)?.credentials.compactMap(\.sealedSecret) ?? []
        guard stored.allSatisfy({ key.opens($0, owner: address) }) else {
            throw AdministrationFailure(
                .failed,
                "\(address): the master key was exchanged just now, or is not the one of this directory",
                hint: "Set the password again: gatepost account password \(address) --legacy …"
            )
        }
    }
}
