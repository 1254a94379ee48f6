public import MailSyntax

/// What the mail server tells a filter (`mfdef.h`, `SMFIC_…`).
public enum MilterCommand: Hashable, Sendable {
    /// The first of a connection (`SMFIC_OPTNEG`).
    case negotiate(MilterOptions)
    /// Who connected. The name is the one of the DNS, or the address in brackets.
    case connect(name: String, MilterPeer)
    /// HELO or EHLO.
    case helo(String)
    /// MAIL: the reverse-path, and parameters as the client wrote them.
    case mail(ReversePath, parameters: [String])
    /// RCPT.
    case recipient(ForwardPath, parameters: [String])
    /// DATA or the first BDAT.
    case data
    /// One field. The value is what stands behind the colon, lines separated by LF.
    case header(name: [UInt8], value: [UInt8])
    /// The header section is over.
    case endOfHeaders
    /// A piece of the body, with CRLF; 65,535 octets at most unless more was agreed on.
    case body([UInt8])
    /// The message is over (`SMFIC_BODYEOB`).
    case endOfMessage
    /// A command that the server does not know.
    case unknown([UInt8])
    /// The message under way is given up; not answered.
    case abort
    /// The connection ends; not answered.
    case quit
    /// The SMTP session ends, and another one follows on this connection (`SMFIC_QUIT_NC`); not answered.
    case quitForNewConnection

    /// The packet.
    ///
    /// - Parameter maximumDataOctets: A field that is longer is cut at its end: libmilter closes the connection over a larger packet.
    public func packet(maximumDataOctets: Int = MilterOptions(steps: []).maximumDataOctets) -> MilterPacket {
        var data: [UInt8] = []
        let code: Unicode.Scalar
        switch self {
        case .negotiate(let options):
            code = "O"
            data.append(milterInteger: options.version)
            data.append(milterInteger: options.actions.rawValue)
            data.append(milterInteger: options.steps.rawValue)
        case .connect(let name, let peer):
            code = "C"
            data.append(milterString: name.utf8)
            peer.append(to: &data)
        case .helo(let name):
            code = "H"
            data.append(milterString: name.utf8)
        case .mail(let path, let parameters):
            code = "M"
            data.append(milterString: path.wire.utf8)
            for parameter in parameters { data.append(milterString: parameter.utf8) }
        case .recipient(let path, let parameters):
            code = "R"
            data.append(milterString: path.wire.utf8)
            for parameter in parameters { data.append(milterString: parameter.utf8) }
        case .data: code = "T"
        case .header(let name, let value):
            code = "L"
            let name = name.prefix(max(0, maximumDataOctets - 2))
            data.append(milterString: name)
            data.append(milterString: value.prefix(max(0, maximumDataOctets - name.count - 2)))
        case .endOfHeaders: code = "N"
        case .body(let octets):
            code = "B"
            data = octets
        case .endOfMessage: code = "E"
        case .unknown(let line):
            code = "U"
            data.append(milterString: line.prefix(max(0, maximumDataOctets - 1)))
        case .abort: code = "A"
        case .quit: code = "Q"
        case .quitForNewConnection: code = "K"
        }
        return MilterPacket(code: UInt8(ascii: code), data: data)
    }
}

/// Where the client of the session is.
public enum MilterPeer: Hashable, Sendable {
    /// Over TCP.
    case network(IPAddress, port: UInt16)
    /// Over a Unix socket.
    case local(path: String)
    case unknown

    /// Family, port and address (`mfdef.h`, `SMFIA_…`).
    func append(to data: inout [UInt8]) {
        switch self {
        case .network(let address, let port):
            let address = address.unmapped
            data.append(address.family == .v4 ? UInt8(ascii: "4") : UInt8(ascii: "6"))
            data.append(UInt8(truncatingIfNeeded: port >> 8))
            data.append(UInt8(truncatingIfNeeded: port))
            data.append(milterString: address.description.utf8)
        case .local(let path):
            data += [UInt8(ascii: "L"), 0, 0]
            data.append(milterString: path.utf8)
        case .unknown:
            data.append(UInt8(ascii: "U"))
        }
    }
}
