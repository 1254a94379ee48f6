/// An enhanced mail system status code such as `5.7.8` (RFC 3463 §2): class, subject, detail.
public struct EnhancedStatusCode: Hashable, Sendable, CustomStringConvertible {
    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    public var `class`: Int
    /// What the status is about, 0 to 999: 1 addressing, 2 mailbox, 3 system, 4 network, 5 protocol, 6 content, 7 security.
    public var subject: Int
    /// The precise status within the subject, 0 to 999.
    public var detail: Int

    public init(_ class: Int, _ subject: Int, _ detail: Int) {
        self.class = `class`
        self.subject = subject
        self.detail = detail
    }

    /// Reads `class.subject.detail` at the start of a reply's text; nil when the text does not begin with one.
    public init?(_ text: some StringProtocol) {
        var numbers: [Int] = []
        var current: Int?
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let next = (current ?? 0) * 10 + Int(octet - UInt8(ascii: "0"))
                guard next <= 999 else { return nil }
                current = next
            case UInt8(ascii: "."):
                guard let number = current, numbers.count < 2 else { return nil }
                numbers.append(number)
                current = nil
            default:
                return nil
            }
        }
        guard let last = current, numbers.count == 2, [2, 4, 5].contains(numbers[0]) else { return nil }
        self.init(numbers[0], numbers[1], last)
    }

    public var description: String { "\(self.class).\(self.subject).\(self.detail)" }
}
