extension Configuration {
    /// How mail that other servers bring is taken in and judged.
    package struct Reception: Sendable, Hashable {
        /// What becomes of mail that fails DMARC where its author's domain wants it refused.
        package enum RejectAction: String, Sendable, Hashable, CaseIterable {
            case reject
            /// As if the domain wanted quarantine.
            case quarantine
            case accept
        }

        /// What becomes of mail that is to be treated with suspicion.
        package enum QuarantineAction: String, Sendable, Hashable, CaseIterable {
            /// Delivered with a field by which filters know it.
            case mark
            /// Kept in the queue until somebody releases it.
            case hold
            case accept
        }

        /// What becomes of mail that lacks something.
        package enum Strictness: String, Sendable, Hashable, CaseIterable {
            case reject
            case accept
        }

        package struct DMARC: Sendable, Hashable {
            /// Where the domain asks for `reject`.
            package var reject = RejectAction.reject
            /// Where the domain asks for `quarantine`.
            package var quarantine = QuarantineAction.mark
            /// Mail with no `From` field, with several, or with none that names one domain.
            package var invalidFrom = Strictness.reject

            package init() {}
        }

        /// A list of addresses in DNS (RFC 5782).
        package struct List: Sendable, Hashable {
            /// The domain below which it lies; a list may need a key in it.
            package var zone: String
            /// What being on it adds to the score; negative for a list of good senders.
            package var weight: Int

            package init(zone: String, weight: Int = 1) {
                self.zone = zone
                self.weight = weight
            }
        }

        package struct Greylisting: Sendable, Hashable {
            /// How long a stranger must wait before the message is taken.
            package var delay = Duration.seconds(300)
            /// A second try that comes later than this counts as a first one.
            package var window = Duration.seconds(2 * 86_400)
            /// For how long who came back is known.
            package var remember = Duration.seconds(35 * 86_400)

            package init() {}
        }

        /// Announced with SIZE (RFC 1870).
        package var maximumMessageSize = ByteCount.mebibytes(50)
        /// Recipients of one transaction.
        package var maximumRecipients = 100
        /// What stands between a mailbox and its owner's tag; empty: no tags.
        package var subaddressing = "+"
        package var dmarc = DMARC()
        /// Where SPF says that the client may not send for the envelope's sender; `accept`: DMARC decides.
        package var spfFail = Strictness.accept
        /// Where the client's address has no name that leads back to it.
        package var reverseDNS = Strictness.accept
        package var dnsLists: [List] = []
        /// The score from which mail is refused.
        package var dnsListReject = 1
        /// The score from which mail is quarantined; nil: never for that.
        package var dnsListQuarantine: Int?
        /// nil: off.
        package var greylisting: Greylisting?
        /// How long the questions to DNS of one step may take together.
        package var timeout = Duration.seconds(20)

        package init() {}
    }
}
