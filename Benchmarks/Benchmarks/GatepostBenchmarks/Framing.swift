import Benchmark
import SMTP

/// A megabyte of mail data: base64 lines as of an attachment, or short lines of text that begin with a dot.
private func mailData(line: String) -> [UInt8] {
    let line = Array("\(line)\r\n".utf8)
    return Array(repeatElement(line, count: 1_048_576 / line.count).joined()) + Array(".\r\n".utf8)
}

func framingBenchmarks() {
    let megabytes: [(String, [UInt8])] = [
        ("base64 lines", mailData(line: String(repeating: "QUJD", count: 19))),
        ("text lines", mailData(line: "The quick brown fox jumps over the lazy dog.")),
        ("dotted short lines", mailData(line: "..x")),
    ]
    for (name, data) in megabytes {
        // As many octets as a read brings.
        let parts = stride(from: 0, to: data.count, by: 65_536).map { $0..<min($0 + 65_536, data.count) }
        Benchmark("Framing: 1 MiB of mail data, \(name)", configuration: .init(scalingFactor: .one)) { benchmark in
            var kept: [Range<Int>] = []
            for _ in benchmark.scaledIterations {
                var decoder = DataDecoder(framing: .dotTerminated)
                data.withUnsafeBytes { octets in
                    for part in parts {
                        kept.removeAll(keepingCapacity: true)
                        blackHole(decoder.decode(UnsafeRawBufferPointer(rebasing: octets[part]), kept: &kept))
                    }
                }
            }
        }
    }

    let commands = Array(repeatElement(Array("RCPT TO:<somebody@example.org>\r\n".utf8), count: 100).joined())
    Benchmark("Framing: 100 pipelined command lines", configuration: .init(scalingFactor: .one)) { benchmark in
        for _ in benchmark.scaledIterations {
            var decoder = LineDecoder(maximumLineOctets: 12_286)
            commands.withUnsafeBytes { octets in
                var rest = octets[...]
                while case .line(let length) = decoder.next(in: UnsafeRawBufferPointer(rebasing: rest)) {
                    rest = rest.dropFirst(length + 2)
                }
                blackHole(rest.count)
            }
        }
    }
}
