package import GatepostModel
package import MailSyntax
package import SASL

/// Plays people and guessers against ``Lockout`` and counts what they got: a trace simulator.
package struct LockoutSimulation {
    /// Somebody who logs in again and again.
    package struct Actor {
        package enum Role: Hashable {
            /// Knows the secret, or mistypes it: must never be refused for what others do.
            case owner
            /// Has an old secret, and believes in it.
            case device
            case guesser
        }

        package var name: String
        package var role: Role
        package var account: String
        /// By the number of the attempt.
        package var address: (Int) -> IPAddress?
        package var client: (Int) -> String
        package var mechanism: MechanismName
        package var secret: (Int) -> String
        package var start: Duration
        package var interval: Duration
        package var end: Duration?
        /// From the attempt to its verdict.
        package var latency: Duration
        /// Set where the trouble is elsewhere: the attempt ends so, whatever the secret.
        package var fate: AuthenticationReason?

        package init(
            _ name: String,
            _ role: Role,
            account: String,
            address: @escaping (Int) -> IPAddress?,
            client: @escaping (Int) -> String,
            mechanism: MechanismName = .plain,
            secret: @escaping (Int) -> String,
            start: Duration = .zero,
            interval: Duration,
            end: Duration? = nil,
            latency: Duration = .milliseconds(150),
            fate: AuthenticationReason? = nil
        ) {
            self.name = name
            self.role = role
            self.account = account
            self.address = address
            self.client = client
            self.mechanism = mechanism
            self.secret = secret
            self.start = start
            self.interval = interval
            self.end = end
            self.latency = latency
            self.fate = fate
        }
    }

    package struct Report {
        /// Attempts of owners with the right secret, and those of them that were refused.
        package var ownerAttempts = 0
        package var ownerRefusals = 0
        package var attempts = 0
        /// The most different wrong secrets of guessers that were looked at, of one account within 24 hours.
        package var guessesPerDay = 0
        /// A guesser who got in.
        package var breakIns = 0
        /// The locks that began, by what they lock.
        package var accountLocks = 0
        package var networkLocks = 0
        package var clientLocks = 0
        package var bans = 0
        /// The most entries in the tables.
        package var size = 0
        /// By actor: attempts, and how many were refused unseen.
        package var refusals: [String: (attempts: Int, refused: Int)] = [:]
        package var longestDelay = Duration.zero

        package var availability: Double {
            self.ownerAttempts == 0
                ? 1 : Double(self.ownerAttempts - self.ownerRefusals) / Double(self.ownerAttempts)
        }
    }

    private struct Step {
        var time: Timestamp
        var actor: Int
        var number: Int
        /// nil: the attempt begins; else the verdict is due.
        var pending: LoginAttempt?
        var order: Int
    }

    package var lockout: Lockout
    /// By account; who is not in it does not exist.
    package var secrets: [String: String]
    private let start: Timestamp
    private var actors: [Actor] = []

    package init(policy: LockoutPolicy = LockoutPolicy(), secrets: [String: String], start: Timestamp) {
        self.lockout = Lockout(policy: policy, key: [UInt8](repeating: 7, count: 16))
        self.secrets = secrets
        self.start = start
    }

    package mutating func add(_ actor: Actor) {
        self.actors.append(actor)
    }

    package mutating func add(_ actors: [Actor]) {
        self.actors += actors
    }

    package mutating func run(for length: Duration) -> Report {
        var report = Report()
        var tested: [String: [(time: Timestamp, secret: String)]] = [:]
        var steps = StepHeap()
        for index in self.actors.indices {
            steps.push(Step(time: self.start + self.actors[index].start, actor: index, number: 0, order: 0))
        }
        let end = self.start + length
        while let step = steps.pop() {
            let actor = self.actors[step.actor]
            guard step.time < end else { continue }
            if let attempt = step.pending {
                self.conclude(attempt, actor, step, &report, &tested)
                continue
            }
            if let last = actor.end, step.time >= self.start + last { continue }
            steps.push(
                Step(time: step.time + actor.interval, actor: step.actor, number: step.number + 1, order: 0)
            )
            let attempt = self.attempt(of: actor, step)
            report.attempts += 1
            report.refusals[actor.name, default: (0, 0)].attempts += 1
            switch self.lockout.admission(of: attempt, now: step.time) {
            case .refused(_, let reason):
                self.refused(attempt, actor, step, &report)
                let code: AuthenticationReason = reason == .tooManyFailures ? .tooMany : .locked
                _ = self.lockout.ended(attempt, .refused(code), now: step.time)
            case .delayed(let delay):
                report.longestDelay = max(report.longestDelay, delay)
                fallthrough
            case .admitted:
                var pending = step
                pending.time = step.time + actor.latency
                pending.pending = attempt
                pending.order = 1
                steps.push(pending)
            }
            report.size = max(report.size, self.lockout.size)
        }
        report.guessesPerDay = tested.values.map { Self.most($0) }.max() ?? 0
        return report
    }

    private func attempt(of actor: Actor, _ step: Step) -> LoginAttempt {
        let secret = actor.secret(step.number)
        let brings = actor.mechanism == .plain || actor.mechanism == .login
        return LoginAttempt(
            time: step.time,
            loginName: actor.account,
            account: actor.account,
            mechanism: actor.mechanism,
            address: actor.address(step.number),
            listener: "submission:587",
            tls: "1.3",
            clientName: actor.client(step.number),
            secretTag: brings ? Self.tag(secret, day: step.time.secondsSince1970 / 86_400) : nil
        )
    }

    private mutating func conclude(
        _ attempt: LoginAttempt,
        _ actor: Actor,
        _ step: Step,
        _ report: inout Report,
        _ tested: inout [String: [(time: Timestamp, secret: String)]]
    ) {
        let secret = actor.secret(step.number)
        let right = self.secrets[actor.account]
        let result: LoginResult
        if let fate = actor.fate {
            result = .refused(fate)
        } else if let right {
            result = secret == right ? .succeeded : .refused(.wrongPassword)
        } else {
            result = .refused(.unknownAccount)
        }
        // Whether a right secret would have been told from a wrong one at this moment.
        let wouldSucceed = !self.lockout.isLocked(attempt, now: step.time)
        let ending = self.lockout.ended(attempt, result, now: step.time)
        for lock in ending.locks {
            switch lock.scope {
            case .account: report.accountLocks += 1
            case .network: report.networkLocks += 1
            case .client: report.clientLocks += 1
            case .address: report.bans += 1
            }
        }
        if actor.fate == nil, actor.role == .guesser, right != nil, wouldSucceed {
            tested[actor.account, default: []].append((step.time, secret))
            if result == .succeeded { report.breakIns += 1 }
        }
        if result == .succeeded, actor.role == .owner {
            report.ownerAttempts += 1
            if ending.result != .succeeded { self.countRefusal(actor, &report) }
        }
    }

    private func refused(_ attempt: LoginAttempt, _ actor: Actor, _ step: Step, _ report: inout Report) {
        report.refusals[actor.name, default: (0, 0)].refused += 1
        guard actor.role == .owner, actor.secret(step.number) == self.secrets[actor.account] else { return }
        report.ownerAttempts += 1
        report.ownerRefusals += 1
    }

    private func countRefusal(_ actor: Actor, _ report: inout Report) {
        report.ownerRefusals += 1
        report.refusals[actor.name, default: (0, 0)].refused += 1
    }

    /// The most different secrets within any 24 hours.
    private static func most(_ tested: [(time: Timestamp, secret: String)]) -> Int {
        var most = 0
        var first = tested.startIndex
        var counts: [String: Int] = [:]
        for entry in tested {
            counts[entry.secret, default: 0] += 1
            while entry.time - tested[first].time >= .seconds(86_400) {
                let gone = tested[first].secret
                counts[gone] = counts[gone].flatMap { $0 > 1 ? $0 - 1 : nil }
                first += 1
            }
            most = max(most, counts.count)
        }
        return most
    }

    private static func tag(_ secret: String, day: Int64) -> UInt16 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(truncatingIfNeeded: day)
        for octet in secret.utf8 { hash = (hash ^ UInt64(octet)) &* 0x0000_0100_0000_01B3 }
        return UInt16(truncatingIfNeeded: hash ^ hash >> 32 ^ hash >> 16)
    }

    /// Steps by time.
    private struct StepHeap {
        private var steps: [Step] = []

        mutating func push(_ step: Step) {
            self.steps.append(step)
            var child = self.steps.count - 1
            while child > 0 {
                let parent = (child - 1) / 2
                guard Self.isBefore(self.steps[child], self.steps[parent]) else { return }
                self.steps.swapAt(child, parent)
                child = parent
            }
        }

        mutating func pop() -> Step? {
            guard let first = self.steps.first else { return nil }
            let last = self.steps.removeLast()
            guard !self.steps.isEmpty else { return first }
            self.steps[0] = last
            var parent = 0
            while true {
                let left = 2 * parent + 1
                guard left < self.steps.count else { return first }
                let right = left + 1
                let child =
                    right < self.steps.count && Self.isBefore(self.steps[right], self.steps[left]) ? right : left
                guard Self.isBefore(self.steps[child], self.steps[parent]) else { return first }
                self.steps.swapAt(child, parent)
                parent = child
            }
        }

        private static func isBefore(_ one: Step, _ other: Step) -> Bool {
            (one.time, other.order, one.actor) < (other.time, one.order, other.actor)
        }
    }
}
