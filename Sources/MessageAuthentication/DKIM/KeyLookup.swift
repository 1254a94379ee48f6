internal import DNS

/// Where a key stands: a selector and a domain in A-labels.
struct KeyName: Hashable, Sendable {
    var selector: String
    var domain: String

    /// - Parameter alabels: Makes A-labels of U-labels.
    init(selector: String, domain: String, _ alabels: (String) -> String?) throws(DKIM.Reason) {
        func ascii(_ name: String) throws(DKIM.Reason) -> String {
            if name.utf8.allSatisfy({ $0 < 0x80 }) { return name }
            guard let converted = alabels(name), converted.utf8.allSatisfy({ $0 < 0x80 }) else {
                throw .domainNotConvertible
            }
            return converted
        }
        self.selector = try ascii(selector)
        self.domain = try ascii(domain)
    }

    var text: String { "\(self.selector)._domainkey.\(self.domain)" }
}

/// The answers of DNS about keys, each name asked once.
struct KeyLookup: Sendable {
    private var answers: [KeyName: Result<Answer<TXTRecord>, DNSError>] = [:]

    /// Asks about all names at the same time.
    init(_ names: Set<KeyName>, _ resolver: some Resolver) async {
        self.answers = await withTaskGroup(of: (KeyName, Result<Answer<TXTRecord>, DNSError>).self) { group in
            for name in names {
                group.addTask {
                    do throws(DNSError) {
                        return (name, .success(try await resolver.txt(name.text)))
                    } catch {
                        return (name, .failure(error))
                    }
                }
            }
            var answers: [KeyName: Result<Answer<TXTRecord>, DNSError>] = [:]
            for await (name, answer) in group { answers[name] = answer }
            return answers
        }
    }

    subscript(name: KeyName) -> Result<Answer<TXTRecord>, DNSError> {
        self.answers[name] ?? .failure(.temporary("not asked"))
    }
}
