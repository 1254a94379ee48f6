public import MailSyntax

/// All that a filter changes about one message, in the order in which it said so.
public struct MilterModifications: Hashable, Sendable {
    /// Of the header section.
    public private(set) var header: [MilterHeaderChange] = []
    /// Of the envelope's recipients.
    public private(set) var recipients: [RecipientChange] = []
    /// The last one said counts; nil: the sender stays.
    public private(set) var sender: Sender?
    /// Why the message is held; nil: it is not.
    public private(set) var quarantine: String?
    /// Whether a new body came. Its octets were handed out as they came.
    public internal(set) var replacesBody = false
    /// Whether values begin at the colon; see ``MilterSteps/leadingSpace``.
    public internal(set) var hasLeadingSpace = false

    /// One recipient more or less.
    public enum RecipientChange: Hashable, Sendable {
        case add(ForwardPath, parameters: String)
        case remove(ForwardPath)
    }

    /// A new sender of the envelope.
    public struct Sender: Hashable, Sendable {
        public var path: ReversePath
        /// Of MAIL, as text.
        public var parameters: String

        public init(path: ReversePath, parameters: String) {
            self.path = path
            self.parameters = parameters
        }
    }

    /// Nothing is changed.
    public init() {}

    /// Whether nothing is changed.
    public var isEmpty: Bool {
        self.header.isEmpty && self.recipients.isEmpty && self.sender == nil && self.quarantine == nil
            && !self.replacesBody
    }

    mutating func add(_ change: MilterChange) {
        switch change {
        case .header(let change): self.header.append(change)
        case .addRecipient(let path, let parameters): self.recipients.append(.add(path, parameters: parameters))
        case .removeRecipient(let path): self.recipients.append(.remove(path))
        case .sender(let path, let parameters): self.sender = Sender(path: path, parameters: parameters)
        case .quarantine(let reason): self.quarantine = reason
        }
    }

    /// The recipients after the changes: those that stay, in their order, then the new ones.
    ///
    /// A recipient is added once, and one that is there already stays as it is. A removed one is compared as mailboxes are: the case of
    /// the domain does not count.
    ///
    /// - Parameters:
    ///   - current: With whatever the caller knows about each.
    ///   - path: Of one of them.
    ///   - make: Makes a new one, from its path and its parameters as text.
    public func recipients<Recipient>(
        from current: [Recipient],
        path: (Recipient) -> ForwardPath,
        make: (ForwardPath, String) -> Recipient
    ) -> [Recipient] {
        var result = current
        for change in self.recipients {
            switch change {
            case .add(let new, let parameters):
                if !result.contains(where: { path($0) == new }) { result.append(make(new, parameters)) }
            case .remove(let gone): result.removeAll { path($0) == gone }
            }
        }
        return result
    }

    /// The header section after the changes.
    public func apply(to header: MilterHeader) -> MilterHeader {
        var header = header
        for change in self.header { header.apply(change, hasLeadingSpace: self.hasLeadingSpace) }
        return header
    }
}
