package import Logging
package import OAuthClient
package import SASL

/// A refresh token in a file of its own, mode 0600, which a rename replaces: a crash leaves the old one or the new one.
package struct RefreshTokenFile: RefreshTokenStore {
    private static let maximumOctets = 65_536

    package let path: String
    private let logger: Logger
    private let replacing: @Sendable (() throws -> Void) throws -> Void

    /// - Parameter replacing: Is given the work that replaces a token by one that the provider gave for it, and does it.
    package init(
        path: String,
        logger: Logger,
        replacing: @escaping @Sendable (_ work: () throws -> Void) throws -> Void = { try $0() }
    ) {
        self.path = path
        self.logger = logger
        self.replacing = replacing
    }

    package func load() async throws -> Secret? {
        do throws(LocalFile.Failure) {
            let content = try LocalFile.read(self.path, limit: Self.maximumOctets)
            return Secret(content.prefix { $0 != 0x0A && $0 != 0x0D })
        } catch {
            guard error.isAbsent else { throw error }
            throw AccessTokenError(.notAuthorized("there is no \(self.path): 'gatepost relay authorize' writes it"))
        }
    }

    package func save(_ token: Secret) async throws {
        do {
            try self.replacing {
                try LocalFile.replace(self.path, token.octets + [0x0A], mode: 0o600)
                try LocalFile.syncDirectory(of: self.path)
            }
        } catch {
            self.logger.error(
                "The relay's new refresh token cannot be kept; the old one may be worth nothing after a restart",
                metadata: ["error": "\(error)"]
            )
            throw error
        }
    }
}
