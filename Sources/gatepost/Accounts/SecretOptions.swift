internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer
internal import SASL

/// Where a new password comes from, and what is kept of it.
struct SecretOptions: ParsableArguments {
    @Flag(name: .long, help: "Read the password from the first line of standard input.")
    var passwordStdin = false

    @Flag(name: .long, help: "Keep no password: a store of authentication.passwordCheckers knows it.")
    var noPassword = false

    @Option(
        name: .long,
        help:
            "Old mechanisms to allow, comma-separated: cram-md5, digest-md5, ntlm. The password is then kept, sealed under the master key."
    )
    var legacy: LegacyMechanisms?

    func validate() throws {
        if self.noPassword, self.passwordStdin || self.legacy != nil {
            throw ValidationError("--no-password stands alone: there is nothing to read or to keep.")
        }
    }

    /// Whether nothing was said about a new secret.
    var isEmpty: Bool { !self.passwordStdin && !self.noPassword && self.legacy == nil }

    /// The keys, and the password where it was made here and is to be shown.
    ///
    /// - Parameter scram: What the account's SCRAM keys are made with, where it has any.
    /// - Throws: ``Failure`` when the password breaks a policy that is enforced.
    func credential(
        of address: String,
        configuration: Configuration,
        scram: [SCRAMParameters] = []
    ) throws -> (credential: NewCredential, shown: String?) {
        if self.noPassword { return (.elsewhere, nil) }
        let (password, shown) = try PasswordInput.new(fromStandardInput: self.passwordStdin, for: address)
        if shown == nil { try SecretOptions.judge(password, for: address, configuration) }
        let credential = try PasswordDerivation.derive(
            password,
            owner: address,
            legacy: self.legacy?.mechanisms ?? [],
            masterKey: try MasterKey.open(inDirectory: configuration.data),
            scram: scram
        )
        return (credential, shown)
    }

    private static func judge(_ password: Secret, for address: String, _ configuration: Configuration) throws {
        let judge = try PasswordJudge(configuration)
        let faults = try judge.faults(of: password, for: address)
        guard !faults.isEmpty else { return }
        let text = "this password is not good: \(faults.map(\.description).joined(separator: "; "))"
        guard judge.policy.isEnforced else { return Terminal.message("warning: \(text)") }
        throw Failure(
            .badInput,
            "\(text)\n  authentication.passwordPolicy says what is asked for; nothing was changed."
        )
    }
}
