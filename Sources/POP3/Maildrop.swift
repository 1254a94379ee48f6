/// What the session shows of a maildrop: fixed from the login to the end (RFC 1939 §5).
public struct Maildrop: Hashable, Sendable {
    public struct Message: Hashable, Sendable {
        /// 1 to 70 printable ASCII characters without space, the same in every session (RFC 1939 §7).
        public var uniqueID: String
        /// Octets with CRLF line ends.
        public var size: Int

        public init(uniqueID: String, size: Int) {
            self.uniqueID = uniqueID
            self.size = size
        }
    }

    /// In the order of their numbers, from 1.
    public var messages: [Message]

    public init(messages: [Message] = []) {
        self.messages = messages
    }

    public static let empty = Maildrop()
}
