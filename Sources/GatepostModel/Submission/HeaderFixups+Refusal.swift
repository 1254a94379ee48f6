package import MailSyntax
package import SMTP

extension HeaderFixups {
    /// Why a message may not pass.
    package enum Refusal: Error, Hashable, Sendable {
        case noFrom
        case severalFrom(Int)
        /// No mailbox can be read from it.
        case malformedFrom
        /// No mailbox can be read from another field that says who sent the message.
        case malformedOrigin(SubmissionPolicy.Place)
        /// The account may not use this address there.
        case notAllowed(Mailbox, SubmissionPolicy.Place, Account.MissingGrant = .account)
        /// Devices write as one address, and this is another.
        case fromNotFixed(Mailbox, fixed: Mailbox)
        case loop(receivedFields: Int)
        case headerTooLarge(maximumOctets: Int)
        /// A line that is no field, counted from 1; 0 for a control octet where none may be. Behind it one reader would see
        /// the body begin and another one more fields.
        case malformedHeader(line: Int)

        /// What the client is told.
        package var reply: Reply {
            switch self {
            case .noFrom:
                Reply(550, .init(5, 6, 0), "The message has no From field (RFC 5322 section 3.6)")
            case .severalFrom(let count):
                Reply(
                    550,
                    .init(5, 6, 0),
                    "The message has \(count) From fields, one is allowed (RFC 5322 section 3.6)"
                )
            case .malformedFrom:
                Reply(550, .init(5, 6, 0), "No address can be read from the From field (RFC 5322 section 3.6.2)")
            case .malformedOrigin(let place):
                Reply(
                    550,
                    .init(5, 6, 0),
                    "No address can be read from the \(place.field ?? "") field (RFC 5322 section 3.6)"
                )
            case .notAllowed(let mailbox, let place, let missing):
                Reply.notAllowed(mailbox, place, missing)
            case .fromNotFixed(let mailbox, let fixed):
                Reply(550, .init(5, 7, 1), "Devices write as <\(fixed)> here, not as <\(mailbox)> in From")
            case .loop(let count):
                Reply(554, .init(5, 4, 6), "Mail loop: \(count) Received fields (RFC 5321 section 6.3)")
            case .headerTooLarge(let maximum):
                Reply(552, .init(5, 3, 4), "The header section is larger than \(maximum) octets")
            case .malformedHeader(line: 0):
                Reply(550, .init(5, 6, 0), "The header section holds a control octet (RFC 5322 section 2.2)")
            case .malformedHeader(let line):
                Reply(550, .init(5, 6, 0), "Field \(line) of the header section is no field (RFC 5322 section 2.2)")
            }
        }

        /// For the audit trail.
        package var rule: String {
            switch self {
            case .notAllowed(_, .author, .account): "author-not-granted"
            case .notAllowed(_, _, .account): "sender-not-granted"
            case .notAllowed(_, _, .credential): "credential-sender"
            case .fromNotFixed: "device-sender"
            case .noFrom, .severalFrom, .malformedFrom, .malformedOrigin, .loop, .headerTooLarge, .malformedHeader:
                "content"
            }
        }
    }
}
