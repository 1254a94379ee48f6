#if PAM
import GatepostModel
import GatepostServer
import Glibc
import SASL
import Testing

/// The real libpam and modules of this machine, with a service that only these tests know.
@Suite(
    "PAM",
    .enabled(if: access("/lib/x86_64-linux-gnu/security/pam_exec.so", R_OK) == 0, "pam_exec is not installed")
)
struct PAMPasswordCheckerTests {
    /// Says yes to one user with one password, and notes what it was told.
    private static let script = """
        #!/bin/sh
        read -r password
        printf '%s from %s at %s\\n' "$PAM_USER" "$PAM_RHOST" "$PAM_SERVICE" >> "$(dirname "$0")/asked"
        [ "$PAM_USER" = "$(cat "$(dirname "$0")/user")" ] && [ "$password" = "right one" ]

        """

    private func verdict(
        service: String,
        name: Configuration.PasswordChecker.LoginName = .localPart,
        user: String = "alice",
        localPart: String = "alice",
        password: String = "right one",
        timeout: Duration = .seconds(30)
    ) async throws -> (verdict: PasswordVerdict, asked: String) {
        let folder = try TemporaryDirectory()
        try folder.write("check", PAMPasswordCheckerTests.script, mode: 0o700)
        try folder.write("user", user)
        try folder.write("asked", "")
        try folder.write("gatepost-test", service.replacing("SCRIPT", with: "\(folder.path)/check"), mode: 0o644)
        let checker = try PAMPasswordChecker(
            Configuration.PAM(service: "gatepost-test", directory: folder.path, name: name),
            timeout: timeout
        )
        let result: Result<PasswordVerdict, any Error>
        do {
            result = .success(
                try await checker.verdict(
                    on: PasswordLogin(
                        localPart: localPart,
                        domain: "example.org",
                        password: Secret(password),
                        peer: LoginPeer(address: "192.0.2.7", isTLS: true)
                    )
                )
            )
        } catch {
            result = .failure(error)
        }
        try await checker.shutdown()
        let asked = String(decoding: try LocalFile.read("\(folder.path)/asked"), as: UTF8.self)
        return (try result.get(), asked)
    }

    private static let exec = """
        auth sufficient pam_exec.so expose_authtok quiet SCRIPT
        auth required pam_deny.so
        account required pam_permit.so

        """

    @Test("the right password is accepted, and the modules are told from where and for what")
    func right() async throws {
        let (verdict, asked) = try await self.verdict(service: Self.exec)
        #expect(verdict == .accepted)
        #expect(asked == "alice from 192.0.2.7 at gatepost-test\n")
    }

    @Test("the whole address, where the store calls people so")
    func wholeAddress() async throws {
        let (verdict, _) = try await self.verdict(service: Self.exec, name: .address, user: "alice@example.org")
        #expect(verdict == .accepted)
    }

    @Test(
        "another password is wrong",
        arguments: ["wrong one", "right one ", "right on", "x", String(repeating: "x", count: 500)]
    )
    func wrong(password: String) async throws {
        #expect(try await self.verdict(service: Self.exec, password: password).verdict == .wrong)
    }

    @Test(
        "names that a module could take for something else are nobody's",
        arguments: ["-x", "a:b", "../alice", "a b", "a\nb", "a/b", ""]
    )
    func strangeNames(localPart: String) async throws {
        let (verdict, asked) = try await self.verdict(service: Self.exec, user: localPart, localPart: localPart)
        #expect(verdict == .unknown)
        #expect(asked.isEmpty)
    }

    @Test("a user of this machine with another password: pam_unix says wrong, and does not make us wait for it")
    func unix() async throws {
        let service = "auth required pam_unix.so\naccount required pam_unix.so\n"
        #expect(try await self.verdict(service: service, localPart: "root").verdict == .wrong)
        let nobody = try await self.verdict(service: service, localPart: "no-such-user-here").verdict
        #expect(nobody == .unknown || nobody == .wrong)
    }

    @Test("right, but the account may not log in now")
    func accountRefused() async throws {
        let service = Self.exec.replacing("account required pam_permit.so", with: "account required pam_deny.so")
        #expect(try await self.verdict(service: service).verdict == .disabled)
    }

    @Test(
        "right, but the password has expired",
        arguments: ["new_authtok_reqd", "authtok_expired"]
    )
    func expired(code: String) async throws {
        let service = Self.exec.replacing(
            "account required pam_permit.so",
            with: "account required pam_debug.so acct=\(code)"
        )
        #expect(try await self.verdict(service: service).verdict == .expired)
    }

    @Test(
        "trouble of a module is no verdict",
        arguments: [
            "auth required pam_debug.so auth=authinfo_unavail", "auth required pam_debug.so auth=system_err",
            "auth required pam_no_such_module.so", "",
        ]
    )
    func trouble(service: String) async throws {
        await #expect(throws: PasswordCheckerUnreachable.self) {
            try await self.verdict(service: service + "\naccount required pam_permit.so\n")
        }
    }

    @Test("a stack that lets everybody in without a password is taken for a mistake")
    func permit() async throws {
        await #expect(throws: PasswordCheckerUnreachable.self) {
            try await self.verdict(service: "auth required pam_permit.so\naccount required pam_permit.so\n")
        }
    }

    @Test("a stack that asks twice gets the password twice")
    func twice() async throws {
        let service = """
            auth optional pam_exec.so expose_authtok quiet SCRIPT
            \(Self.exec)
            """
        #expect(try await self.verdict(service: service).verdict == .accepted)
    }

    @Test("a module that does not return is given up, and is no verdict")
    func blocked() async throws {
        let service = "auth required pam_exec.so /bin/sleep 3\naccount required pam_permit.so\n"
        await #expect(throws: PasswordCheckerUnreachable("pam gatepost-test", "no answer within 1.0 seconds")) {
            try await self.verdict(service: service, timeout: .seconds(1))
        }
    }
}
#endif
