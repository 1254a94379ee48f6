import GatepostModel
import Synchronization
import Testing

@testable import GatepostSQLite

@Suite("The database under the store")
struct SQLiteStoreTests {
    @Test("messages that wait together share commits")
    func grouping() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore.open(dataDirectory: directory)
            var maker = MessageMaker()
            let messages = try (0..<400).map { _ in try maker.message() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for message in messages { group.addTask { try await store.enqueue(message) } }
                try await group.waitForAll()
            }
            let statistics = store.commitStatistics
            #expect(statistics.operations == 400)
            #expect(statistics.commits < 200)
            #expect(statistics.largestGroup > 2)
            #expect(try await store.statistics().messages == 400)
            try await store.close()
        }
    }

    @Test("an operation that fails takes no other one with it")
    func badOperation() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore.open(dataDirectory: directory)
            var maker = MessageMaker()
            let messages = try (0..<40).map { number in
                var message = try maker.message()
                if number % 8 == 3 { message.content = .file(name: "../../etc/passwd", octets: 1) }
                return message
            }
            let failed = try await withThrowingTaskGroup(of: Bool.self) { group in
                for message in messages {
                    group.addTask {
                        do {
                            try await store.enqueue(message)
                            return false
                        } catch let error as StoreError {
                            #expect(error.code == .unavailable)
                            return true
                        }
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(failed == 5)
            #expect(try await store.statistics().messages == 35)
            try await store.close()
        }
    }

    @Test("identifiers of one key are told apart")
    func keyCollisions() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore.open(dataDirectory: directory)
            var maker = MessageMaker()
            let messages = try (0..<6).map { number in
                var message = try maker.message(content: [UInt8(number)])
                message.identifier = MessageIdentifier(high: 1_795_521_600_000 << 22 | 5, low: UInt64(number))
                return message
            }
            for message in messages { try await store.enqueue(message) }
            for (number, message) in messages.enumerated() {
                #expect(try await store.content(of: message.identifier) == .inline([UInt8(number)]))
                #expect(try await store.show(message.identifier)?.identifier == message.identifier)
            }
            try await store.settle([.delivered(messages[2].identifier, 0)])
            let left = try await store.list(.all, after: nil, limit: 9).map(\.identifier)
            #expect(Set(left) == Set(messages.map(\.identifier)).subtracting([messages[2].identifier]))
            let leased = try await store.lease(limit: 9, now: noon + .seconds(60), until: noon + .seconds(99))
            #expect(Set(leased.map(\.identifier)) == Set(left))
            try await store.close()
        }
    }

    @Test("what was committed is there after an abrupt end, and its leases are free")
    func abruptEnd() async throws {
        try await withTemporaryDirectory { directory in
            let copy = directory + "/copy"
            var maker = MessageMaker()
            let messages = try (0..<20).map { _ in try maker.message() }
            let store = try await SQLiteStore.open(dataDirectory: directory + "/first")
            for message in messages { try await store.enqueue(message) }
            _ = try await store.lease(limit: 5, now: noon + .seconds(60), until: noon + .seconds(6_000))
            // The files as they lie on the disk while the database is open are what a killed process leaves.
            try Spool.make(copy)
            for name in ["gatepost.db", "gatepost.db-wal"] {
                try write(try contents(of: "\(directory)/first/\(name)"), to: "\(copy)/\(name)")
            }
            let reopened = try await SQLiteStore.open(dataDirectory: copy)
            #expect(try await reopened.statistics().messages == 20)
            #expect(try await reopened.statistics().leased == 0)
            #expect(
                try await reopened.lease(limit: 99, now: noon + .seconds(61), until: noon + .seconds(99)).count == 20
            )
            for message in messages {
                #expect(try await reopened.content(of: message.identifier) == message.content)
            }
            try await reopened.close()
            try await store.close()
        }
    }

    @Test("a closed store opens again with everything, and refuses calls in between")
    func reopening() async throws {
        try await withTemporaryDirectory { directory in
            var maker = MessageMaker()
            let message = try maker.message()
            let store = try await SQLiteStore.open(dataDirectory: directory)
            try await store.enqueue(message)
            try await store.close()
            await #expect(throws: StoreError(.unavailable, "")) { try await store.enqueue(message) }
        }
    }

    @Test("one process has the directory, and the other is told which")
    func lock() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore.open(dataDirectory: directory)
            let error = await #expect(throws: StoreError.self) {
                _ = try await SQLiteStore.open(dataDirectory: directory)
            }
            #expect(error?.code == .inUse)
            #expect(error?.reason.contains("gatepost.lock") == true)
            #expect(error?.reason.contains("process ") == true)
            try await store.close()
        }
    }

    @Test("nobody else may read the database, its log or the lock")
    func modes() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore.open(dataDirectory: directory + "/a/b")
            for name in ["", "/gatepost.db", "/gatepost.db-wal", "/gatepost.lock", "/spool"] {
                #expect(try mode(of: directory + "/a/b" + name) & 0o077 == 0, "\(name)")
            }
            try await store.close()
        }
    }

    @Test("a full disk is told from other trouble, harms nothing, and passes")
    func fullDisk() async throws {
        try await withTemporaryDirectory { directory in
            var options = SQLiteStore.Options()
            options.maximumPageCount = 60
            let store = try await SQLiteStore.open(dataDirectory: directory, options: options)
            var maker = MessageMaker()
            var stored: [MessageIdentifier] = []
            var refused = 0
            for _ in 0..<10 {
                let message = try maker.message(content: Array(repeating: 0x61, count: 30_000))
                do {
                    try await store.enqueue(message)
                    stored.append(message.identifier)
                } catch let error as StoreError {
                    #expect(error.code == .noSpace)
                    refused += 1
                }
            }
            #expect(refused > 0)
            #expect(!stored.isEmpty)
            #expect(try await store.statistics().messages == stored.count)
            #expect(try await store.account(address: "alice@example.org") == nil, "reading works")
            try await store.settle(stored.map { .delivered($0, 0) })
            let message = try maker.message(content: Array(repeating: 0x61, count: 30_000))
            try await store.enqueue(message)
            #expect(try await store.content(of: message.identifier) == message.content)
            try await store.close()
        }
    }

    @Test("after a failed commit nothing of it is there, then or after a restart, and the next one works")
    func failedCommit() async throws {
        try await withTemporaryDirectory { directory in
            let isFailing = Mutex(false)
            var options = SQLiteStore.Options()
            options.commitFault = {
                if isFailing.withLock({ $0 }) { throw StoreError(.unavailable, "the disk says no") }
            }
            let store = try await SQLiteStore.open(dataDirectory: directory, options: options)
            var maker = MessageMaker()
            let messages = try (0..<3).map { _ in try maker.message() }
            try await store.enqueue(messages[0])
            isFailing.withLock { $0 = true }
            await #expect(throws: StoreError(.unavailable, "")) { try await store.enqueue(messages[1]) }
            isFailing.withLock { $0 = false }
            #expect(try await store.content(of: messages[1].identifier) == nil)
            try await store.enqueue(messages[2])
            #expect(store.commitStatistics.failedCommits == 1)
            #expect(
                try await store.list(.all, after: nil, limit: 9).map(\.identifier) == [
                    messages[0].identifier, messages[2].identifier,
                ]
            )
            try await store.close()
        }
    }

    @Test("files go with their messages, and orphans at the start")
    func files() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore.open(dataDirectory: directory)
            var maker = MessageMaker()
            var message = try maker.message()
            let content = MessageContent.file(name: "large", octets: 5, front: Array("A: b\r\n".utf8))
            message.content = content
            message.size = content.octets
            for name in ["large", "orphan"] { try write(Array("hello".utf8), to: "\(store.spoolDirectory)/\(name)") }
            try await store.enqueue(message)
            #expect(try await store.content(of: message.identifier) == content)
            #expect(try await store.sweepSpool(olderThan: noon - .seconds(1_000_000_000)) == 0, "too young")
            #expect(try await store.sweepSpool(olderThan: Timestamp(milliseconds: .max)) == 1)
            #expect(names(in: store.spoolDirectory) == ["large"])
            try await store.settle([.delivered(message.identifier, 0)])
            #expect(names(in: store.spoolDirectory).isEmpty)
            try await store.close()
        }
    }

    @Test("the log is moved into the database and does not grow for ever")
    func checkpoints() async throws {
        try await withTemporaryDirectory { directory in
            var options = SQLiteStore.Options()
            options.checkpointPages = 50
            let store = try await SQLiteStore.open(dataDirectory: directory, options: options)
            var maker = MessageMaker()
            for _ in 0..<100 {
                let message = try maker.message(content: Array(repeating: 0x61, count: 20_000))
                try await store.enqueue(message)
                try await store.settle([.delivered(message.identifier, 0)])
            }
            #expect(store.commitStatistics.checkpoints > 5)
            #expect(try contents(of: directory + "/gatepost.db-wal").count < 100 * 4096)
            try await store.close()
        }
    }

    @Test("look-ups of accounts and due recipients use an index")
    func indexes() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore.open(dataDirectory: directory)
            let plans: [StaticString] = [
                "EXPLAIN QUERY PLAN SELECT id FROM account WHERE address = ?1",
                "EXPLAIN QUERY PLAN SELECT pattern FROM identity WHERE account = ?1",
                "EXPLAIN QUERY PLAN SELECT id FROM credential WHERE account = ?1",
                "EXPLAIN QUERY PLAN SELECT message FROM recipient WHERE due <= ?1 ORDER BY due LIMIT ?2",
                "EXPLAIN QUERY PLAN SELECT due FROM recipient WHERE due > ?1 ORDER BY due LIMIT 1",
                "EXPLAIN QUERY PLAN SELECT key FROM message WHERE key BETWEEN ?1 AND ?2 AND tail & 0x7fff = ?3 LIMIT 1",
            ]
            for sql in plans {
                let plan = try await store.listReader.readOne { connection in
                    try connection.statement(sql).all { $0.text(3) }.joined(separator: "; ")
                }
                #expect(plan.contains("SEARCH"), "\(sql): \(plan)")
                #expect(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "\(sql): \(plan)")
            }
            try await store.close()
        }
    }
}
