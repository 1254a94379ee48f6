import CUnbound
import Glibc
import Testing

@testable import DNSClient

@Suite("The resolver's cache")
struct CacheTests {
    @Test("each of its parts has a size that follows the option, and ages are limited")
    func bounded() throws {
        var options = UnboundResolver.Options()
        options.validatesDNSSEC = false
        options.cacheOctets = 1 << 20
        let context = try UnboundContext(options: options)
        defer { context.delete() }
        func option(_ name: String) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard ub_ctx_get_option(context.pointer, name, &text) == 0, let text else { return nil }
            defer { free(text) }
            return String(cString: text)
        }
        #expect(option("rrset-cache-size") == "1048576")
        #expect(option("msg-cache-size") == "524288")
        #expect(option("key-cache-size") == "262144")
        #expect(option("neg-cache-size") == "131072")
        #expect(option("cache-max-ttl") == "86400" && option("cache-max-negative-ttl") == "300")
        #expect(option("num-queries-per-thread") == "1024")
    }

    @Test("the default is 8 MiB of records, and no option makes it endless")
    func limits() {
        #expect(UnboundResolver.Options().cacheOctets == 8 << 20)
        #expect(UnboundResolver.Options().maximumOpenQuestions == 10_000)
    }
}
