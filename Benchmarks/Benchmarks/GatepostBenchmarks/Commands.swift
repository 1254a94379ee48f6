import Benchmark
import SMTP

func commandBenchmarks() {
    let lines = [
        "EHLO client.example.org",
        "MAIL FROM:<alice@example.org>",
        "MAIL FROM:<alice@example.org> SIZE=10240 BODY=8BITMIME RET=HDRS ENVID=QQ314159",
        "RCPT TO:<bob@example.net>",
        "RCPT TO:<bob@example.net> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bob@Example.NET",
        "DATA",
    ]
    for line in lines {
        let octets = Array(line.utf8)
        Benchmark("Command: \(line)") { benchmark in
            for _ in benchmark.scaledIterations { blackHole(try Command(parsing: octets)) }
        }
    }

    let reply = Reply(250, EnhancedStatusCode(2, 1, 5), "Recipient ok")
    var output: [UInt8] = []
    Benchmark("Reply: encode one line") { benchmark in
        for _ in benchmark.scaledIterations {
            output.removeAll(keepingCapacity: true)
            reply.encode(into: &output)
            blackHole(output.count)
        }
    }
}
