package import SMTP

/// What one attempt came to for one recipient.
package struct Verdict: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case delivered
        /// It may work later.
        case transient
        /// It will not work.
        case permanent
    }

    /// Whose words ``reply`` is.
    package enum Speaker: Hashable, Sendable {
        case peer
        /// Ours: there was no connection, or it ended before the peer said anything about the message.
        case us
    }

    package var kind: Kind
    package var reply: Reply
    package var speaker: Speaker
    /// For people: the stage, or what exactly happened.
    package var note: String?

    package init(_ kind: Kind, _ reply: Reply, speaker: Speaker, note: String? = nil) {
        self.kind = kind
        self.reply = reply
        self.speaker = speaker
        self.note = note
    }

    package var isTransient: Bool { self.kind == .transient }

    /// Our own reason to try later.
    package static func transient(_ reply: Reply, note: String? = nil) -> Verdict {
        Verdict(.transient, reply, speaker: .us, note: note)
    }

    /// Our own reason to give up.
    package static func permanent(_ reply: Reply, note: String? = nil) -> Verdict {
        Verdict(.permanent, reply, speaker: .us, note: note)
    }

    /// What the peer's refusal means: only a 5yz is for good (RFC 5321 §4.2.1).
    package static func refused(_ reply: Reply, at stage: ClientStage) -> Verdict {
        Verdict(
            reply.isPermanent ? .permanent : .transient,
            reply,
            speaker: stage == .beforeSending ? .us : .peer,
            note: stage.description
        )
    }
}
