import GatepostModel
import GatepostSQLite
import GatepostTesting
import Testing

@Suite("Stores of reports")
struct ReportStoreTests {
    private func withStore(_ kind: StoreKind, _ body: (any ReportStore) async throws -> Void) async throws {
        switch kind {
        case .memory: try await body(MemoryReportStore())
        case .sqlite:
            try await withTemporaryDirectory { directory in
                let store = try await SQLiteStore.open(dataDirectory: directory)
                try await body(store)
                try await store.close()
            }
        }
    }

    private func report(_ identifier: String, day: Int64 = 20_000, kind: ReportKind = .aggregate) -> StoredReport {
        StoredReport(
            kind: kind,
            domain: "example.org",
            organization: "r",
            identifier: identifier,
            begin: Timestamp(secondsSince1970: day * 86_400),
            end: Timestamp(secondsSince1970: day * 86_400 + 86_399),
            received: Timestamp(secondsSince1970: 0),
            content: [1, 2, 3]
        )
    }

    @Test("a report is kept once, found by domain, kind and time, and expires", arguments: StoreKind.allCases)
    func reports(_ kind: StoreKind) async throws {
        try await self.withStore(kind) { store in
            #expect(try await store.add(self.report("b", day: 20_001)) == .added)
            #expect(try await store.add(self.report("a")) == .added)
            #expect(try await store.add(self.report("a", day: 20_005)) == .duplicate)
            #expect(try await store.add(self.report("a", kind: .tls)) == .added)
            func names(_ day: Int64, skip: Int = 0, limit: Int = 10) async throws -> [String] {
                try await store.reports(
                    .aggregate,
                    of: "example.org",
                    since: Timestamp(secondsSince1970: day * 86_400),
                    skip: skip,
                    limit: limit
                ).map(\.identifier)
            }
            #expect(try await names(0) == ["a", "b"])
            #expect(try await names(0, skip: 1) == ["b"])
            #expect(try await names(0, limit: 1) == ["a"])
            #expect(try await names(20_001) == ["b"])
            let found = try await store.reports(
                .tls,
                of: "example.org",
                since: Timestamp(milliseconds: 0),
                skip: 0,
                limit: 9
            )
            #expect(found == [self.report("a", kind: .tls)])
            try await store.expireReports(before: Timestamp(secondsSince1970: 20_001 * 86_400))
            #expect(try await names(0) == ["b"])
        }
    }

    @Test("observations are counted by domain, day and row", arguments: StoreKind.allCases)
    func observations(_ kind: StoreKind) async throws {
        try await self.withStore(kind) { store in
            func observation(_ row: UInt8, day: Int64 = 1, record: String = "v=DMARC1; p=none") -> DMARCObservation {
                DMARCObservation(domain: "example.org", day: day, record: record, row: [row])
            }
            try await store.observe([observation(1), observation(2), observation(1)])
            try await store.observe([observation(1, record: "v=DMARC1; p=reject"), observation(9, day: 2)])
            let days = try await store.observedDays(before: 2, limit: 10)
            #expect(days == [ObservedDay(domain: "example.org", day: 1)])
            #expect(try await store.observedDays(before: 3, limit: 10).count == 2)
            #expect(try await store.observedDays(before: 3, limit: 1).count == 1)
            #expect(
                try await store.observations(of: days[0])
                    == ObservedMail(
                        record: "v=DMARC1; p=reject",
                        rows: [.init(row: [1], count: 3), .init(row: [2], count: 1)]
                    )
            )
            try await store.removeObservations(of: days[0])
            #expect(try await store.observations(of: days[0]) == nil)
            #expect(try await store.observedDays(before: 3, limit: 10).map(\.day) == [2])
        }
    }

    @Test("different rows of a day are bounded, and known ones go on counting", arguments: StoreKind.allCases)
    func bounded(_ kind: StoreKind) async throws {
        // The double searches its rows one by one.
        guard kind == .sqlite else { return }
        try await self.withStore(kind) { store in
            let rows = (0..<(DMARCObservation.maximumRows + 50)).map { number in
                DMARCObservation(
                    domain: "example.org",
                    day: 1,
                    record: "",
                    row: [UInt8(number >> 8), UInt8(number & 0xFF)]
                )
            }
            try await store.observe(rows + rows.prefix(1))
            let mail = try await store.observations(of: ObservedDay(domain: "example.org", day: 1))
            #expect(mail?.rows.count == DMARCObservation.maximumRows)
            #expect(mail?.rows.first?.count == 2)
        }
    }
}
