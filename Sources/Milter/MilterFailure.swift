/// Why a conversation with a filter cannot go on: the filter broke the protocol, or asked for more than we hold.
///
/// After one the connection is of no use any more: close it, and do what is configured for filters that fail. Two failures are equal
/// when their codes are; the detail is for logs, printable, and bounded.
public struct MilterFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong. Open: later versions may add codes.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// In words.
        public let description: String

        private init(_ description: String) {
            self.description = description
        }

        /// A packet announces more octets than ``MilterLimits/packetOctets``.
        public static let packetTooLarge = Code("the filter sent too large a packet")
        /// A packet of no octets, so without a response code.
        public static let emptyPacket = Code("the filter sent a packet without a response code")
        /// A response code that protocol version 6 does not have.
        public static let unknownResponse = Code("the filter sent an unknown response")
        /// The data of a response is not what its code calls for.
        public static let malformedResponse = Code("the filter sent a response that cannot be read")
        /// A response that has no meaning here: nobody asked, or it belongs to another stage.
        public static let unexpectedResponse = Code("the filter sent a response that does not belong here")
        /// A change of the message that the filter did not ask leave for, or was not given.
        public static let actionNotAgreed = Code("the filter changes what it was not allowed to")
        /// A protocol version that is not ours.
        public static let versionRefused = Code("the filter speaks another version of the protocol")
        /// The filter's answer to our offer has options that were not offered.
        public static let optionNotOffered = Code("the filter asks for what was not offered")
        /// More of something than ``MilterLimits`` allows.
        public static let limitExceeded = Code("the filter sent more than is allowed")
        /// Our own side called events in an order that the protocol does not have.
        public static let outOfOrder = Code("an event is out of order")
    }

    /// What went wrong.
    public var code: Code
    /// More about it, for logs; printable ASCII.
    public var detail: String

    /// Creates a failure.
    ///
    /// - Parameter detail: May hold what a filter sent: other than printable ASCII becomes `?`, and it is cut at 200 octets.
    public init(_ code: Code, _ detail: String = "") {
        self.code = code
        self.detail = String(decoding: detail.utf8.prefix(200).map { 0x20..<0x7F ~= $0 ? $0 : 0x3F }, as: UTF8.self)
    }

    /// Code and detail.
    public var description: String {
        self.detail.isEmpty ? self.code.description : "\(self.code): \(self.detail)"
    }

    public static func == (one: MilterFailure, other: MilterFailure) -> Bool { one.code == other.code }

    public func hash(into hasher: inout Hasher) { hasher.combine(self.code) }
}
