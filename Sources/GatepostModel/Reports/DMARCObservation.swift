/// A received message, as it counts for the report to the domain that it claims to be from.
package struct DMARCObservation: Sendable, Hashable {
    /// Where the DMARC record stands; lower case.
    package var domain: String
    /// Since 1970, in UTC.
    package var day: Int64
    /// The DMARC record's text.
    package var record: String
    /// What is told of the message, in the form that reports have it; equal for messages that are told together.
    package var row: [UInt8]

    package init(domain: String, day: Int64, record: String, row: [UInt8]) {
        self.domain = domain
        self.day = day
        self.record = record
        self.row = row
    }

    /// The most rows of one domain and day: a stranger who varies what he sends must not fill the disk.
    package static let maximumRows = 10_000
    /// The most domains of one day.
    package static let maximumDomains = 10_000
}

/// A day of a domain about which there is something to report.
package struct ObservedDay: Sendable, Hashable {
    package var domain: String
    package var day: Int64

    package init(domain: String, day: Int64) {
        self.domain = domain
        self.day = day
    }
}

/// The messages of one domain and day.
package struct ObservedMail: Sendable, Hashable {
    package struct Row: Sendable, Hashable {
        package var row: [UInt8]
        package var count: Int

        package init(row: [UInt8], count: Int) {
            self.row = row
            self.count = count
        }
    }

    /// The DMARC record as it was seen last.
    package var record: String
    package var rows: [Row]

    package init(record: String, rows: [Row]) {
        self.record = record
        self.rows = rows
    }
}
