import MailSyntax
import Testing

@Suite("Date, RFC 5322 §3.3 and §4.3")
struct MailDateTests {
    @Test(
        "is written",
        arguments: [
            (0, 0, "Thu, 1 Jan 1970 00:00:00 +0000"), (-1, 0, "Wed, 31 Dec 1969 23:59:59 +0000"),
            (1_795_502_700, 0, "Tue, 24 Nov 2026 06:45:00 +0000"),
            (1_795_502_700, 330, "Tue, 24 Nov 2026 12:15:00 +0530"),
            (1_795_502_700, -480, "Mon, 23 Nov 2026 22:45:00 -0800"),
            (951_782_400, 0, "Tue, 29 Feb 2000 00:00:00 +0000"),
            (4_107_542_400, 0, "Mon, 1 Mar 2100 00:00:00 +0000"), (-2_208_988_800, 0, "Mon, 1 Jan 1900 00:00:00 +0000"),
            (253_402_300_799, 0, "Fri, 31 Dec 9999 23:59:59 +0000"),
        ] as [(Int64, Int, String)]
    )
    func format(_ seconds: Int64, _ offset: Int, _ text: String) throws {
        #expect(MailDate.format(secondsSince1970: seconds, offsetMinutes: offset) == text)
        #expect(try MailDate.parse(text) == MailDate(secondsSince1970: seconds, offsetMinutes: offset))
    }

    @Test(
        "moments and zones beyond the grammar become the nearest",
        arguments: [Int64.min, Int64.max],
        [Int.min, Int.max]
    )
    func clamps(_ seconds: Int64, _ offset: Int) throws {
        #expect(
            try MailDate.parse(MailDate.format(secondsSince1970: seconds)).secondsSince1970.magnitude > 2_000_000_000
        )
        #expect(
            MailDate.format(secondsSince1970: seconds, offsetMinutes: offset).hasSuffix(offset < 0 ? "-9959" : "+9959")
        )
    }

    @Test(
        "is read, obsolete forms too",
        arguments: [
            ("Fri, 21 Nov 1997 09:55:06 -0600", 880_127_706, -360), ("21 Nov 97 09:55:06 GMT", 880_106_106, 0),
            ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", 880_127_706, -360),
            ("Thu,\r\n 13\r\n Feb\r\n 1969\r\n 23:32\r\n -0330 (Newfoundland Time)", -27_723_480, -210),
            ("1 Jan 1970 00:00 UT", 0, 0), ("1 Jan 70 00:00:00 EST", 18_000, -300),
            ("1 Jan 70 00:00:00 pdt", 25_200, -420),
            ("1 Jan 103 00:00:00 Z", 1_041_379_200, 0), ("1 jan 49 00:00:00 +0000", 2_493_072_000, 0),
            ("1 Jan 50 00:00:00 +0000", -631_152_000, 0),
            ("Mon, 1 Jan 1970 00:00:00 +0000", 0, 0), ("1 Jan 1970 00:00:00 QQQ", 0, 0),
            ("31 Dec 2016 23:59:60 +0000", 1_483_228_800, 0),
            ("1 Jan 1970 0:00:00 -0000", 0, 0),
        ] as [(String, Int64, Int)]
    )
    func parse(_ text: String, _ seconds: Int64, _ offset: Int) throws {
        #expect(try MailDate(parsing: text) == MailDate(secondsSince1970: seconds, offsetMinutes: offset))
    }

    @Test(
        "what is no date",
        arguments: [
            "", "now", "1 Jan 1970", "1 Jan 1970 00:00:00", "32 Jan 1970 00:00:00 GMT", "0 Jan 1970 00:00:00 GMT",
            "29 Feb 2100 00:00:00 GMT",
            "30 Feb 2024 00:00:00 GMT", "31 Apr 2024 00:00:00 GMT", "1 Foo 1970 00:00:00 GMT",
            "1 Jan 1970 24:00:00 GMT", "1 Jan 1970 00:60:00 GMT",
            "1 Jan 1970 00:00:61 GMT", "1 Jan 1970 00:00:00 +00", "1 Jan 1970 00:00:00 +0060",
            "1 Jan 1970 00:00:00 GMT x", "1 Jan 1899 00:00:00 GMT",
            "1 Jan 19700 00:00:00 GMT", "Thu 1 Jan 1970 00:00:00 GMT", "Xyz, 1 Jan 1970 00:00:00 GMT",
            "1 Jan 1970 00:00:00 (", "1 Jan 1970 00:00:00 + 000",
            "1970-01-01T00:00:00Z", "1 Jan 1970 00:00:00 \0", "1 Jan 1970 000:00:00 GMT",
        ]
    )
    func refuses(_ text: String) {
        #expect(throws: MailSyntaxError(.invalidDate)) { try MailDate(parsing: text) }
    }

    @Test("reading undoes writing", arguments: 0..<300)
    func roundTrip(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let date = MailDate(
            secondsSince1970: Int64.random(in: -2_208_000_000...253_402_000_000, using: &generator),
            offsetMinutes: Int.random(in: -840...840, using: &generator)
        )
        #expect(try MailDate.parse(date.description) == date)
    }
}
