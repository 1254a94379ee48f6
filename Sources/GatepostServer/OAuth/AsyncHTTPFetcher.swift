internal import AsyncHTTPClient
internal import Logging
internal import NIOCore
internal import NIOHTTP1
package import NIOPosix

/// HTTP by async-http-client: HTTP/1.1, certificates verified, no redirections, nothing decompressed.
package final class AsyncHTTPFetcher: HTTPFetcher {
    private let client: HTTPClient

    package init(group: MultiThreadedEventLoopGroup = .singleton) {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.timeout = .init(connect: .seconds(5), read: .seconds(5), write: .seconds(5))
        configuration.connectionPool.idleTimeout = .seconds(30)
        // Someone is waiting to be logged in; whoever refuses the connection now is asked again soon enough.
        configuration.connectionPool.retryConnectionEstablishment = false
        self.client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    package func fetch(_ request: HTTPFetchRequest) async throws -> HTTPFetchResponse {
        try await withThrowingTaskGroup(of: HTTPFetchResponse.self) { tasks in
            tasks.addTask { try await self.exchange(request) }
            // The client's own deadline ends with the response's head; a body could drip in for ever.
            tasks.addTask {
                try await Task.sleep(for: request.timeout)
                throw HTTPFetchError.tookTooLong
            }
            defer { tasks.cancelAll() }
            guard let first = try await tasks.next() else { throw HTTPFetchError.tookTooLong }
            return first
        }
    }

    private func exchange(_ request: HTTPFetchRequest) async throws -> HTTPFetchResponse {
        var outgoing = HTTPClientRequest(url: request.endpoint.description)
        outgoing.headers.add(name: "Accept", value: "application/json")
        outgoing.headers.add(name: "User-Agent", value: "Gatepost")
        if let authorization = request.authorization {
            outgoing.headers.add(name: "Authorization", value: authorization)
        }
        if case .post(let form) = request.method {
            outgoing.method = .POST
            outgoing.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            outgoing.body = .bytes(ByteBuffer(bytes: form))
        }
        let limit = request.maximumOctets
        let response = try await self.client.execute(outgoing, timeout: .init(request.timeout))
        do {
            let body = try await response.body.collect(upTo: limit)
            return HTTPFetchResponse(status: Int(response.status.code), body: Array(body.readableBytesView))
        } catch is NIOTooManyBytesError {
            throw HTTPFetchError.tooLarge(limit: limit)
        }
    }

    /// Closes what is open; the fetcher is of no use afterwards.
    package func shutdown() async throws {
        try await self.client.shutdown()
    }
}
