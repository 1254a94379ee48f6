internal import ArgumentParser
internal import GatepostServer
internal import Glibc
internal import SASL

/// Takes passwords without showing them.
enum PasswordInput {
    /// The first line of standard input.
    static func fromStandardInput() throws -> Secret {
        PasswordInput.firstLine(of: try Terminal.readInput(limit: 65536))
    }

    static func fromFile(_ path: String) throws -> Secret {
        PasswordInput.firstLine(of: try LocalFile.read(path, limit: 65536))
    }

    /// Asks on the terminal with echo off; `nil` where there is no terminal or the answer is empty.
    static func prompt(_ question: String) throws -> Secret? {
        let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var before = termios()
        guard tcgetattr(descriptor, &before) == 0 else { return nil }
        var quiet = before
        quiet.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(descriptor, TCSAFLUSH, &quiet)
        defer { tcsetattr(descriptor, TCSAFLUSH, &before) }
        try LocalFile.write(descriptor, Array(question.utf8), path: "/dev/tty")
        var answer: [UInt8] = []
        var octet: UInt8 = 0
        while Glibc.read(descriptor, &octet, 1) == 1, octet != 0x0A, answer.count < 4096 { answer.append(octet) }
        try LocalFile.write(descriptor, [0x0A], path: "/dev/tty")
        return answer.isEmpty ? nil : Secret(answer)
    }

    /// Whether somebody at the terminal types this text; false where there is no terminal.
    static func confirm(_ question: String, _ text: String) throws -> Bool {
        try PasswordInput.prompt(question) == Secret(text)
    }

    /// For a new password: standard input when asked for, else the terminal twice, else a random one.
    ///
    /// - Returns: The password, and its text where it was made here and has to be shown.
    static func new(fromStandardInput: Bool, for address: String) throws -> (password: Secret, shown: String?) {
        if fromStandardInput {
            let password = try PasswordInput.fromStandardInput()
            guard !password.isEmpty else { throw Failure(.badInput, "standard input holds no password") }
            return (password, nil)
        }
        if Terminal.isInputTerminal,
            let first = try PasswordInput.prompt("New password for \(address) (empty: make one): ")
        {
            guard let second = try PasswordInput.prompt("Again: "), first == second else {
                throw Failure(.badInput, "the two passwords differ; nothing was changed")
            }
            return (first, nil)
        }
        let made = RandomOctets.password()
        return (Secret(made), made)
    }

    private static func firstLine(of octets: [UInt8]) -> Secret {
        var line = octets.prefix { $0 != 0x0A }
        if line.last == 0x0D { line.removeLast() }
        return Secret(line)
    }
}
