internal import MailSyntax

extension DKIM {
    /// Which header fields a signature covers.
    ///
    /// A field that is oversigned is named once more in `h=` than the message has it, so that nobody can add another one
    /// without breaking the signature (RFC 6376 §8.15).
    public struct FieldSelection: Hashable, Sendable {
        /// Names of fields that are signed where the message has them, all of them.
        public var signed: [String]
        /// Names of those that are oversigned, whether the message has them or not.
        public var oversigned: Set<String>
        /// Names of those that are oversigned only in a message that has them.
        public var oversignedWherePresent: Set<String>

        /// Creates a selection; the case of letters is set aside.
        public init(signed: [String], oversigned: Set<String> = [], oversignedWherePresent: Set<String> = []) {
            self.signed = signed.map(ASCII.lowercased)
            self.oversigned = Set(oversigned.map(ASCII.lowercased))
            self.oversignedWherePresent = Set(oversignedWherePresent.map(ASCII.lowercased))
        }

        /// What RFC 6376 §5.4.1 recommends: who it is from and to, what it is about and how the body is to be read are
        /// oversigned. Sender is so only where it stands, since lists add their own; what lists and those who resend add
        /// is signed where it stands.
        public static let recommended = FieldSelection(
            signed: [
                "From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
                "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Resent-From", "Resent-Sender",
                "Resent-To",
                "Resent-Cc", "Resent-Date", "Resent-Message-ID", "List-Id", "List-Help", "List-Unsubscribe",
                "List-Unsubscribe-Post", "List-Subscribe", "List-Post", "List-Owner", "List-Archive", "TLS-Required",
            ],
            oversigned: [
                "From", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
                "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
            ],
            oversignedWherePresent: ["Sender"]
        )

        /// The names of `h=` for a message: From first, each as often as the message has it, and once more where it is
        /// oversigned.
        func names(_ header: HeaderIndex) -> [String] {
            var names: [String] = []
            var seen: Set<String> = []
            for name in self.signed where seen.insert(name).inserted {
                let count = header.count(of: name)
                let isOversigned =
                    self.oversigned.contains(name) || count > 0 && self.oversignedWherePresent.contains(name)
                names += repeatElement(name, count: count + (isOversigned ? 1 : 0))
            }
            return names
        }
    }
}
