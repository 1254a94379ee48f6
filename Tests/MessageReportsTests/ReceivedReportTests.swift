import MailSyntax
import Testing

@testable import MessageReports

@Suite("Reports out of messages, archives and files")
struct ReceivedReportTests {
    private static let xml = Array(Samples.aggregate.utf8)
    private static let gzip = Compression.gzip(xml)

    private static func raw(_ octets: [UInt8]) -> [UInt8] {
        // The middle of a gzip file is the stream without a frame.
        Array(Compression.gzip(octets).dropFirst(10).dropLast(8))
    }

    private static func zip(_ octets: [UInt8], name: String = "r.xml") -> [UInt8] {
        Samples.zip(
            name: name,
            data: raw(octets),
            method: 8,
            size: octets.count,
            checksum: Compression.checksum(octets)
        )
    }

    private static func lines(_ octets: [UInt8]) -> String {
        let text = Base64.encode(octets)
        return stride(from: 0, to: text.count, by: 76).map {
            String(decoding: text[$0..<min(text.count, $0 + 76)], as: UTF8.self)
        }.joined(separator: "\r\n")
    }

    private func organization(_ octets: [UInt8]) throws -> String {
        switch try ReceivedReport.find(in: octets).report {
        case .aggregate(let report): report.metadata.organization
        case .tls(let report): report.organization
        }
    }

    private func code(_ octets: [UInt8], _ limits: ReportLimits = ReportLimits()) -> ReportError.Code? {
        do {
            _ = try ReceivedReport.find(in: octets, limits: limits)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("a document, a gzip file and a zip file")
    func files() throws {
        #expect(try self.organization(Self.xml) == "Receiver & Sons")
        #expect(try self.organization(Self.gzip) == "Receiver & Sons")
        #expect(try self.organization(Self.zip(Self.xml)) == "Receiver & Sons")
        let stored = Samples.zip(
            name: "r.xml",
            data: Self.xml,
            method: 0,
            size: Self.xml.count,
            checksum: Compression.checksum(Self.xml)
        )
        #expect(try self.organization(stored) == "Receiver & Sons")
        #expect(try self.organization(Array(Samples.tls.utf8)) == "Sender Inc")
        #expect(try self.organization(Compression.gzip(Array(Samples.tls.utf8))) == "Sender Inc")
        #expect(try ReceivedReport.find(in: Self.gzip).document == Self.xml)
    }

    @Test("messages, whatever they call the part")
    func messages() throws {
        let gzip = Self.lines(Self.gzip)
        let named = [
            Samples.message(type: "application/gzip", name: "a!b!1!2.xml.gz", body: gzip),
            Samples.message(type: "application/octet-stream; name*=utf-8''r.xml.gz", body: gzip),
            Samples.message(type: "application/zip", name: "r.zip", body: Self.lines(Self.zip(Self.xml))),
            Samples.message(type: "text/plain", name: "R.XML", body: Self.lines(Self.xml)),
            Samples.message(type: "text/xml", encoding: "8bit", body: Samples.aggregate),
            Samples.message(
                type: "text/xml",
                encoding: "Quoted-Printable",
                body: Samples.aggregate.split(separator: "=").joined(separator: "=3D").split(separator: ">")
                    .joined(separator: ">=\r\n") + ">"
            ),
            Array("Content-Type: application/gzip\r\nContent-Transfer-Encoding: BASE64\r\n\r\n\(gzip)\r\n".utf8),
            Array("Content-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n\(gzip)\n".utf8.map { $0 }),
        ]
        for message in named.prefix(7) { #expect(try self.organization(message) == "Receiver & Sons") }
        let tls = Samples.message(
            type: "application/tlsrpt+gzip",
            body: Self.lines(Compression.gzip(Array(Samples.tls.utf8)))
        )
        #expect(try self.organization(tls) == "Sender Inc")
        let inner = Samples.message(type: "application/gzip", body: gzip)
        let forwarded =
            Array("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n".utf8)
            + inner + Array("\r\n--x--\r\n".utf8)
        #expect(try self.organization(forwarded) == "Receiver & Sons")
    }

    @Test("a message without a report says so, and one with a bad report says what is bad")
    func none() {
        #expect(self.code(Array("Subject: hello\r\n\r\n<feedback>".utf8)) == .noReport)
        #expect(self.code(Samples.message(type: "text/plain", encoding: "7bit", body: "hello")) == .noReport)
        #expect(self.code(Samples.message(type: "application/gzip", body: "H4sIAAAAAAAA")) == .malformed)
        #expect(self.code([]) == .noReport)
    }

    @Test("parts without end or without number are refused")
    func parts() {
        var message: [UInt8] = []
        for depth in 0..<20 {
            message += Array("Content-Type: multipart/mixed; boundary=b\(depth)\r\n\r\n--b\(depth)\r\n".utf8)
        }
        #expect(self.code(message) == .tooLarge)
        let many = Samples.message(
            type: "text/plain",
            encoding: "7bit",
            body: "",
            before: String(repeating: "--b\r\n\r\n", count: 1_000)
        )
        #expect(self.code(many) == .tooLarge)
    }

    @Test("what unfolds too far is refused before it is there")
    func bombs() {
        let zeros = [UInt8](repeating: 0x20, count: 20 << 20)
        let bomb = Compression.gzip(zeros)
        #expect(bomb.count < 100_000)
        #expect(self.code(bomb) == .tooLarge)
        #expect(self.code(Self.zip(zeros)) == .tooLarge)
        var limits = ReportLimits()
        limits.maximumOctets = 1_000
        #expect(self.code(Self.gzip, limits) == .tooLarge)
        limits = ReportLimits()
        limits.maximumMessageOctets = 10
        #expect(self.code(Self.xml, limits) == .tooLarge)
        // Many members, each small.
        limits = ReportLimits()
        limits.maximumOctets = 100_000
        let member = Compression.gzip([UInt8](repeating: 0x20, count: 1_000))
        #expect(self.code(Array(repeatElement(member, count: 200).joined()), limits) == .tooLarge)
    }

    @Test("archives in archives are not opened")
    func nested() {
        #expect(self.code(Compression.gzip(Self.gzip)) == .noReport)
        #expect(self.code(Self.zip(Self.zip(Self.xml), name: "r.zip")) == .noReport)
        #expect(self.code(Self.zip(Self.gzip, name: "r.xml.gz")) == .noReport)
    }

    @Test("an archive that lies about itself is refused")
    func lies() {
        let raw = Self.raw(Self.xml)
        let sum = Compression.checksum(Self.xml)
        func archive(_ size: Int, _ sum: UInt32, method: UInt16 = 8, flags: UInt16 = 0, offset: UInt32 = 0) -> [UInt8] {
            Samples.zip(
                name: "r.xml",
                data: raw,
                method: method,
                size: size,
                checksum: sum,
                flags: flags,
                offset: offset
            )
        }
        #expect(self.code(archive(Self.xml.count, sum)) == nil)
        #expect(self.code(archive(Self.xml.count - 1, sum)) == .malformed)
        #expect(self.code(archive(Self.xml.count + 1, sum)) == .malformed)
        #expect(self.code(archive(0xFFFF_FFFF, sum)) == .tooLarge)
        #expect(self.code(archive(Self.xml.count, sum ^ 1)) == .malformed)
        #expect(self.code(archive(Self.xml.count, sum, method: 12)) == .unsupported)
        #expect(self.code(archive(Self.xml.count, sum, flags: 1)) == .unsupported)
        #expect(self.code(archive(Self.xml.count, sum, offset: 0xFFFF_FFFF)) == .malformed)
        #expect(self.code(archive(Self.xml.count, sum, offset: 7)) == .malformed)
    }

    @Test("cut-off files are refused at every length")
    func truncated() {
        let zip = Self.zip(Self.xml)
        for count in 0..<(Self.gzip.count - 1) { #expect(self.code(Array(Self.gzip[..<count])) != nil) }
        for count in 0..<(zip.count - 1) { #expect(self.code(Array(zip[..<count])) != nil) }
        for index in zip.indices {
            var changed = zip
            changed[index] ^= 0xFF
            // Whatever it says, it says it and does not trap.
            _ = self.code(changed)
        }
    }
}
