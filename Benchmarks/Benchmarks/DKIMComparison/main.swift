import DNS
import Foundation
import MailSyntax
import MessageAuthentication

// How much DKIM a second of processor time buys; Benchmarks/dkim/run puts OpenDKIM beside it.
//
//   DKIMComparison KEY SECONDS     a line for each: sign or verify, size of the body in octets, messages per CPU second,
//                                  largest resident memory in KiB

/// Processor time of this process, seconds.
func processorTime() -> Double {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(
        usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
    ) / 1e6
}

func peakMemory() -> Int {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    return usage.ru_maxrss
}

/// The octets in chunks as they come from a spool: `total` of them, the same line again and again.
struct Body {
    var chunk: [UInt8]
    var count: Int

    init(octets total: Int) {
        let line = Array("The quick brown fox jumps over the lazy dog, and runs on to the end of it.\r\n".utf8)
        let lines = min(total, 65_536) / line.count
        self.chunk = Array(repeatElement(line, count: lines).joined())
        self.count = max(1, total / self.chunk.count)
    }
}

let arguments = CommandLine.arguments
guard arguments.count == 3, let seconds = Double(arguments[2]) else {
    print("DKIMComparison KEY SECONDS")
    exit(64)
}
let key = try DKIM.SigningKey(pem: String(contentsOfFile: arguments[1], encoding: .utf8))
let signer = DKIM.Signer(domain: "example.org", selector: "bench", key: key)
let now = Int64(Date().timeIntervalSince1970)
var zone = Zone()
let record = Array(key.keyRecord.description.utf8)
let strings = stride(from: 0, to: record.count, by: 255).map { Array(record[$0..<min($0 + 255, record.count)]) }
if let name = DNSName("bench._domainkey.example.org") { zone.add(.txt(TXTRecord(strings: strings)), at: name) }

let header = Array(
    """
    From: Ann <ann@example.org>\r
    To: bob@example.net, carol@example.net\r
    Subject: How much DKIM a second buys\r
    Date: Tue, 24 Nov 2026 06:45:00 +0000\r
    Message-ID: <20261124064500.1@example.org>\r
    MIME-Version: 1.0\r
    Content-Type: text/plain; charset=utf-8\r
    \r

    """.utf8
)

func sign(_ body: Body) throws -> [UInt8] {
    var signing = MessageSigner([signer], secondsSince1970: now)
    signing.receive(header)
    for _ in 0..<body.count { signing.receive(body.chunk) }
    return try signing.finish().fields.flatMap { $0.octets }
}

func verify(_ signature: [UInt8], _ body: Body) async -> Bool {
    var verifier = MessageVerifier()
    verifier.receive(signature)
    verifier.receive(header)
    for _ in 0..<body.count { verifier.receive(body.chunk) }
    return await verifier.finish(resolver: zone, secondsSince1970: now).dkim.result == .pass
}

for octets in [4096, 10_485_760, 104_857_600] {
    let body = Body(octets: octets)
    let signature = try sign(body)
    guard await verify(signature, body) else {
        print("a signature does not verify")
        exit(1)
    }
    for verb in ["sign", "verify"] {
        var count = 0
        let start = processorTime()
        var spent = 0.0
        while spent < seconds {
            for _ in 0..<(octets < 100_000 ? 50 : 1) {
                if verb == "sign" { _ = try sign(body) } else { _ = await verify(signature, body) }
                count += 1
            }
            spent = processorTime() - start
        }
        print("gatepost", verb, octets, (Double(count) / spent * 100).rounded() / 100, peakMemory())
    }
}
