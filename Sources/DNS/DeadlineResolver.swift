/// A resolver whose answers must come before a deadline, however slow the one it asks is.
///
/// It bounds what one message may cost: the look-ups of an evaluation share the deadline, and once it has passed every
/// question fails at once. What the other resolver was doing is cancelled and waited for.
public struct DeadlineResolver<Source: Clock>: Resolver where Source.Duration == Duration {
    private let resolver: any Resolver
    private let deadline: Source.Instant
    private let clock: Source

    /// Asks `resolver` until `deadline` by `clock`.
    public init(_ resolver: any Resolver, deadline: Source.Instant, clock: Source) {
        self.resolver = resolver
        self.deadline = deadline
        self.clock = clock
    }

    /// Whether the deadline has passed.
    public var isExpired: Bool { self.clock.now >= self.deadline }

    /// What the other resolver answers, or a temporary failure when it has not answered by the deadline.
    public func records(_ type: RecordType, at name: DNSName) async throws(DNSError) -> Answer<Record> {
        guard !self.isExpired else { throw Self.late }
        let (resolver, deadline, clock) = (self.resolver, self.deadline, self.clock)
        let first = await withTaskGroup(of: Result<Answer<Record>, DNSError>.self) { group in
            group.addTask {
                do throws(DNSError) {
                    return .success(try await resolver.records(type, at: name))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                do {
                    try await clock.sleep(until: deadline, tolerance: nil)
                } catch {
                    // Cancelled: the caller gave up, or the answer came first and nobody reads this.
                    return .failure(.temporary("cancelled"))
                }
                return .failure(Self.late)
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(Self.late)
        }
        return try first.get()
    }

    private static var late: DNSError { .temporary("the time limit has passed") }
}

extension Resolver {
    /// The same resolver with a limit on the time that all questions together may take from now on.
    public func limited<Source: Clock>(to limit: Duration, clock: Source) -> DeadlineResolver<Source>
    where Source.Duration == Duration {
        DeadlineResolver(self, deadline: clock.now.advanced(by: limit), clock: clock)
    }
}
