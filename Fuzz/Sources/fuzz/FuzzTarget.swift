internal import SASL

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// What is fuzzed, by name. `GATEPOST_FUZZ_TARGET` chooses.
enum FuzzTarget: String, CaseIterable {
    case command
    case reply
    case data
    case dialog
    case plain
    case login
    case cramMD5 = "cram-md5"
    case scram
    case scramPlus = "scram-plus"
    case digestMD5 = "digest-md5"
    case ntlm
    case external
    case bearer
    case gssapi
    case saslprep
    case scramClient = "scram-client"
    case clientMechanism = "client-mechanism"
    case clientLogin = "client-login"
    case header
    case addresses
    case mailbox
    case encodings
    case proxy
    case dovecotClient = "dovecot-client"
    case dovecotServer = "dovecot-server"
    case dovecotLine = "dovecot-line"
    case saslauthd
    case milter
    case spf
    case dmarc
    case authenticationResults = "authentication-results"
    case senderRewriting = "sender-rewriting"
    case dkimSignature = "dkim-signature"
    case dkimKey = "dkim-key"
    case dkimCanonicalization = "dkim-canonicalization"
    case dkimMessage = "dkim-message"
    case report
    case reportDocument = "report-document"

    static let chosen: FuzzTarget = {
        let name = getenv("GATEPOST_FUZZ_TARGET").map { String(cString: $0) } ?? ""
        guard let target = FuzzTarget(rawValue: name) else {
            let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " ")
            preconditionFailure("GATEPOST_FUZZ_TARGET is one of: \(names)")
        }
        return target
    }()

    func run(_ input: [UInt8]) {
        switch self {
        case .command: fuzzCommand(input)
        case .reply: fuzzReply(input)
        case .data: fuzzData(input)
        case .dialog: fuzzDialog(input)
        case .plain: fuzzServerMechanism([.plain], input)
        case .login: fuzzServerMechanism([.login], input)
        case .cramMD5: fuzzServerMechanism([.cramMD5], input)
        case .scram: fuzzServerMechanism([.scramSHA256, .scramSHA1, .scramSHA512], input)
        case .scramPlus: fuzzServerMechanism([.scramSHA256Plus, .scramSHA1Plus, .scramSHA512Plus], input)
        case .digestMD5: fuzzServerMechanism([.digestMD5], input)
        case .ntlm: fuzzServerMechanism([.ntlm], input)
        case .external: fuzzServerMechanism([.external], input)
        case .bearer: fuzzServerMechanism([.oauthBearer, .xoauth2], input)
        case .gssapi: fuzzServerMechanism([.gssapi], input)
        case .saslprep: fuzzSASLprep(input)
        case .scramClient: fuzzClientMechanism(.scramSHA256, input)
        case .clientMechanism: fuzzAnyClientMechanism(input)
        case .clientLogin: fuzzClientLogin(input)
        case .header: fuzzHeader(input)
        case .addresses: fuzzAddresses(input)
        case .mailbox: fuzzMailbox(input)
        case .encodings: fuzzEncodings(input)
        case .proxy: fuzzProxy(input)
        case .dovecotClient: fuzzDovecotClient(input)
        case .dovecotServer: fuzzDovecotServer(input)
        case .dovecotLine: fuzzDovecotLine(input)
        case .saslauthd: fuzzSaslauthd(input)
        case .milter: fuzzMilter(input)
        case .spf: fuzzSPF(input)
        case .dmarc: fuzzDMARC(input)
        case .authenticationResults: fuzzAuthenticationResults(input)
        case .senderRewriting: fuzzSenderRewriting(input)
        case .dkimSignature: fuzzSignature(input)
        case .dkimKey: fuzzKeyRecord(input)
        case .dkimCanonicalization: fuzzCanonicalization(input)
        case .dkimMessage: fuzzSignedMessage(input)
        case .report: fuzzReport(input)
        case .reportDocument: fuzzReportDocument(input)
        }
    }
}

/// libFuzzer's entry: called with each input it makes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzTarget.chosen.run(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// An oracle's verdict: stops the run with a sentence.
func check(_ isTrue: Bool, _ message: @autoclosure () -> String) {
    guard isTrue else { preconditionFailure(message()) }
}
