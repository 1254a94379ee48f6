package import GatepostModel
internal import SASL

/// Checks one-time passwords and recovery codes, each of which counts once.
///
/// The web pages and whatever mints an app password for its owner ask here. Six digits are soon guessed by a program, so whoever asks on a
/// stranger's behalf must count failures as for passwords.
package struct SecondFactors: Sendable {
    package enum Verdict: Sendable, Hashable {
        case accepted
        case refused(Cause)
    }

    package enum Cause: Sendable, Hashable {
        /// There is no second factor, or none in this state.
        case absent
        case wrong
        case replayed
        /// Right for a clock this far ahead of ours.
        case clockSkew(seconds: Int64)
    }

    private let store: any CredentialStore
    private let keyring: MasterKeyring
    private let clock: any WallClock

    package init(store: any CredentialStore, keyring: MasterKeyring, clock: any WallClock) {
        self.store = store
        self.keyring = keyring
        self.clock = clock
    }

    /// Judges a code of a confirmed second factor, or a recovery code. Durably used when the call returns.
    ///
    /// - Throws: `StoreError`; `MasterKey.Failure` when the secret was sealed under another master key.
    package func verify(_ typed: String, of address: String) async throws -> Verdict {
        guard let factor = try await self.store.secondFactor(of: address), factor.isConfirmed else {
            return .refused(.absent)
        }
        if let digest = AppSecret.recoveryDigest(typed.utf8) {
            return try await self.store.useRecoveryCode(digest, of: address) ? .accepted : .refused(.wrong)
        }
        switch try self.judge(typed, factor, address) {
        case .accepted(let step):
            // Of two who show the same code at once, the store lets one through.
            return try await self.store.useStep(step, of: address) ? .accepted : .refused(.replayed)
        case .wrong: return .refused(.wrong)
        case .replayed: return .refused(.replayed)
        case .clockSkew(let steps): return .refused(.clockSkew(seconds: steps * Int64(factor.parameters.period)))
        }
    }

    /// Switches a prepared second factor on, for an owner who shows a code of it.
    ///
    /// - Parameter recoveryCodes: Their digests.
    package func confirm(_ typed: String, of address: String, recoveryCodes: [[UInt8]]) async throws -> Verdict {
        guard let factor = try await self.store.secondFactor(of: address), !factor.isConfirmed else {
            return .refused(.absent)
        }
        switch try self.judge(typed, factor, address) {
        case .accepted(let step):
            let isConfirmed = try await self.store.confirmSecondFactor(
                of: address,
                step: step,
                recoveryCodes: recoveryCodes
            )
            return isConfirmed ? .accepted : .refused(.absent)
        case .wrong: return .refused(.wrong)
        case .replayed: return .refused(.replayed)
        case .clockSkew(let steps): return .refused(.clockSkew(seconds: steps * Int64(factor.parameters.period)))
        }
    }

    private func judge(_ typed: String, _ factor: SecondFactor, _ address: String) throws -> TOTP.Verdict {
        TOTP.verify(
            typed,
            secret: try self.keyring.open(factor.sealedSecret, owner: address),
            parameters: factor.parameters,
            lastStep: factor.lastStep,
            now: self.clock.now()
        )
    }
}
