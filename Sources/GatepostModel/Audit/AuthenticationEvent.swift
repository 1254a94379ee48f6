/// An AUTH exchange and what it came to.
package struct AuthenticationEvent: Hashable, Sendable {
    package var attempt: LoginAttempt
    package var result: LoginResult
    /// What the `535` reply carried; successes have one too.
    package var reference: AuthenticationReference
    /// How often this account was tried with this same secret today, this time included; 1 where the secret is not known.
    package var repeats: Int

    package init(
        attempt: LoginAttempt,
        result: LoginResult,
        reference: AuthenticationReference,
        repeats: Int = 1
    ) {
        self.attempt = attempt
        self.result = result
        self.reference = reference
        self.repeats = repeats
    }

    package var reason: AuthenticationReason? {
        if case .refused(let reason) = self.result { reason } else { nil }
    }
}
