internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import SMTP
internal import SMTPServer
internal import Synchronization

/// Sending without AUTH, where the address stands for it.
extension SubmissionResponder {
    /// Asked for each message, so that whatever ended since the last one counts.
    ///
    /// - Returns: nil to go on, else the answer.
    func authorizeByAddress(for sender: ReversePath) async -> SessionAnswer? {
        if let account = self.service.device?.account { return await self.authorizeDevice(as: account, for: sender) }
        guard let permits = self.service.permits, let address = self.peer.address,
            let permit = permits.permit(at: address)
        else { return .refused(.authenticationRequired) }
        let generation = self.service.authenticator.generation
        do {
            let current = try await self.service.authenticator.current(permit.account, credential: permit.credential)
            guard let (account, credential) = current else {
                permits.close(for: permit.account.address, at: address)
                self.service.logger.notice(
                    "may not send without AUTH any more: the account was changed",
                    metadata: ["account": "\(permit.account.address)", "ip": "\(address)"]
                )
                return .refused(.authenticationRequired)
            }
            self.state.withLock { state in
                state.account = credential.map { account.limited(by: $0.rules) } ?? account
                state.credential = credential
                state.basis = .popBeforeSMTP
                state.generation = generation
            }
            return nil
        } catch {
            self.service.logger.error(
                "account could not be read",
                metadata: ["account": "\(permit.account.address)", "error": "\(error)"]
            )
            return .refused(.localError)
        }
    }

    private func authorizeDevice(as name: String, for sender: ReversePath) async -> SessionAnswer? {
        let generation = self.service.authenticator.generation
        do {
            guard let account = try await self.service.authenticator.account(name) else {
                let reply = Reply.deviceAccountMissing
                self.recordSending(
                    SendingContent(reversePath: sender),
                    account: name,
                    verdict: .refused(rule: "device-account"),
                    reply: reply.codes
                )
                return .refused(reply)
            }
            self.state.withLock { state in
                state.account = account
                state.credential = nil
                state.basis = .device
                state.generation = generation
            }
            return nil
        } catch {
            self.service.logger.error(
                "account could not be read",
                metadata: ["account": "\(name)", "error": "\(error)"]
            )
            return .refused(.localError)
        }
    }

    /// Whose messages are counted together: one device's, as far as its address tells.
    var deviceKey: DeviceRates.Device {
        DeviceRates.Device(listener: self.peer.listener, address: self.peer.address?.unmapped)
    }
}
