import SMTP
import Testing

@Suite("Command lines, RFC 5321 §4.1.1")
struct CommandParsingTests {
    @Test("what the grammar allows is read", arguments: CommandVector.plain + CommandVector.auth)
    func reads(_ vector: CommandVector) throws {
        #expect(try Command(parsing: vector.line) == vector.command)
    }

    @Test("MAIL with its parameters (RFC 1870, 3461, 4954, 6152, 6531)", arguments: CommandVector.mail)
    func readsMail(_ vector: CommandVector) throws {
        #expect(try Command(parsing: vector.line) == vector.command)
    }

    @Test("RCPT with its parameters (RFC 3461 §4)", arguments: CommandVector.recipient)
    func readsRecipient(_ vector: CommandVector) throws {
        #expect(try Command(parsing: vector.line) == vector.command)
    }

    @Test(
        "what it does not allow gets the reply for its fault",
        arguments: BadCommandVector.verbs + BadCommandVector.controls + BadCommandVector.chunks
            + BadCommandVector.mail + BadCommandVector.recipient
    )
    func refuses(_ vector: BadCommandVector) {
        do {
            let command = try Command(parsing: vector.line)
            Issue.record("taken as \(command)")
        } catch {
            #expect(BadCommandVector.Kind(error) == vector.kind, "\(error)")
        }
    }

    @Test("a cut-off command never traps", arguments: CommandVector.mail + CommandVector.recipient + CommandVector.auth)
    func everyPrefix(_ vector: CommandVector) {
        for length in 0...vector.line.count {
            let line = vector.line[..<length]
            // Either outcome is right; what counts is that there is one, and the same for a slice and an array.
            let first = Result { () throws(CommandSyntaxError) in try Command(parsing: line) }
            let second = Result { () throws(CommandSyntaxError) in try Command(parsing: Array(line)) }
            #expect(first == second)
        }
    }

    @Test("a syntax error's words hold nothing that the client sent")
    func noEcho() {
        do {
            _ = try Command(parsing: "MAIL FROM:<\u{80}\u{9b}31m@x>".wire)
            Issue.record("taken")
        } catch .badReversePath(let what) {
            #expect(what.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f })
        } catch {
            Issue.record("\(error)")
        }
    }
}
