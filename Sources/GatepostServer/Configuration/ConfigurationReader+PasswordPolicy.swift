internal import GatepostModel

extension ConfigurationReader {
    /// `authentication.passwordPolicy`: what new main passwords must be like.
    mutating func passwordPolicy() -> PasswordPolicy {
        let section = "authentication.passwordPolicy"
        var policy = PasswordPolicy()
        policy.minimumLength = self.integer("\(section).minimumLength", in: 1...128) ?? policy.minimumLength
        policy.minimumStrength = self.integer("\(section).minimumStrength", in: 0...128) ?? policy.minimumStrength
        policy.remember = self.integer("\(section).remember", in: 0...50) ?? policy.remember
        policy.refusesReuse = self.boolean("\(section).refuseReuse") ?? policy.refusesReuse
        if let age = self.duration("\(section).maximumAge", in: .zero ... .seconds(3660 * 86_400)), age > .zero {
            policy.maximumAge = age
        }
        if let text = self.text("\(section).breachedPasswords") {
            let path = LocalFile.absolute(text, relativeTo: self.directory)
            do {
                _ = try BreachedPasswordFile(path: path)
                policy.breachedPasswords = path
            } catch {
                self.fault("\(section).breachedPasswords", error.description)
            }
        }
        // Whoever says what passwords must be like means it.
        policy.isEnforced = self.boolean("\(section).enforce") ?? (self.node(section) != nil)
        if policy.refusesReuse, policy.remember == 0 {
            self.warn("\(section).refuseReuse", "knows of the present password only while remember is 0")
        }
        self.show("\(section).minimumLength", "\(policy.minimumLength)")
        self.show("\(section).minimumStrength", "\(policy.minimumStrength)")
        self.show("\(section).remember", "\(policy.remember)")
        self.show("\(section).refuseReuse", "\(policy.refusesReuse)")
        self.show("\(section).maximumAge", policy.maximumAge.map { DurationText.format($0) } ?? "none")
        self.show("\(section).breachedPasswords", policy.breachedPasswords ?? "none")
        self.show("\(section).enforce", "\(policy.isEnforced)")
        return policy
    }
}
