internal import MailSyntax
internal import SMTP

/// A proxy's header: read the same whole or with more behind it, never longer than allowed, and written again the same.
func fuzzProxy(_ input: [UInt8]) {
    switch ProxyHeader.parse(input) {
    case .header(let header, let length):
        check(length <= input.count && length <= ProxyHeader.maximumOctets, "longer than the input")
        check(ProxyHeader.parse(input[..<length]) == .header(header, length: length), "needs what is behind it")
        for cut in [length / 2, length - 1] {
            check(ProxyHeader.parse(input[..<cut]) == .incomplete, "read before it was whole")
        }
        if case .client(let from, let to) = header.source {
            check(!from.address.isMapped && !to.address.isMapped, "a mapped address")
            check((0...65_535).contains(from.port) && (0...65_535).contains(to.port), "no port")
            guard from.address.family == to.address.family else { return }
            let family = from.address.family == .v4 ? "TCP4" : "TCP6"
            let line = "PROXY \(family) \(from.address) \(to.address) \(from.port) \(to.port)\r\n"
            check(ProxyHeader.parse(line.utf8) == .header(header, length: line.utf8.count), "another one when written")
        }
    case .incomplete:
        check(input.count < ProxyHeader.maximumOctets, "waits for ever")
    case .malformed:
        check(ProxyHeader.parse(input + [0x0D, 0x0A]) == .malformed, "more makes it good")
    }
}
