/// What a new main password must be like.
///
/// No rule about kinds of characters and no expiry by default: both make people choose worse (NIST SP 800-63B §3.1.1.2).
package struct PasswordPolicy: Hashable, Sendable {
    /// Unicode code points.
    package var minimumLength: Int
    /// Bits of ``PasswordStrength``; 0: not asked for.
    package var minimumStrength: Int
    /// How many former passwords are known again.
    package var remember: Int
    /// Whether one of those may not be taken again.
    package var refusesReuse: Bool
    /// After so long it must be changed; nil: never.
    package var maximumAge: Duration?
    /// Path of a ``BreachedPasswordSet`` file.
    package var breachedPasswords: String?
    /// Whether an operator's command refuses what breaks the rules, or says so and goes on.
    package var isEnforced: Bool

    package init(
        minimumLength: Int = 8,
        minimumStrength: Int = 30,
        remember: Int = 5,
        refusesReuse: Bool = false,
        maximumAge: Duration? = nil,
        breachedPasswords: String? = nil,
        isEnforced: Bool = false
    ) {
        self.minimumLength = minimumLength
        self.minimumStrength = minimumStrength
        self.remember = remember
        self.refusesReuse = refusesReuse
        self.maximumAge = maximumAge
        self.breachedPasswords = breachedPasswords
        self.isEnforced = isEnforced
    }

    /// A rule that a password breaks. Says nothing of the password that its owner would not see.
    package enum Fault: Hashable, Sendable, CustomStringConvertible {
        case tooShort(minimum: Int)
        case tooWeak(bits: Int, minimum: Int, because: [PasswordStrength.Weakness])
        case breached
        case reused

        package var description: String {
            switch self {
            case .tooShort(let minimum):
                return "it has fewer than \(minimum) characters"
            case .tooWeak(let bits, let minimum, let causes):
                let why = causes.isEmpty ? "" : ": it holds \(causes.map(\.description).joined(separator: ", "))"
                return "it is easy to guess (about \(bits) bits of \(minimum))\(why)"
            case .breached:
                return "it is in the list of breached passwords"
            case .reused:
                return "the account had it before"
            }
        }
    }

    /// The rules that a password breaks.
    ///
    /// - Parameters:
    ///   - context: What a guesser would try first for this account: its name, its domain, the host.
    ///   - isBreached: Whether the set of breached passwords holds it.
    ///   - isReused: Whether it is one of the former passwords, or the present one.
    package func faults(
        of password: String,
        context: [String],
        isBreached: Bool = false,
        isReused: Bool = false
    ) -> [Fault] {
        var faults: [Fault] = []
        if password.unicodeScalars.count < self.minimumLength { faults.append(.tooShort(minimum: self.minimumLength)) }
        if self.minimumStrength > 0 {
            let strength = PasswordStrength.estimate(password, context: context)
            if strength.bits < Double(self.minimumStrength) {
                faults.append(
                    .tooWeak(bits: Int(strength.bits), minimum: self.minimumStrength, because: strength.weaknesses)
                )
            }
        }
        if isBreached { faults.append(.breached) }
        if isReused, self.refusesReuse { faults.append(.reused) }
        return faults
    }
}
