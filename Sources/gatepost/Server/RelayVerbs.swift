internal import ArgumentParser
internal import Crypto
internal import GatepostModel
internal import GatepostServer
internal import Logging
internal import OAuthClient
internal import SASL

struct RelayVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay",
        abstract: "The smarthost of delivery.relay.",
        subcommands: [RelayAuthorize.self]
    )
}

/// Gets the first refresh token of `delivery.relay.oauth`.
struct RelayAuthorize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "authorize",
        abstract: "Let a person allow this server to send through their provider's account.",
        discussion: """
            Shows a URL and a code to enter there on any device (RFC 8628); with --browser, or where the provider has no codes for mail \
            (Gmail), a URL to open, whose outcome is pasted here. The refresh token goes into the file that \
            delivery.relay.oauth.refreshToken names; a running server takes it up by itself. Run it as the user that the server runs as.
            """
    )

    @Flag(name: .long, help: "Use the browser's way even where the provider knows codes.")
    var browser = false

    @OptionGroup var option: ConfigurationOption

    func run() async throws {
        guard let oauth = try self.oauth() else {
            throw Failure(.badConfiguration, "delivery.relay.oauth is not configured: see docs/relay.md")
        }
        guard oauth.flow == .refreshToken else {
            throw Failure(.badConfiguration, "flow: clientCredentials needs nobody's authorization")
        }
        let http = AsyncHTTPFetcher()
        let outcome: Result<TokenGrantResult, any Error>
        do {
            outcome = .success(try await self.authorize(oauth, HTTPTokenTransport(http)))
        } catch {
            outcome = .failure(error)
        }
        try await http.shutdown()
        let result: TokenGrantResult
        do {
            result = try outcome.get()
        } catch let error as AccessTokenError {
            throw Failure(error.isTemporary ? .temporaryFailure : .no, Terminal.visible("\(error)"))
        }
        guard let token = result.refreshToken else {
            throw Failure(.no, "the provider gave no refresh token; its scope for one is often offline_access")
        }
        let store = RefreshTokenFile(path: oauth.refreshTokenFile, logger: Logger(label: "gatepost.relay"))
        try await store.save(token)
        Terminal.message("Authorized. The refresh token is in \(oauth.refreshTokenFile).")
    }

    private func oauth() throws -> Configuration.RelayOAuth? {
        guard case .relay(let relay) = try self.option.load().configuration.delivery.route else { return nil }
        return relay.oauth
    }

    private func authorize(
        _ oauth: Configuration.RelayOAuth,
        _ transport: HTTPTokenTransport
    ) async throws -> TokenGrantResult {
        if !self.browser, oauth.server.deviceAuthorizationEndpoint != nil {
            let device = DeviceAuthorization(server: oauth.server, client: oauth.client, transport: transport)
            let request = try await device.start()
            Terminal.message("Open     \(request.verificationURI)")
            Terminal.message("and enter  \(request.userCode)")
            if let complete = request.completeVerificationURI { Terminal.message("(or open  \(complete))") }
            Terminal.message("Waiting, at most \(request.expiresInSeconds / 60) minutes …")
            return try await device.wait(for: request) { try await Task.sleep(for: .seconds($0)) }
        }
        let code = CodeAuthorization(
            server: oauth.server,
            client: oauth.client,
            transport: transport,
            random: RandomOctets.make(48),
            sha256: { Array(SHA256.hash(data: $0)) }
        )
        guard let url = code.url else {
            throw Failure(
                .badConfiguration,
                "delivery.relay.oauth has neither deviceEndpoint nor authorizationEndpoint"
            )
        }
        Terminal.message("Open this and allow access:\n\n  \(url)\n")
        Terminal.message(
            "The browser then ends at \(CodeAuthorization.redirectURI)/?…, which may show an error. Paste that address here:"
        )
        guard let address = readLine(strippingNewline: true), !address.isEmpty else {
            throw Failure(.usage, "no address was given")
        }
        return try await code.redeem(address)
    }
}
