import Benchmark
import DNS
import MailSyntax
import MessageAuthentication

func dkimBenchmarks() {
    // The key of RFC 8463 appendix A: Ed25519 costs little, so that the message shows.
    let seed = Base64.decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=") ?? []
    guard let key = try? DKIM.SigningKey(ed25519Seed: seed), let name = DNSName("s._domainkey.example.org") else {
        return
    }
    let signer = DKIM.Signer(domain: "example.org", selector: "s", key: key)
    var zone = Zone()
    zone.add(.txt(TXTRecord(strings: [Array(key.keyRecord.description.utf8)])), at: name)
    let resolver = zone
    let header = Array("From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nSubject: x\r\n\r\n".utf8)
    let line = Array("The quick brown fox jumps over the lazy dog, and runs on to the end of it.\r\n".utf8)

    for (size, octets) in [("4 KiB", 4096), ("10 MiB", 10_485_760)] {
        let chunk = Array(repeatElement(line, count: min(octets, 65_536) / line.count).joined())
        let count = max(1, octets / chunk.count)
        @Sendable func sign() throws -> [UInt8] {
            var signing = MessageSigner([signer], secondsSince1970: 1_800_000_000)
            signing.receive(header)
            for _ in 0..<count { signing.receive(chunk) }
            return try signing.finish().fields.flatMap { $0.octets }
        }
        Benchmark("DKIM: sign \(size), Ed25519", configuration: .init(scalingFactor: .one)) { benchmark in
            for _ in benchmark.scaledIterations { blackHole(try sign()) }
        }
        Benchmark("DKIM: verify \(size), Ed25519", configuration: .init(scalingFactor: .one)) { benchmark in
            let signature = try sign()
            benchmark.startMeasurement()
            for _ in benchmark.scaledIterations {
                var verifier = MessageVerifier()
                verifier.receive(signature)
                verifier.receive(header)
                for _ in 0..<count { verifier.receive(chunk) }
                blackHole(await verifier.finish(resolver: resolver, secondsSince1970: 1_800_000_000))
            }
        }
    }
}
