internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer
internal import NIOCore
internal import SASL

struct AccountImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Add accounts from a file of name:secret lines.",
        discussion: """
            Secrets are hashes as other servers keep them: {SCHEME}… as in Dovecot's passwd-file and LDAP, or $id$… as in \
            /etc/shadow; further fields behind another colon are ignored. A hash works for PLAIN and LOGIN at once; the first such \
            login replaces it by keys of our own, and 'account list --mechanisms' shows which are left. With --cleartext the secret \
            is the password; only keys derived from it are kept.
            Empty lines and lines that begin with # are skipped, and so are accounts that exist.
            """
    )

    @Argument(help: "The file; - for standard input.", completion: .file())
    var file: String

    @Flag(name: .long, help: "The secrets are passwords in clear text.")
    var cleartext = false

    @Flag(name: .long, help: "Keep what the accounts send in their inboxes; nothing leaves.")
    var sandbox = false

    @OptionGroup var store: StoreOptions

    private struct Line {
        var number: Int
        var name: String
        var secret: ForeignSecret
    }

    private struct Report: Encodable {
        var added = 0
        var existing: [String] = []
        var faults: [String] = []
        /// Added all the same, though the password policy would not take the password.
        var weak: [String] = []
    }

    /// Accounts derived before they are sent together.
    private static let batch = 64

    func run() async throws {
        let limit = 256 * 1_048_576
        let octets =
            self.file == "-" ? try Terminal.readInput(limit: limit) : try LocalFile.read(self.file, limit: limit)
        var report = Report()
        let lines = self.lines(octets, &report)
        try await self.store.withSession { session, configuration in
            let masterKey = try MasterKey.open(inDirectory: configuration.data)
            let judge = try PasswordJudge(configuration)
            var rest = lines[...]
            while !rest.isEmpty {
                let batch = rest.prefix(AccountImport.batch)
                rest = rest.dropFirst(AccountImport.batch)
                var named: [(address: String, line: Line)] = []
                for line in batch {
                    do {
                        named.append((try await session.canonicalAddress(line.name), line))
                    } catch let failure as AdministrationFailure where failure.kind == .invalid {
                        report.faults.append("\(self.file):\(line.number): \(failure.message)")
                    }
                }
                for (address, line) in named {
                    guard case .clearText(let password) = line.secret else { continue }
                    let faults = try judge.faults(of: password, for: address).map(\.description)
                    if !faults.isEmpty { report.weak.append("\(address): \(faults.joined(separator: "; "))") }
                }
                let additions = try await self.derive(named, masterKey, &report)
                guard !additions.isEmpty else { continue }
                guard case .additions(let reports) = try await session.perform(.addAccounts(additions)) else {
                    throw StoreOptions.misunderstood
                }
                for addition in reports {
                    if addition.added { report.added += 1 } else { report.existing.append(addition.address) }
                }
            }
        }
        if self.store.json {
            try Terminal.json(report)
        } else {
            for fault in report.faults { Terminal.message("error: \(fault)") }
            for weak in report.weak { Terminal.message("warning: the password of \(weak)") }
            for address in report.existing { Terminal.message("\(address): exists already, left as it is") }
            Terminal.message(
                "\(report.added) added, \(report.existing.count) there already, \(report.faults.count) bad lines"
            )
        }
        if !report.faults.isEmpty { throw Failure(.badInput, "") }
    }

    private func lines(_ octets: [UInt8], _ report: inout Report) -> [Line] {
        var lines: [Line] = []
        for (index, raw) in octets.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            var line = raw
            if line.last == 0x0D { line.removeLast() }
            guard !line.isEmpty, line.first != UInt8(ascii: "#") else { continue }
            let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = String(validating: parts[0], as: UTF8.self), !name.isEmpty,
                !parts[1].isEmpty
            else {
                report.faults.append("\(self.file):\(index + 1): not name:secret")
                continue
            }
            do {
                lines.append(Line(number: index + 1, name: name, secret: try self.secret(parts[1])))
            } catch {
                report.faults.append("\(self.file):\(index + 1): the secret of \(name) \(error)")
            }
        }
        return lines
    }

    private func secret(_ field: ArraySlice<UInt8>) throws(ForeignSecret.Fault) -> ForeignSecret {
        if self.cleartext { return .clearText(Secret(field)) }
        // A passwd-file goes on with numbers and directories.
        return try ForeignSecret(String(decoding: field.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self))
    }

    /// The keys to store: taken over as they are, or derived where the password is known.
    private static func credential(
        _ secret: ForeignSecret,
        owner: String,
        masterKey: MasterKey
    ) throws(PasswordDerivation.Failure) -> NewCredential {
        switch secret {
        case .hash(let hash): NewCredential(argon2id: nil, scram: [], foreignHash: hash.text)
        case .scram(let keys): NewCredential(argon2id: nil, scram: [keys])
        case .clearText(let password): try PasswordDerivation.derive(password, owner: owner, masterKey: masterKey)
        }
    }

    /// Uses every processor: each password in clear text takes tens of milliseconds.
    private func derive(
        _ named: [(address: String, line: Line)],
        _ masterKey: MasterKey,
        _ report: inout Report
    ) async throws -> [AccountAddition] {
        let (file, sandbox) = (self.file, self.sandbox)
        let pool = HashingPool(threads: System.coreCount, queue: named.count)
        var results: [(Int, Result<AccountAddition, PasswordDerivation.Failure>)] = []
        try await withThrowingTaskGroup(of: (Int, Result<AccountAddition, PasswordDerivation.Failure>).self) { tasks in
            for (index, (address, line)) in named.enumerated() {
                let secret = line.secret
                tasks.addTask {
                    let result = try await pool.run { () -> Result<AccountAddition, PasswordDerivation.Failure> in
                        do {
                            let credential = try AccountImport.credential(
                                secret,
                                owner: address,
                                masterKey: masterKey
                            )
                            return .success(
                                AccountAddition(
                                    address: address,
                                    isSandbox: sandbox,
                                    credential: CredentialRecord(credential)
                                )
                            )
                        } catch let error as PasswordDerivation.Failure {
                            return .failure(error)
                        }
                    }
                    return (index, result)
                }
            }
            for try await result in tasks { results.append(result) }
        }
        try await pool.shutdown()
        var additions: [AccountAddition] = []
        for (index, result) in results.sorted(by: { $0.0 < $1.0 }) {
            switch result {
            case .success(let addition): additions.append(addition)
            case .failure(let failure): report.faults.append("\(file):\(named[index].line.number): \(failure)")
            }
        }
        return additions
    }
}
