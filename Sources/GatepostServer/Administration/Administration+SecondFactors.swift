internal import GatepostModel
internal import MailSyntax

extension Administration {
    private var secondFactors: SecondFactors {
        SecondFactors(store: self.accounts, keyring: self.masterKeys.keyring, clock: self.clock)
    }

    func answerAboutSecondFactors(_ request: AdministrationRequest) async throws -> AdministrationResponse {
        switch request {
        case .setSecondFactor(let name, let record):
            let address = try await self.canonicalAddress(name)
            let before = try await self.existing(address)
            guard !before.hasSecondFactor else {
                throw AdministrationFailure(
                    .exists,
                    "\(address) has a second factor already",
                    hint: "gatepost account mfa disable \(address) takes it away first."
                )
            }
            guard let sealed = Base64.decode(record.sealedSecret.utf8),
                self.masterKeys.keyring.current.opens(sealed, owner: address)
            else {
                throw AdministrationFailure(.failed, "\(address): the secret was sealed under another master key")
            }
            let factor = SecondFactor(sealedSecret: sealed, parameters: record.parameters)
            guard try await self.accounts.setSecondFactor(factor, of: address) else {
                throw self.unknownAccount(address)
            }
            await self.hooks.accountChanged(before)
            return .done("\(address): second factor prepared; it counts once a code is confirmed")
        case .confirmSecondFactor(let name, let code, let recoveryCodes):
            return try await self.confirm(try await self.canonicalAddress(name), code, recoveryCodes)
        case .removeSecondFactor(let name):
            let address = try await self.canonicalAddress(name)
            let before = try await self.existing(address)
            guard try await self.accounts.removeSecondFactor(of: address) else {
                throw AdministrationFailure(.notFound, "\(address) has no second factor")
            }
            await self.hooks.accountChanged(before)
            return .done("\(address): no second factor any more; the main password counts for mail again")
        case .showSecondFactor(let name):
            return .secondFactor(try await self.report(try await self.existing(try await self.canonicalAddress(name))))
        default:
            throw AdministrationFailure(.invalid, "not a request about second factors")
        }
    }

    private func confirm(
        _ address: String,
        _ code: String,
        _ recoveryCodes: [String]
    ) async throws -> AdministrationResponse {
        let before = try await self.existing(address)
        let digests = recoveryCodes.compactMap { Base64.decode($0.utf8) }
        guard digests.count == recoveryCodes.count, digests.allSatisfy({ $0.count == 32 }), digests.count <= 100 else {
            throw AdministrationFailure(.invalid, "the recovery codes cannot be read")
        }
        switch try await self.secondFactors.confirm(code, of: address, recoveryCodes: digests) {
        case .accepted:
            await self.hooks.accountChanged(before)
            return .done("\(address): second factor on; the mail protocols take app passwords only")
        case .refused(.absent):
            throw AdministrationFailure(
                .notFound,
                "\(address) has no second factor to confirm",
                hint: "gatepost account mfa enable \(address) makes one."
            )
        case .refused(.clockSkew(let seconds)):
            throw AdministrationFailure(
                .invalid,
                "the code is right for a clock that is \(abs(seconds)) seconds \(seconds > 0 ? "fast" : "slow")",
                hint: "Set the clock of the authenticator, or of this host."
            )
        case .refused(.wrong), .refused(.replayed):
            throw AdministrationFailure(.invalid, "the code is wrong", hint: "Wait for the next one and try again.")
        }
    }

    private func report(_ account: Account) async throws -> SecondFactorReport {
        guard let factor = try await self.accounts.secondFactor(of: account.address) else {
            return SecondFactorReport(address: account.address, state: .off)
        }
        return SecondFactorReport(
            address: account.address,
            state: factor.isConfirmed ? .on : .unconfirmed,
            algorithm: factor.parameters.algorithm.rawValue,
            digits: factor.parameters.digits,
            period: factor.parameters.period,
            recoveryCodes: factor.recoveryCodes,
            isReadable: self.masterKeys.keyring.current.opens(factor.sealedSecret, owner: account.address)
        )
    }
}
