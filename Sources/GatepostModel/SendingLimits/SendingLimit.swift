/// Something of which an account or a credential may have only so much.
package enum SendingLimit: String, Hashable, Sendable, Codable, CaseIterable {
    case messagesPerHour
    case messagesPerDay
    /// A message to three people counts three.
    case recipientsPerHour
    case recipientsPerDay
    /// People to whom the account never sent before.
    case newRecipientsPerDay
    /// Octets of one message.
    case messageSize
    /// Sessions that are logged in at the same time.
    case sessions

    /// What may be set; nothing at all is what `account disable` is for, except that somebody may be kept to known recipients.
    package var range: ClosedRange<Int> {
        switch self {
        case .newRecipientsPerDay: 0...1_000_000_000
        case .messageSize: 1024...(4 << 30)
        case .sessions: 1...1_000_000
        case .messagesPerHour, .messagesPerDay, .recipientsPerHour, .recipientsPerDay: 1...1_000_000_000
        }
    }

    /// The limits that count over time, shortest wait first.
    static let counted: [SendingLimit] = [
        .messagesPerHour, .recipientsPerHour, .messagesPerDay, .recipientsPerDay, .newRecipientsPerDay,
    ]

    /// Over which a counted limit counts.
    var period: Duration {
        switch self {
        case .messagesPerHour, .recipientsPerHour: .seconds(3600)
        case .messagesPerDay, .recipientsPerDay, .newRecipientsPerDay, .messageSize, .sessions: .seconds(86_400)
        }
    }

    /// `messages-per-hour`, as command line options and rules are called.
    package var words: String {
        var words = ""
        for letter in self.rawValue.unicodeScalars {
            if ("A"..."Z").contains(letter) { words += "-" }
            words += String(letter).lowercased()
        }
        return words
    }

    /// For people: `messages an hour`.
    package var phrase: String {
        switch self {
        case .messagesPerHour: "messages an hour"
        case .messagesPerDay: "messages a day"
        case .recipientsPerHour: "recipients an hour"
        case .recipientsPerDay: "recipients a day"
        case .newRecipientsPerDay: "new recipients a day"
        case .messageSize: "octets in a message"
        case .sessions: "sessions at the same time"
        }
    }
}

/// How much of each an account or credential may have. What is not said is left to whoever says more generally; `none` frees of that.
package struct SendingLimits: Hashable, Sendable {
    package enum Value: Hashable, Sendable {
        case none
        case atMost(Int)
    }

    package private(set) var values: [SendingLimit: Value]

    package init(_ values: [SendingLimit: Value] = [:]) {
        self.values = values
    }

    /// What may be had at most; nil: any amount, or nothing is said.
    package subscript(limit: SendingLimit) -> Int? {
        get { if case .atMost(let count) = self.values[limit] { count } else { nil } }
        set { self.values[limit] = newValue.map { .atMost($0) } }
    }

    package mutating func set(_ limit: SendingLimit, _ value: Value?) {
        self.values[limit] = value
    }

    package var isEmpty: Bool { self.values.isEmpty }

    /// These, with the others where those say something.
    package func overridden(by others: SendingLimits) -> SendingLimits {
        SendingLimits(self.values.merging(others.values) { _, other in other })
    }

    /// Both hold: the smaller of the two, where both say something.
    package func narrowed(_ limit: SendingLimit, by other: SendingLimits) -> Int? {
        switch (self[limit], other[limit]) {
        case (let own?, let others?): min(own, others)
        case (let own, let others): own ?? others
        }
    }

    /// `messagesPerDay=500 sessions=none`, in the order of ``SendingLimit``; what the store keeps.
    package var text: String {
        SendingLimit.allCases.compactMap { limit in
            switch self.values[limit] {
            case nil: nil
            case .some(.none): "\(limit.rawValue)=none"
            case .atMost(let count): "\(limit.rawValue)=\(count)"
            }
        }.joined(separator: " ")
    }

    /// Reads ``text``; nil where a part cannot be read.
    package init?(text: String) {
        self.init()
        for part in text.split(separator: " ") {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, let limit = SendingLimit(rawValue: String(sides[0])) else { return nil }
            if sides[1] == "none" {
                self.values[limit] = Value.none
            } else if let count = Int(sides[1]), limit.range.contains(count) {
                self.values[limit] = .atMost(count)
            } else {
                return nil
            }
        }
    }
}
