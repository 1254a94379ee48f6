#if PAM
internal import CPAM
package import GatepostModel
internal import SASL

/// Asks this host's Pluggable Authentication Modules.
///
/// Modules block, fork and read files, so each question has a thread of its own for as long as it takes. A module that never returns
/// keeps its thread; when all are kept, logins get `454`.
package struct PAMPasswordChecker: PasswordChecker {
    private static let threads = 4
    private static let queue = 64

    package let name: String
    private let configuration: Configuration.PAM
    private let timeout: Duration
    private let library: PAMLibrary
    private let pool: HashingPool

    /// - Throws: `SharedLibrary.Missing` where libpam is not installed.
    package init(_ configuration: Configuration.PAM, timeout: Duration) throws {
        self.name = "pam \(configuration.service)"
        self.configuration = configuration
        self.timeout = timeout
        self.library = try PAMLibrary()
        self.pool = HashingPool(threads: PAMPasswordChecker.threads, queue: PAMPasswordChecker.queue)
    }

    package func verdict(on login: PasswordLogin) async throws -> PasswordVerdict {
        let user =
            switch self.configuration.name {
            case .localPart: login.localPart
            case .address: login.address
            }
        guard PAMPasswordChecker.isHarmless(user) else { return .unknown }
        let late = PasswordCheckerUnreachable(self.name, "no answer within \(self.timeout)")
        return try await Deadline.run(within: self.timeout, orThrow: late) {
            try await self.pool.run { try self.ask(user, login) }
        }
    }

    package func shutdown() async throws {
        try await self.pool.shutdown()
    }

    /// Modules pass names to programs as arguments and into files as fields.
    static func isHarmless(_ user: String) -> Bool {
        !user.isEmpty && user.utf8.count <= 256 && user.utf8.first != UInt8(ascii: "-")
            && user.utf8.allSatisfy { octet in
                octet > 0x20 && octet != 0x7f && octet != UInt8(ascii: ":") && octet != UInt8(ascii: "/")
            }
    }

    private func ask(_ user: String, _ login: PasswordLogin) throws -> PasswordVerdict {
        let conversation = PAMConversation(password: login.password)
        var callback = conversation.callback
        var handle: PAMLibrary.Handle?
        let started =
            if let directory = self.configuration.directory {
                self.library.startInDirectory(self.configuration.service, user, &callback, directory, &handle)
            } else {
                self.library.start(self.configuration.service, user, &callback, &handle)
            }
        guard started == PAM_SUCCESS, let handle else {
            throw PasswordCheckerUnreachable(self.name, "pam_start: error \(started)")
        }
        var status = started
        defer {
            _ = self.library.end(handle, status)
            // `pam_end` runs clean-up of modules, which may still ask.
            withExtendedLifetime(conversation) {}
        }
        self.describe(login.peer, to: handle)
        status = self.library.authenticate(handle, Int32(PAM_DISALLOW_NULL_AUTHTOK))
        if status == PAM_SUCCESS {
            // pam_rootok and pam_permit let everybody in: whoever writes them into this stack did not mean that.
            guard conversation.hasGivenPassword else {
                throw PasswordCheckerUnreachable(self.name, "the modules accept without asking for the password")
            }
            // Right is not yet allowed: expiry, hours and access rules are told here.
            status = self.library.accountManagement(handle, 0)
            return try self.verdict(ofAccount: status, handle)
        }
        if let question = conversation.strangeQuestion {
            throw PasswordCheckerUnreachable(self.name, "the modules ask for more than a password: \(question)")
        }
        return try self.verdict(ofPassword: status, handle)
    }

    private func describe(_ peer: LoginPeer, to handle: PAMLibrary.Handle) {
        if let address = peer.address { _ = self.library.setItem(handle, PAM_RHOST, address) }
        // Access modules refuse to work without one.
        _ = self.library.setItem(handle, PAM_TTY, "gatepost")
        // Modules ask for seconds of delay after a wrong password, which would keep the thread; this server has its own limits.
        let noDelay: @convention(c) (Int32, UInt32, UnsafeMutableRawPointer?) -> Void = { _, _, _ in }
        _ = self.library.setItem(handle, PAM_FAIL_DELAY, unsafeBitCast(noDelay, to: UnsafeRawPointer.self))
    }

    private func verdict(ofPassword status: Int32, _ handle: PAMLibrary.Handle) throws -> PasswordVerdict {
        switch status {
        case PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_MAXTRIES: return .wrong
        case PAM_USER_UNKNOWN: return .unknown
        case PAM_ACCT_EXPIRED: return .disabled
        // Modules say so only of one that was right: to libpam it counts as success.
        case PAM_NEW_AUTHTOK_REQD: return .expired
        default: throw self.unreachable("pam_authenticate", status, handle)
        }
    }

    private func verdict(ofAccount status: Int32, _ handle: PAMLibrary.Handle) throws -> PasswordVerdict {
        switch status {
        case PAM_SUCCESS: return .accepted
        case PAM_NEW_AUTHTOK_REQD, PAM_AUTHTOK_EXPIRED, PAM_CRED_EXPIRED: return .expired
        case PAM_ACCT_EXPIRED, PAM_PERM_DENIED, PAM_AUTH_ERR: return .disabled
        case PAM_USER_UNKNOWN: return .unknown
        default: throw self.unreachable("pam_acct_mgmt", status, handle)
        }
    }

    private func unreachable(
        _ step: String,
        _ status: Int32,
        _ handle: PAMLibrary.Handle
    ) -> PasswordCheckerUnreachable {
        let text = self.library.errorText(handle, status).map { String(cString: $0) } ?? "error \(status)"
        return PasswordCheckerUnreachable(self.name, "\(step): \(text)")
    }
}
#endif
