internal import GatepostModel
internal import Logging

extension QueueRunner {
    /// The longest time without a look into the queue: a clock that was set forward is noticed then.
    private static let longestWait = Duration.seconds(60)
    /// Destinations remembered, those with nothing to do included.
    private static let maximumDestinations = 1000

    /// Leases what is due and hands it to the destinations, until the shutdown.
    func lend() async {
        let context = self.makeContext()
        var destinations: [NextHop: Destination] = [:]
        var mayHaveMore = false
        if self.configuration.isHolding {
            while !self.isShuttingDown { await self.wake.wait() }
        } else {
            await self.releaseLeases()
        }
        while !self.isShuttingDown {
            let now = self.clock.now()
            if self.takeForgiving() {
                for destination in destinations.values { await destination.forgive() }
            }
            if self.agenda.isDue(at: now) { mayHaveMore = true }
            let room = self.configuration.maximumInFlight - self.inFlight.count
            let limit = min(self.configuration.leaseLimit, room)
            // A look into the queue for a few messages costs as much as one for many.
            let isWorthwhile = room >= min(self.configuration.leaseLimit, self.configuration.maximumInFlight)
            guard mayHaveMore, isWorthwhile, !self.settler.isFailing else {
                await self.rest(after: now)
                continue
            }
            do {
                let domains = self.router.comparable(try await self.localDomains())
                let leased = try await self.store.lease(
                    limit: limit,
                    now: now,
                    until: now + self.configuration.leaseDuration
                )
                mayHaveMore = leased.count >= limit
                await self.dispatch(leased, localDomains: domains, context, &destinations)
                if !leased.isEmpty { await self.pause(self.configuration.leaseInterval) }
            } catch {
                self.logger.error("The queue cannot be read", metadata: ["error": "\(error)"])
                await self.pause(.seconds(1))
            }
            if destinations.count > Self.maximumDestinations { await Self.forget(&destinations) }
        }
        for destination in destinations.values { await destination.stop() }
        self.drained()
        await self.pause(self.configuration.shutdownTime)
        if !Task.isCancelled { self.cutTransactions() }
    }

    /// Sorts what was leased by next hop, and hands each destination its share at once.
    private func dispatch(
        _ leased: [LeasedMessage],
        localDomains: Set<String>,
        _ context: DeliveryContext,
        _ destinations: inout [NextHop: Destination]
    ) async {
        var shares: [NextHop: [LeasedMessage]] = [:]
        var order: [NextHop] = []
        for message in leased {
            guard let message = self.inFlight.begin(message) else { continue }
            var hops: [NextHop: [LeasedRecipient]] = [:]
            for recipient in message.recipients {
                switch self.router.decide(recipient.recipient.forwardPath, localDomains: localDomains) {
                case .forward(let hop):
                    hops[hop, default: []].append(recipient)
                case .refuse(let verdict):
                    await self.reporter.report(
                        DeliveryReporter.Report(message: message, verdicts: [(recipient, verdict)])
                    )
                }
            }
            for (hop, recipients) in hops {
                if shares[hop] == nil { order.append(hop) }
                shares[hop, default: []].append(message.with(recipients[...]))
            }
        }
        for hop in order {
            guard let share = shares[hop] else { continue }
            let destination = destinations[hop] ?? Destination(hop, context: context)
            destinations[hop] = destination
            await destination.add(share)
        }
    }

    /// Waits for news, or for the next recipient to fall due.
    private func rest(after now: Timestamp) async {
        var wait = Self.longestWait
        do {
            if let next = try await self.agenda.next(in: self.store, after: now) { wait = min(wait, next - now) }
        } catch {
            self.logger.error("The queue cannot be read", metadata: ["error": "\(error)"])
            wait = .seconds(1)
        }
        let timer = Task {
            do {
                try await self.sleep(wait)
            } catch {
                return  // Woken by something else.
            }
            self.wake.set()
        }
        await self.wake.wait()
        timer.cancel()
    }

    private func pause(_ duration: Duration) async {
        guard duration > .zero else { return }
        do {
            try await self.sleep(duration)
        } catch {
            // Cancelled: the loop looks at what it is to do anyway.
        }
    }

    private static func forget(_ destinations: inout [NextHop: Destination]) async {
        for (hop, destination) in destinations where await destination.isForgettable {
            destinations[hop] = nil
        }
    }
}
