/// What a directory said to a bind: the result code, and what a password policy adds.
package struct LDAPBindResult: Sendable, Hashable {
    /// Of draft-behera-ldap-password-policy §6.2, as far as a login is about it.
    package enum PolicyError: UInt32, Sendable {
        case passwordExpired = 0
        case accountLocked = 1
        case changeAfterReset = 2
    }

    package var code: Int32
    /// The directory's words.
    package var diagnostic: String
    package var policyError: PolicyError?

    package init(code: Int32, diagnostic: String = "", policyError: PolicyError? = nil) {
        self.code = code
        self.diagnostic = diagnostic
        self.policyError = policyError
    }

    /// nil where the directory did not judge the password.
    package var verdict: PasswordVerdict? {
        switch self.code {
        case LDAPBindResult.success:
            // The password was right, but everything other than changing it is refused.
            return self.policyError == .changeAfterReset ? .expired : .accepted
        case LDAPBindResult.invalidCredentials:
            switch self.policyError {
            case .passwordExpired, .changeAfterReset: return .expired
            case .accountLocked: return .disabled
            case nil: return self.activeDirectoryVerdict ?? .wrong
            }
        case LDAPBindResult.noSuchObject, LDAPBindResult.invalidNameSyntax: return .unknown
        case LDAPBindResult.inappropriateAuthentication: return .wrong
        // 389 Directory Server: account inactivated; too many wrong passwords.
        case LDAPBindResult.unwillingToPerform, LDAPBindResult.constraintViolation: return .disabled
        default: return nil
        }
    }

    /// Active Directory says `80090308: LdapErr: …, data 532, v4563` where others have a password policy control. Of these codes only
    /// 532 and 773 mean that the password was right.
    private var activeDirectoryVerdict: PasswordVerdict? {
        guard let start = self.diagnostic.firstRange(of: ", data ")?.upperBound else { return nil }
        switch self.diagnostic[start...].prefix(while: { $0 != "," }) {
        case "525": return .unknown
        case "532", "773": return .expired
        case "530", "531", "533", "701", "775": return .disabled
        default: return nil
        }
    }

    // RFC 4511 appendix A.
    static let success: Int32 = 0
    static let sizeLimitExceeded: Int32 = 4
    static let constraintViolation: Int32 = 19
    static let noSuchObject: Int32 = 32
    static let invalidNameSyntax: Int32 = 34
    static let inappropriateAuthentication: Int32 = 48
    static let invalidCredentials: Int32 = 49
    static let unwillingToPerform: Int32 = 53
}
