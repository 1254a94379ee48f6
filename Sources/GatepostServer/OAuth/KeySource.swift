internal import Foundation
internal import GatepostModel
internal import Logging

/// Keeps one issuer's keys: fetched when first needed, every hour, and when a token names a key that is not among them, which is how
/// rotation is noticed; at most once a minute, whatever clients send.
actor KeySource {
    static let freshness = Duration.seconds(3600)
    /// How long keys are used while the issuer cannot be reached.
    static let endurance = Duration.seconds(86_400)
    static let interval = Duration.seconds(60)
    /// How long nothing is asked after a failure while there are no keys at all.
    static let pause = Duration.seconds(10)

    private let issuer: String
    private let location: Location
    private let http: any HTTPFetcher
    private let logger: Logger
    private var current: (keys: KeySet, fetched: Timestamp)?
    private var lastAttempt: Timestamp?
    private var lastFailure: IssuerUnreachable?
    private var pending: Task<KeySet, any Error>?
    private var revision = 0

    enum Location: Sendable {
        case keySet(OAuthEndpoint)
        /// The document that names the key set.
        case discovery(OAuthEndpoint)
        /// The configuration has no URL that may be asked.
        case nowhere
    }

    init(issuer: String, location: Location, http: any HTTPFetcher, logger: Logger) {
        self.issuer = issuer
        self.location = location
        self.http = http
        self.logger = logger
    }

    /// - Throws: ``IssuerUnreachable`` when there are no keys, or only such as are too old.
    func keys(now: Timestamp) async throws -> KeySet {
        guard let (keys, fetched) = self.current else {
            if let lastFailure, !self.hasPassed(Self.pause, at: now) { throw lastFailure }
            return try await self.refresh(now: now)
        }
        let age = now - fetched
        if age >= .zero, age < Self.freshness { return keys }
        let isUsable = age >= .zero && age < Self.endurance
        guard self.hasPassed(Self.interval, at: now) else {
            guard isUsable else { throw self.lastFailure ?? self.trouble("the keys are too old") }
            return keys
        }
        do {
            return try await self.refresh(now: now)
        } catch {
            guard isUsable else { throw error }
            return keys
        }
    }

    /// - Returns: `nil` when there are none that are newer and it is too soon to ask.
    /// - Throws: ``IssuerUnreachable``
    func keys(newerThan old: KeySet, now: Timestamp) async throws -> KeySet? {
        if let (keys, _) = self.current, keys.revision > old.revision { return keys }
        guard self.pending != nil || self.hasPassed(Self.interval, at: now) else { return nil }
        return try await self.refresh(now: now)
    }

    private func hasPassed(_ duration: Duration, at now: Timestamp) -> Bool {
        guard let lastAttempt else { return true }
        let passed = now - lastAttempt
        return passed < .zero || passed >= duration
    }

    /// All who want keys at the same time wait for one fetch, which goes on when one of them gives up.
    private func refresh(now: Timestamp) async throws -> KeySet {
        if let pending { return try await pending.value }
        self.revision += 1
        self.lastAttempt = now
        let task = Task { try await self.load(revision: self.revision, now: now) }
        self.pending = task
        return try await task.value
    }

    private func load(revision: Int, now: Timestamp) async throws -> KeySet {
        defer { self.pending = nil }
        do {
            let keys = try await KeySet(json: self.fetch(self.keySetLocation()), revision: revision)
            self.current = (keys, now)
            self.lastFailure = nil
            return keys
        } catch {
            let failure = error as? IssuerUnreachable ?? self.trouble("\(error)")
            self.lastFailure = failure
            self.logger.warning(
                "OAuth issuer's keys cannot be had",
                metadata: ["issuer": "\(self.issuer)", "reason": "\(failure.reason)"]
            )
            throw failure
        }
    }

    private func keySetLocation() async throws -> OAuthEndpoint {
        switch self.location {
        case .keySet(let endpoint):
            return endpoint
        case .nowhere:
            throw self.trouble("no https URL to have keys from")
        case .discovery(let endpoint):
            guard let document = ClaimSet(json: try await self.fetch(endpoint)) else {
                throw self.trouble("the discovery document is malformed")
            }
            // Or one issuer could hand out another's name (OpenID Connect Discovery 1.0 §4.3).
            guard document.text("issuer") == self.issuer else {
                throw self.trouble("the discovery document is of another issuer")
            }
            guard let location = document.text("jwks_uri").flatMap(OAuthEndpoint.init) else {
                throw self.trouble("the discovery document names no https URL of keys")
            }
            return location
        }
    }

    private func fetch(_ endpoint: OAuthEndpoint) async throws -> [UInt8] {
        let request = HTTPFetchRequest(endpoint)
        let response = try await self.http.fetch(request)
        guard response.status == 200 else { throw self.trouble("HTTP status \(response.status)") }
        // The fetcher keeps to the limit; another one might not.
        guard response.body.count <= request.maximumOctets else {
            throw HTTPFetchError.tooLarge(limit: request.maximumOctets)
        }
        return response.body
    }

    private func trouble(_ reason: String) -> IssuerUnreachable {
        IssuerUnreachable(issuer: self.issuer, reason: reason)
    }
}
