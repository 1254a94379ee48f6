extension Configuration {
    /// What one client, and all clients together, may take up. Addresses in `networks.allow` are free of
    /// `connectionsPerAddress`, `connectionsPerMinute` and `failuresPerMinute`. An IPv6 address counts with its /64.
    package struct Limits: Sendable, Hashable {
        /// Sessions in all; the next is told `421 4.3.2`.
        package var connections: Int
        /// Sessions of one address; the next is told `421 4.7.0`.
        package var connectionsPerAddress: Int
        /// New sessions of one address within a minute; the next is told `421 4.7.0`. Loopback is free of it.
        package var connectionsPerMinute: Int
        /// AUTH commands of one address that may fail within a minute, whatever the cause.
        package var failuresPerMinute: Int
        /// Commands that are unknown, malformed or out of order in one session; the next ends it with `421 4.7.0`.
        package var badCommands: Int
        /// Failed AUTH commands in one session; the last ends it with `421 4.7.0`.
        package var authenticationAttempts: Int
        /// Threads that hash passwords; each holds 19 MiB while it works.
        package var hashingThreads: Int
        /// Password checks that may wait for a thread; the next is told `454 4.7.0`.
        package var hashingQueue: Int
        package var timeouts: Timeouts

        package init(
            connections: Int = 10_000,
            connectionsPerAddress: Int = 100,
            connectionsPerMinute: Int = 300,
            failuresPerMinute: Int = 30,
            badCommands: Int = 20,
            authenticationAttempts: Int = 5,
            hashingThreads: Int = 2,
            hashingQueue: Int = 128,
            timeouts: Timeouts = Timeouts()
        ) {
            self.connections = connections
            self.connectionsPerAddress = connectionsPerAddress
            self.connectionsPerMinute = connectionsPerMinute
            self.failuresPerMinute = failuresPerMinute
            self.badCommands = badCommands
            self.authenticationAttempts = authenticationAttempts
            self.hashingThreads = hashingThreads
            self.hashingQueue = hashingQueue
            self.timeouts = timeouts
        }
    }

    /// How long a session may stay in one phase.
    package struct Timeouts: Sendable, Hashable {
        /// Waiting for a command (RFC 5321 §4.5.3.2.7).
        package var command: Duration
        /// Waiting for the next piece of mail data (RFC 5321 §4.5.3.2.5).
        package var data: Duration
        package var tlsHandshake: Duration
        /// From SIGTERM until sessions that still run are cut.
        package var shutdown: Duration

        package init(
            command: Duration = .seconds(300),
            data: Duration = .seconds(180),
            tlsHandshake: Duration = .seconds(30),
            shutdown: Duration = .seconds(30)
        ) {
            self.command = command
            self.data = data
            self.tlsHandshake = tlsHandshake
            self.shutdown = shutdown
        }
    }
}
