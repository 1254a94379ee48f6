import OAuthClient
import SASL
import Synchronization

/// A token endpoint that answers from a list, and keeps what it was asked.
final class ScriptedEndpoint: TokenEndpointTransport {
    enum Answer: Sendable {
        case json(Int, String)
        case failure(String)
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let state: Mutex<(answers: [Answer], asked: [(url: String, form: String)])>

    init(_ answers: [Answer]) {
        self.state = Mutex((answers, []))
    }

    convenience init(_ json: String...) {
        self.init(json.map { .json(200, $0) })
    }

    var asked: [(url: String, form: String)] { self.state.withLock { $0.asked } }

    func post(_ form: [UInt8], to url: String) async throws -> TokenEndpointResponse {
        let answer = self.state.withLock { state -> Answer? in
            state.asked.append((url, String(decoding: form, as: UTF8.self)))
            return state.answers.isEmpty ? nil : state.answers.removeFirst()
        }
        switch answer {
        case .json(let status, let text): return TokenEndpointResponse(status: status, body: Array(text.utf8))
        case .failure(let why): throw Failure(description: why)
        case nil: throw Failure(description: "nothing left to answer")
        }
    }
}

/// A place for a refresh token that can be made to fail.
final class MemoryTokenStore: RefreshTokenStore {
    struct Full: Error {}

    private let state: Mutex<(token: String?, isFull: Bool)>

    init(_ token: String?) {
        self.state = Mutex((token, false))
    }

    var token: String? { self.state.withLock { $0.token } }
    var isFull: Bool {
        get { self.state.withLock { $0.isFull } }
        set { self.state.withLock { $0.isFull = newValue } }
    }

    func load() async throws -> Secret? { self.token.map { Secret($0) } }

    func save(_ token: Secret) async throws {
        try self.state.withLock { state in
            if state.isFull { throw Full() }
            state.token = String(decoding: token.octets, as: UTF8.self)
        }
    }
}

/// Time that a test sets.
final class Seconds: Sendable {
    private let value = Mutex(1_000_000)

    var now: Int {
        get { self.value.withLock { $0 } }
        set { self.value.withLock { $0 = newValue } }
    }
}

extension AuthorizationServer {
    static let test = AuthorizationServer(
        tokenEndpoint: "https://login.test/token",
        deviceAuthorizationEndpoint: "https://login.test/device",
        authorizationEndpoint: "https://login.test/authorize",
        scope: "mail offline_access",
        applicationScope: "mail/.default"
    )
}

extension OAuthClient {
    static let test = OAuthClient(identifier: "gatepost & co", secret: Secret("s+cret"))
}

extension AccessToken {
    var text: String { String(decoding: self.secret.octets, as: UTF8.self) }
}

/// A grant that answers when the test says so.
actor HeldGrant: TokenGrant {
    private var pending: CheckedContinuation<String, Never>?
    private var waiter: CheckedContinuation<Void, Never>?

    func request() async throws(AccessTokenError) -> TokenGrantResult {
        let text = await withCheckedContinuation { continuation in
            self.pending = continuation
            self.waiter?.resume()
            self.waiter = nil
        }
        return TokenGrantResult(accessToken: AccessToken(Secret(text)))
    }

    /// Returns once somebody waits for an answer.
    func isAsked() async {
        guard self.pending == nil else { return }
        await withCheckedContinuation { self.waiter = $0 }
    }

    func answer(_ text: String) {
        self.pending?.resume(returning: text)
        self.pending = nil
    }
}
