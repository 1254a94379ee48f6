internal import GatepostModel
internal import MailSyntax

extension ConfigurationReader {
    mutating func lockout() -> Configuration.Lockout {
        var lockout = Configuration.Lockout()
        let times = Duration.seconds(1) ... .seconds(86_400)
        lockout.attempts = self.integer("authentication.lockout.attempts", in: 1...1000) ?? lockout.attempts
        lockout.window = self.duration("authentication.lockout.window", in: times) ?? lockout.window
        lockout.duration = self.duration("authentication.lockout.duration", in: times) ?? lockout.duration
        // Where only the attempts are set, a day bears what they need.
        lockout.guessesPerDay = max(lockout.guessesPerDay, 8 * lockout.attempts)
        lockout.guessesPerDay =
            self.integer("authentication.lockout.guessesPerDay", in: 1...10_000) ?? lockout.guessesPerDay
        lockout.accounts = self.integer("authentication.lockout.accounts", in: 2...60) ?? lockout.accounts
        if lockout.guessesPerDay < 8 * lockout.attempts {
            self.fault(
                "authentication.lockout.guessesPerDay",
                "must be at least \(8 * lockout.attempts), eight times attempts, for strangers and the owner's own places share it"
            )
        }
        self.show("authentication.lockout.attempts", "\(lockout.attempts)")
        self.show("authentication.lockout.window", DurationText.format(lockout.window))
        self.show("authentication.lockout.duration", DurationText.format(lockout.duration))
        self.show("authentication.lockout.guessesPerDay", "\(lockout.guessesPerDay)")
        self.show("authentication.lockout.accounts", "\(lockout.accounts)")
        return lockout
    }

    /// Networks that are trusted to say for whom they connect. One that holds everybody would let everybody be anybody.
    mutating func trustedNetworks(_ path: String) -> [IPNetwork] {
        let networks = self.networkList(path)
        if networks.contains(where: { $0.prefixLength == 0 }) {
            self.fault(path, "must not hold every address: whoever is listed can claim to be anyone")
        }
        return networks
    }
}
