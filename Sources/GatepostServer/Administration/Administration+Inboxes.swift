internal import GatepostModel
internal import MailSyntax

extension Administration {
    func answerAboutInboxes(_ request: AdministrationRequest) async throws -> AdministrationResponse {
        switch request {
        case .listInbox(let name, let limit):
            let account = try await self.account(name)
            let messages = try await self.inboxes.inbox(account: account, limit: Administration.page(limit))
            return .inbox(messages.map { InboxReport($0) })
        case .showInbox(let text):
            let message = try await self.message(text)
            guard let content = try await self.queue.content(of: message.identifier) else { throw self.gone(text) }
            return .inboxMessage(InboxReport(message), self.report(content))
        case .waitForInbox(let wait):
            let message = try await self.inboxes.waitForInboxMessage(
                account: try await self.account(wait.account),
                subject: wait.subject,
                after: try wait.after.map { try self.identifier($0) },
                timeout: .milliseconds(min(max(wait.timeoutMilliseconds, 0), 86_400_000))
            )
            return message.map { .inbox([InboxReport($0)]) } ?? .nothing
        case .clearInbox(let name):
            let count = try await self.inboxes.clearInbox(account: try await self.account(name))
            return .done("\(count) messages removed")
        default:
            throw AdministrationFailure(.invalid, "not a request about inboxes")
        }
    }

    private func account(_ name: String?) async throws -> String? {
        guard let name else { return nil }
        return try await self.canonicalAddress(name)
    }

    /// `latest` is the newest message of all.
    private func message(_ text: String) async throws -> InboxMessage {
        if text == "latest" {
            guard let newest = try await self.inboxes.inbox(account: nil, limit: 1).first else {
                throw AdministrationFailure(.notFound, "the inboxes are empty")
            }
            return newest
        }
        guard let message = try await self.inboxes.inboxMessage(try self.identifier(text)) else {
            throw self.gone(text)
        }
        return message
    }

    private func gone(_ text: String) -> AdministrationFailure {
        AdministrationFailure(
            .notFound,
            "there is no message \(text) in an inbox",
            hint: "gatepost inbox list shows them."
        )
    }

    private func report(_ content: MessageContent) -> ContentReport {
        switch content {
        case .inline(let octets): .base64(String(decoding: Base64.encode(octets), as: UTF8.self))
        case .file(let name, _, let front):
            .file(
                path: "\(self.spool)/\(name)",
                front: front.isEmpty ? nil : String(decoding: Base64.encode(front), as: UTF8.self)
            )
        }
    }
}
