import Synchronization

@testable import GatepostServer

/// Answers by URL, and remembers what was asked.
final class HTTPDouble: HTTPFetcher {
    struct Unreachable: Error, CustomStringConvertible {
        var description: String { "connection refused" }
    }

    private struct State {
        var answers: [String: HTTPFetchResponse] = [:]
        var requests: [HTTPFetchRequest] = []
    }

    private let state = Mutex(State())

    /// A URL without an answer cannot be reached.
    func set(_ url: String, status: Int = 200, _ body: String?) {
        self.state.withLock { state in
            state.answers[url] = body.map { HTTPFetchResponse(status: status, body: Array($0.utf8)) }
        }
    }

    var requests: [HTTPFetchRequest] { self.state.withLock { $0.requests } }

    func count(_ url: String) -> Int { self.requests.filter { $0.endpoint.description == url }.count }

    func fetch(_ request: HTTPFetchRequest) async throws -> HTTPFetchResponse {
        let answer = self.state.withLock { state in
            state.requests.append(request)
            return state.answers[request.endpoint.description]
        }
        guard let answer else { throw Unreachable() }
        return answer
    }
}
