internal import DNS
internal import MailSyntax
internal import MessageAuthentication

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A tag list keeps each value where it says, and reads the same again when it is written.
private func checkTagList(_ input: [UInt8]) {
    do {
        let list = try TagList(parsing: input)
        for tag in list.tags {
            check(input[tag.range].count >= tag.value.count, "\(tag.name) is longer than its place")
            check(list[tag.name] == tag, "\(tag.name) is not found")
            _ = tag.elements
            _ = tag.number(maximumDigits: 76)
        }
    } catch {
        return
    }
}

/// Reads the input as the body of a DKIM-Signature field.
func fuzzSignature(_ input: [UInt8]) {
    checkTagList(input)
    guard let field = HeaderField(octets: Array("DKIM-Signature:".utf8) + input + Array("\r\n".utf8)) else { return }
    do {
        let signature = try DKIM.Signature(parsing: field)
        check(signature.bodyHash.count == 32 || signature.algorithm == .rsaSHA1, "a body hash of another size")
        check(signature.signedFields.contains("from"), "From is not signed")
        check(!signature.domain.isEmpty && !signature.selector.isEmpty, "no domain or selector")
        check(signature.identity.utf8.contains(ASCII.at), "an identity without a domain")
    } catch {
        // The reason is for people and logs: one line.
        check(!"\(error)".utf8.contains(where: ASCII.isControl), "a control octet in a reason")
    }
}

/// A key record that was read: what is written of it reads equal.
func fuzzKeyRecord(_ input: [UInt8]) {
    checkTagList(input)
    do {
        let record = try DKIM.KeyRecord(parsing: input)
        let isPlain = ([record.keyType.description] + record.services + (record.hashes ?? [])).allSatisfy { word in
            !word.isEmpty && word.utf8.allSatisfy { ASCII.isLetterOrDigit($0) || $0 == ASCII.asterisk }
        }
        // Words that nobody registered may hold what a tag list cannot be written with.
        if isPlain { check(try DKIM.KeyRecord(parsing: Array(record.description.utf8)) == record, "a record changes") }
    } catch {
        check(!error.description.utf8.contains(where: ASCII.isControl), "a control octet in a fault")
    }
}

/// Both canonicalizations: applied twice they change nothing more, and relaxed holds no white space to fold.
func fuzzCanonicalization(_ input: [UInt8]) {
    for form in DKIM.Canonicalization.Form.allCases {
        let body = form.canonicalize(body: input)
        check(form.canonicalize(body: body) == body, "a canonical body changes")
        check(body.count <= input.count + 2, "a canonical body is longer")
        if let field = HeaderField(octets: input) {
            let octets = form.canonicalize(field)
            check(octets.suffix(2).elementsEqual([ASCII.cr, ASCII.lf]), "a canonical field has no end")
            if let again = HeaderField(octets: octets) {
                check(form.canonicalize(again) == octets, "a canonical field changes")
            }
        }
    }
}

/// A whole message, cut by its first octet: verdicts do not depend on the cut, and what is signed verifies.
func fuzzSignedMessage(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let message = Array(input.dropFirst())
    let size = Int(first) + 1
    var whole = MessageVerifier()
    whole.receive(message)
    var cut = MessageVerifier()
    for start in stride(from: 0, to: message.count, by: size) {
        cut.receive(message[start..<min(start + size, message.count)])
    }
    let results = finish(whole)
    check(results == finish(cut), "the cut matters")
    check(results.dkim.passing.isEmpty && results.arc.status != .pass, "a signature passes without a key")
    for verdict in results.dkim.verdicts {
        check(!verdict.description.utf8.contains(where: ASCII.isControl), "a control octet in a verdict")
    }
}

/// Verdicts with a DNS that knows no key.
private func finish(_ verifier: MessageVerifier) -> MessageVerifier.Results {
    let box = Box()
    Task {
        box.results = await verifier.finish(resolver: Zone(), secondsSince1970: 1_800_000_000)
        sem_post(&box.semaphore)
    }
    sem_wait(&box.semaphore)
    guard let results = box.results else { preconditionFailure("no verdicts") }
    return results
}

/// Written once before the semaphore is posted, read once after.
private final class Box: @unchecked Sendable {
    var semaphore = sem_t()
    var results: MessageVerifier.Results?

    init() { sem_init(&self.semaphore, 0, 0) }
    deinit { sem_destroy(&self.semaphore) }
}
