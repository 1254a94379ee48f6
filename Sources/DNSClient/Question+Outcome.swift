internal import CUnbound
internal import DNS

extension Result where Success == Answer<Record>, Failure == DNSError {
    /// What libunbound found, judged: forgery first, then the server's code, then the records.
    init(type: RecordType, name: DNSName, _ result: ub_result) {
        if result.bogus != 0 {
            self = .failure(.bogus(result.why_bogus.map { String(cString: $0) } ?? "validation failure"))
            return
        }
        switch result.rcode {
        case 0: break
        case 3:
            self = .failure(.nameDoesNotExist)
            return
        case 2:
            self = .failure(.temporary("SERVFAIL"))
            return
        case 5:
            self = .failure(.temporary("REFUSED"))
            return
        default:
            self = .failure(.temporary("response code \(result.rcode)"))
            return
        }
        var records: [Record] = []
        var index = 0
        while result.havedata != 0, let data = result.data[index] {
            let octets = UnsafeRawBufferPointer(start: data, count: Int(max(result.len[index], 0)))
            // Half an answer could be worse than none: a null MX or a TLSA record may be what is left out.
            guard let record = Record(type: type, data: octets) else {
                self = .failure(.temporary("a \(type) record is malformed"))
                return
            }
            records.append(record)
            index += 1
        }
        let canonicalName = result.canonname.flatMap { DNSName(String(cString: $0)) } ?? name
        self = .success(
            Answer(
                records: records,
                isAuthenticated: result.secure != 0,
                canonicalName: canonicalName.lowercased.description,
                ttl: .seconds(Int(max(result.ttl, 0)))
            )
        )
    }
}
