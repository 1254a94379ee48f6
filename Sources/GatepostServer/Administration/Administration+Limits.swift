package import GatepostModel

extension Administration {
    func answerAboutLimits(_ request: AdministrationRequest) async throws -> AdministrationResponse {
        switch request {
        case .setLimits(let name, let texts):
            let address = try await self.canonicalAddress(name)
            let limits = try Administration.limits(texts, changing: try await self.existing(address).limits)
            return try await self.change(
                address,
                limits.isEmpty ? "the configuration's limits hold" : "limits \(limits.text)"
            ) {
                try await self.accounts.setLimits(limits, of: address)
            }
        case .showLimits(let name):
            let account = try await self.existing(try await self.canonicalAddress(name))
            let now = self.clock.now()
            let record = try await self.queue.sendingRecord(
                of: account.id,
                since: SendingUsage.step(at: now) - SendingUsage.span
            )
            return .limits(LimitsReport(account, record, self.sendingRules, now: now))
        default:
            throw AdministrationFailure(.invalid, "not a request about limits")
        }
    }

    /// Reads limits as operators write them.
    static func limits(_ texts: [String: String], changing limits: SendingLimits) throws -> SendingLimits {
        var limits = limits
        for (name, text) in texts {
            guard let limit = SendingLimit(rawValue: name) else {
                throw AdministrationFailure(.invalid, "there is no limit '\(name)'")
            }
            switch text {
            case "default": limits.set(limit, nil)
            case "none": limits.set(limit, SendingLimits.Value.none)
            default:
                let count = limit == .messageSize ? ByteCount(text)?.octets : Int(text)
                guard let count, limit.range.contains(count) else {
                    throw AdministrationFailure(
                        .invalid,
                        "\(limit.words) must be from \(limit.range.lowerBound) to \(limit.range.upperBound), none or default, not '\(text)'"
                    )
                }
                limits[limit] = count
            }
        }
        return limits
    }
}

/// The limits that hold for an account, where they come from, and what is used up.
package struct LimitsReport: Codable, Sendable, Hashable {
    package struct Limit: Codable, Sendable, Hashable {
        /// `messagesPerDay` and so on.
        package var limit: String
        /// nil: none.
        package var maximum: Int?
        /// `account` or `configuration`.
        package var from: String
        /// nil for what is not counted over time.
        package var used: Int?
    }

    package var address: String
    /// `hold` or `refuse`.
    package var action: String
    package var limits: [Limit]

    init(_ account: Account, _ record: SendingRecord, _ rules: SendingLedger.Rules, now: Timestamp) {
        self.address = account.address
        self.action = rules.action.rawValue
        let policy = rules.policy(account, nil)
        self.limits = SendingLimit.allCases.map { limit in
            let isCounted = limit != .messageSize && limit != .sessions
            return Limit(
                limit: limit.rawValue,
                maximum: policy.account[limit],
                from: account.limits.values[limit] == nil ? "configuration" : "account",
                used: isCounted ? record.account.used(limit, now: now) : nil
            )
        }
    }
}

extension SendingLimits {
    /// By name; nil is none.
    var report: [String: Int?] {
        Dictionary(uniqueKeysWithValues: self.values.map { ($0.key.rawValue, self[$0.key]) })
    }
}
