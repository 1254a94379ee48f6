/// What a filter says about what it was told. How far it reaches depends on when: at `connect` and `helo` the whole session, at `recipient`
/// that recipient (but for acceptance and discarding, which are about the message), else the message.
public enum MilterVerdict: Hashable, Sendable {
    /// Go on.
    case proceed
    /// Good, and nothing more about it needs to be asked.
    case accept
    /// Refused for good; the words are ours.
    case reject
    /// Refused for now; the words are ours.
    case temporaryFailure
    /// Refused in the filter's words.
    case reply(MilterReply)
    /// The client hears that all is well, and the message goes nowhere.
    case discard
    /// The session ends: with the filter's words (`421`), or with ours.
    case disconnect(MilterReply?)

    /// Whether the client hears yes.
    public var isPositive: Bool {
        switch self {
        case .proceed, .accept, .discard: true
        case .reject, .temporaryFailure, .reply, .disconnect: false
        }
    }
}
