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

    /// The keys, and the password where it was made here and is to be shown.
    func credential(
        of address: String,
        dataDirectory: String
    ) throws -> (credential: NewCredential, shown: String?) {
        if self.noPassword { return (.elsewhere, nil) }
        let (password, shown) = try PasswordInput.new(fromStandardInput: self.passwordStdin, for: address)
        let credential = try PasswordDerivation.derive(
            password,
            owner: address,
            legacy: self.legacy?.mechanisms ?? [],
            masterKey: try MasterKey.open(inDirectory: dataDirectory)
        )
        return (credential, shown)
    }
}
