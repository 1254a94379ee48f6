import Benchmark
import MailSyntax

func syntaxBenchmarks() {
    let address = Array("alice.liddell@mail.example.org".utf8)
    Benchmark("Syntax: parse a mailbox") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(try Mailbox(parsing: address)) }
    }

    let header = Array(
        """
        Received: from client.example ([192.0.2.1])\r
         by mail.example.org with ESMTPSA id 0123456789ABC;\r
         Tue, 24 Nov 2026 06:45:00 +0000\r
        From: Alice Liddell <alice@example.org>\r
        To: "Bob, the builder" <bob@example.net>, carol@example.net\r
        Subject: The quick brown fox\r
        Date: Tue, 24 Nov 2026 06:45:00 +0000\r
        Message-ID: <20261124064500.1@example.org>\r
        MIME-Version: 1.0\r
        Content-Type: text/plain; charset=utf-8\r
        \r

        """.utf8
    )
    Benchmark("Syntax: parse a header section of 9 fields") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(try HeaderSection(parsing: header)) }
    }

    let list = Array("\"Bob, the builder\" <bob@example.net>, carol@example.net, Group: dave@example.net;".utf8)
    Benchmark("Syntax: parse an address list of 3") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(try AddressList(parsing: list)) }
    }

    let octets = [UInt8](repeating: 0x5a, count: 1024)
    let text = Base64.encode(octets)
    Benchmark("Syntax: encode 1 KiB in base64") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(Base64.encode(octets)) }
    }
    Benchmark("Syntax: decode 1 KiB of base64") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(Base64.decode(text)) }
    }
}
