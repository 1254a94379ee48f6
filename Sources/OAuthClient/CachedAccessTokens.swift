public import SASL

/// Keeps the token of a grant until shortly before it expires. However many ask, one request is under way.
///
/// After the server refused a token that should have been good, one is fetched in its place; when that one is refused as well nothing
/// more is asked until it has expired, since a third would fare no better.
public actor CachedAccessTokens: AccessTokenProvider {
    /// A token is not handed out for the last part of its life: this many seconds, or a tenth of it where that is less.
    public static let marginSeconds = 300
    /// How long a token lives whose server does not say.
    static let assumedLifeSeconds = 3600

    private struct Held {
        var token: AccessToken
        /// Not handed out from then on.
        var staleAt: Int
        /// Fetched since the one before it was refused.
        var isReplacement: Bool
    }

    private let grant: any TokenGrant
    private let now: @Sendable () -> Int
    private var held: Held?
    private var request: (task: Task<Held, any Error>, era: Int)?
    /// Changes with each ``forget()``.
    private var era = 0

    /// - Parameter now: Seconds since 1970, or since anything else.
    public init(_ grant: any TokenGrant, now: @escaping @Sendable () -> Int) {
        self.grant = grant
        self.now = now
    }

    public func accessToken(insteadOf refused: AccessToken?) async throws -> AccessToken {
        guard let held, self.now() < held.staleAt else { return try await self.fetch(isReplacement: false).token }
        guard let refused, held.token == refused else { return held.token }
        guard !held.isReplacement else { throw AccessTokenError(.tokenRefusedAgain) }
        return try await self.fetch(isReplacement: true).token
    }

    /// Somebody changed what tokens are had with: nothing that is held or under way counts any more.
    public func forget() async {
        self.era &+= 1
        self.held = nil
        await self.grant.forget()
    }

    private func fetch(isReplacement: Bool) async throws -> Held {
        while let request {
            if request.era == self.era { return try await request.task.value }
            // The grant answers one at a time.
            _ = await request.task.result
            if self.request?.task == request.task { self.request = nil }
        }
        // Not a child of whoever asked first: the others wait for it too.
        let task = Task {
            let asked = self.now()
            let result = try await self.grant.request()
            let life = result.expiresInSeconds ?? Self.assumedLifeSeconds
            return Held(
                token: result.accessToken,
                staleAt: asked + life - min(Self.marginSeconds, life / 10),
                isReplacement: isReplacement
            )
        }
        let era = self.era
        self.request = (task, era)
        defer { if self.request?.task == task { self.request = nil } }
        let held = try await task.value
        if self.era == era { self.held = held }
        return held
    }
}
