import Foundation
import MailSyntax
import Testing

@Suite(
    "Messages that others collected",
    .enabled(if: Vectors.hasShared("mime/mail-parser"), "shared vectors are absent")
)
struct MIMEVectorTests {
    static let messages = Vectors.files(below: Vectors.shared.appendingPathComponent("mime"), suffix: ".eml")

    /// The message with CRLF line ends, as the reference reading `.crlf.json` takes it.
    static func crlf(_ file: URL) throws -> [UInt8] {
        var octets: [UInt8] = []
        for octet in try Data(contentsOf: file) {
            if octet == ASCII.lf, octets.last != ASCII.cr { octets.append(ASCII.cr) }
            octets.append(octet)
        }
        return octets
    }

    @Test("are read without loss, with either line ending", arguments: Self.messages)
    func lossless(_ file: URL) throws {
        for octets in [try Self.crlf(file), Array(try Data(contentsOf: file))] {
            let section = try HeaderSection(parsing: octets)
            let end: [UInt8] = section.isTerminated ? [ASCII.cr, ASCII.lf] : []
            #expect(section.octets + end == Array(octets[..<section.bodyOffset]))
            for name in ["From", "To", "Cc", "Sender", "Reply-To"] {
                for field in section.fields(named: name) {
                    guard let list = try? AddressList(parsing: field.valueOctets) else { continue }
                    #expect(try AddressList(parsing: list.description) == list)
                }
            }
            for field in section.fields(named: "Date") { _ = try? MailDate(parsing: field.valueOctets) }
        }
    }

    private struct Reading: Decodable {
        struct Part: Decodable {
            struct Header: Decodable {
                let offset_field: Int
                let offset_start: Int
                let offset_end: Int
            }
            let headers: [Header]
            let offset_body: Int
        }
        let parts: [Part]
    }

    @Test(
        "fields and body lie where the reference reading has them",
        arguments: Self.messages.filter { $0.path.contains("/rfc/") }
    )
    func offsets(_ file: URL) throws {
        let reading = try Vectors.json(
            file.deletingPathExtension().appendingPathExtension("crlf.json"),
            as: Reading.self
        )
        let root = try #require(reading.parts.first)
        let section = try HeaderSection(parsing: try Self.crlf(file))
        var offset = 0
        for (line, header) in zip(section.lines, root.headers) {
            #expect(offset == header.offset_field)
            offset += line.octets.count
            #expect(offset == header.offset_end)
            guard case .field(let field) = line else { continue }
            #expect(header.offset_end - field.bodyOctets.count - 2 == header.offset_start)
        }
        #expect(section.lines.count == root.headers.count)
        #expect(section.bodyOffset == root.offset_body)
    }
}
