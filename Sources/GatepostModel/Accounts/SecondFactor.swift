/// An account's one-time passwords, as they are stored.
package struct SecondFactor: Hashable, Sendable {
    /// The shared secret under the master key.
    package var sealedSecret: [UInt8]
    package var parameters: TOTP.Parameters
    /// Whether its owner showed a code; before that it guards nothing.
    package var isConfirmed: Bool
    /// The last time step that a code was accepted for: neither it nor an earlier one counts again (RFC 6238 §5.2).
    package var lastStep: Int64?
    /// Recovery codes that were not used yet.
    package var recoveryCodes: Int

    package init(
        sealedSecret: [UInt8],
        parameters: TOTP.Parameters,
        isConfirmed: Bool = false,
        lastStep: Int64? = nil,
        recoveryCodes: Int = 0
    ) {
        self.sealedSecret = sealedSecret
        self.parameters = parameters
        self.isConfirmed = isConfirmed
        self.lastStep = lastStep
        self.recoveryCodes = recoveryCodes
    }
}
