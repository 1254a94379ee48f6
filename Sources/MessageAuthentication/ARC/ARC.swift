/// Authenticated Received Chain (RFC 8617): what those who forwarded a message say about how it reached them.
///
/// A chain that passes proves who sealed what, and no more. Whether to believe them is policy; nothing here does.
public enum ARC {
    /// The most sets of a chain (RFC 8617 §4.2.1).
    public static let maximumSets = 50

    /// The state of a chain: the value of `cv=`, and the result of the method `arc` in Authentication-Results.
    public enum Status: String, Hashable, Sendable, CustomStringConvertible {
        /// There is no chain.
        case none
        /// Each seal and the newest message signature verify.
        case pass
        /// The chain is broken, and will stay so.
        case fail

        /// The word.
        public var description: String { self.rawValue }
    }

    /// Why a chain does not pass.
    public enum Reason: Hashable, Sendable, CustomStringConvertible {
        /// The header section is larger than its limits.
        case headerTooLarge
        /// More sets than ``ARC/maximumSets``.
        case tooManySets
        /// The instance, `i=`, of a field is missing or no number from 1 to 50.
        case invalidInstance(field: String)
        /// A set does not have each of its three fields once.
        case incompleteSet(instance: Int)
        /// A field cannot be read.
        case invalidField(String, instance: Int, DKIM.Reason)
        /// `cv=` is not what it must be at its place: `none` in the first seal, `pass` in others.
        case invalidStatus(instance: Int)
        /// The newest seal says that the chain had failed before.
        case failedBefore(instance: Int)
        /// The newest message signature does not verify.
        case messageSignature(instance: Int, DKIM.Reason)
        /// A seal does not verify.
        case seal(instance: Int, DKIM.Reason)

        /// Whether it may be otherwise later: a key could not be looked up.
        public var isTemporary: Bool {
            switch self {
            case .messageSignature(_, let reason), .seal(_, let reason): reason.code == .temperror
            default: false
            }
        }

        /// The reason in words.
        public var description: String {
            switch self {
            case .headerTooLarge: "the header section is too large"
            case .tooManySets: "there are more than \(ARC.maximumSets) sets"
            case .invalidInstance(let field): "i= of \(field) is missing or not valid"
            case .incompleteSet(let instance): "set \(instance) does not have each of its fields once"
            case .invalidField(let field, let instance, let reason): "\(field) of set \(instance): \(reason)"
            case .invalidStatus(let instance): "cv= of seal \(instance) is not valid at its place"
            case .failedBefore(let instance): "seal \(instance) says that the chain had failed before"
            case .messageSignature(let instance, let reason): "message signature \(instance): \(reason)"
            case .seal(let instance, let reason): "seal \(instance): \(reason)"
            }
        }
    }

    /// One set of a chain, as far as people want to see it.
    public struct SetSummary: Hashable, Sendable {
        /// Its place in the chain, from 1.
        public var instance: Int
        /// The domain that sealed it.
        public var domain: String
        /// What it says about how the message reached it: the payload of ARC-Authentication-Results, unfolded.
        public var authenticationResults: String
    }

    /// What is to be said about a chain.
    public struct Verdict: Hashable, Sendable {
        /// The sets, first to last; none when they could not be read.
        public var sets: [SetSummary]
        /// Why the chain does not pass; nil when it does or there is none.
        public var reason: Reason?

        /// The state of the chain.
        public var status: Status { self.reason != nil ? .fail : self.sets.isEmpty ? .none : .pass }
    }
}

extension ARC.Verdict: CustomStringConvertible {
    /// One line for people: the state, who sealed, and why it does not pass.
    public var description: String {
        var parts = ["arc=\(self.status)"]
        if let reason = self.reason { parts.append("(\(reason))") }
        parts += self.sets.map { "i=\($0.instance) d=\($0.domain)" }
        return parts.joined(separator: " ")
    }
}
