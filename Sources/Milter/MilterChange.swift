public import MailSyntax

/// A header field as a filter writes it.
public struct MilterField: Hashable, Sendable {
    /// Printable octets without a colon.
    public var name: [UInt8]
    /// Any octets but NUL; lines end with LF or CRLF.
    public var value: [UInt8]

    /// Creates a field.
    public init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }

    /// The field with CRLF, as it goes into a message.
    ///
    /// A line that does not begin with white space would be another field, or the end of the header section: it gets a tab. Empty lines
    /// are left out.
    ///
    /// - Parameter hasLeadingSpace: Whether the value begins at the colon (``MilterSteps/leadingSpace``); else a blank stands between.
    public func octets(hasLeadingSpace: Bool) -> [UInt8] {
        var octets = self.name
        octets.append(ASCII.colon)
        if !hasLeadingSpace { octets.append(ASCII.space) }
        var isFirst = true
        for line in self.value.split(
            omittingEmptySubsequences: false,
            whereSeparator: { $0 == ASCII.lf || $0 == ASCII.cr }
        ) {
            defer { isFirst = false }
            if isFirst {
                octets += line
                continue
            }
            guard line.contains(where: { !ASCII.isWhitespace($0) }) else { continue }
            octets += [ASCII.cr, ASCII.lf]
            if let first = line.first, !ASCII.isWhitespace(first) { octets.append(ASCII.tab) }
            octets += line
        }
        octets += [ASCII.cr, ASCII.lf]
        return octets
    }
}

/// A change of the header section. For what the numbers count, see ``MilterHeader``.
public enum MilterHeaderChange: Hashable, Sendable {
    /// At the end (`SMFIR_ADDHEADER`).
    case add(MilterField)
    /// So that as many fields as the number says stand before it (`SMFIR_INSHEADER`).
    case insert(MilterField, at: UInt32)
    /// The n-th field of that name gets another value (`SMFIR_CHGHEADER`); where there is none, it is added.
    case change(MilterField, UInt32)
    /// The n-th field of that name goes (`SMFIR_CHGHEADER` with an empty value).
    case delete([UInt8], UInt32)
}

/// What a filter does to a message once it has seen all of it.
public enum MilterChange: Hashable, Sendable {
    case header(MilterHeaderChange)
    /// With parameters of RCPT as text; empty when there are none.
    case addRecipient(ForwardPath, parameters: String)
    case removeRecipient(ForwardPath)
    /// With parameters of MAIL as text; empty when there are none.
    case sender(ReversePath, parameters: String)
    /// Held, for this reason.
    case quarantine(String)

    func isAllowed(by actions: MilterActions) -> Bool {
        switch self {
        case .header(.add), .header(.insert): actions.contains(.addHeaders)
        case .header(.change), .header(.delete): actions.contains(.changeHeaders)
        case .addRecipient(_, let parameters):
            actions.contains(.addRecipientsWithParameters) || parameters.isEmpty && actions.contains(.addRecipients)
        case .removeRecipient: actions.contains(.removeRecipients)
        case .sender: actions.contains(.changeSender)
        case .quarantine: actions.contains(.quarantine)
        }
    }

    /// For details of failures.
    var name: String {
        switch self {
        case .header(.add), .header(.insert): "a header field added"
        case .header(.change), .header(.delete): "a header field changed"
        case .addRecipient: "a recipient added"
        case .removeRecipient: "a recipient removed"
        case .sender: "the sender changed"
        case .quarantine: "quarantine"
        }
    }
}
