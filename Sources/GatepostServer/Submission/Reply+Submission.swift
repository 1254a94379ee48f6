internal import GatepostModel
internal import SMTP

extension Reply {
    /// `535 5.7.8`: the same for every cause; the reference leads those who may know to the real one.
    static func authenticationFailed(_ reference: AuthenticationReference) -> Reply {
        Reply(535, .init(5, 7, 8), reference.refusal)
    }

    /// `432 4.7.12` (RFC 4954 §6): only for credentials that proved right.
    static func passwordChange(_ reference: AuthenticationReference) -> Reply {
        Reply(432, .init(4, 7, 12), "The password must be changed first (ref \(reference))")
    }

    /// `452 4.3.1`: no space; nothing was kept.
    static let insufficientStorage = Reply(452, .init(4, 3, 1), "Insufficient system storage; try again later")
    /// `451 4.3.0`: our own trouble; nothing was kept.
    static let localError = Reply(
        451,
        .init(4, 3, 0),
        "The message could not be kept because of a local error; try again later"
    )
    /// `421 4.7.0`: disabled, removed or given another password since the login.
    static let accountChanged = Reply(421, .init(4, 7, 0), "The account was changed; log in again")
    static let headerTooLarge = Reply(552, .init(5, 3, 4), "The header section is too large")

    static func storeFailure(_ error: any Error) -> Reply {
        (error as? StoreError)?.code == .noSpace ? .insufficientStorage : .localError
    }
}
