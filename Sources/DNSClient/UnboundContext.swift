internal import CUnbound
internal import DNS
internal import Glibc

/// A configured libunbound context. Used by one thread at a time, and deleted by hand.
struct UnboundContext {
    let pointer: OpaquePointer
    let isValidating: Bool

    /// Readable when answers wait for `ub_process`.
    var descriptor: Int32 { ub_fd(self.pointer) }

    init(options: UnboundResolver.Options) throws(UnboundError) {
        guard let pointer = ub_ctx_create() else {
            throw UnboundError(description: "libunbound cannot create a context (memory or random numbers)")
        }
        self.pointer = pointer
        do throws(UnboundError) {
            self.isValidating = try Self.configure(pointer, options)
        } catch {
            ub_ctx_delete(pointer)
            throw error
        }
    }

    /// Ends libunbound's thread and frees the context.
    func delete() {
        ub_ctx_delete(self.pointer)
    }

    /// - Returns: Whether answers will be validated.
    private static func configure(
        _ context: OpaquePointer,
        _ options: UnboundResolver.Options
    ) throws(UnboundError) -> Bool {
        // Its messages would go to standard error; every failure reaches the caller as a `DNSError` anyway.
        try self.check(ub_ctx_debugout(context, nil), "log")
        // A thread, not a process.
        try self.check(ub_ctx_async(context, 1), "threads")
        let anchorFile = options.validatesDNSSEC ? options.trustAnchorFiles.first { access($0, R_OK) == 0 } : nil
        let isValidating = options.validatesDNSSEC && (anchorFile != nil || !options.trustAnchors.isEmpty)
        let servers = self.servers(options.servers)
        let acceptsStripped = options.acceptsStrippedDNSSEC ?? (!servers.isEmpty && servers.allSatisfy(\.isLoopback))
        let cache = max(options.cacheOctets, 1 << 16)
        let settings: [(String, String)] = [
            ("module-config:", isValidating ? "validator iterator" : "iterator"),
            ("harden-dnssec-stripped:", acceptsStripped ? "no" : "yes"),
            // Name servers on loopback and private networks are the operator's own business.
            ("do-not-query-localhost:", "no"),
            ("unblock-lan-zones:", "yes"),
            ("rrset-cache-size:", String(cache)),
            ("msg-cache-size:", String(cache / 2)),
            ("key-cache-size:", String(cache / 4)),
            ("neg-cache-size:", String(cache / 8)),
            ("cache-max-ttl:", "86400"),
            ("cache-max-negative-ttl:", "300"),
            // A server that was down is asked again after a minute: mail that waits should not wait for the cache.
            ("infra-host-ttl:", "60"),
            ("outgoing-range:", "256"),
            ("num-queries-per-thread:", "1024"),
        ]
        for (name, value) in settings {
            try self.check(ub_ctx_set_option(context, name, value), "option \(name) \(value)")
        }
        for server in servers {
            guard (1...65_535).contains(server.port) else {
                throw UnboundError(description: "\(server.port) is not a port")
            }
            try self.check(ub_ctx_set_fwd(context, "\(server.address)@\(server.port)"), "name server \(server.address)")
        }
        if isValidating {
            if let anchorFile { try self.check(ub_ctx_add_ta_file(context, anchorFile), "trust anchors \(anchorFile)") }
            for anchor in options.trustAnchors { try self.check(ub_ctx_add_ta(context, anchor), "trust anchor") }
        }
        // libunbound would answer for `test.` itself; here it is for the configured servers to know. This ends the
        // configuration, so that it comes last.
        try self.check(ub_ctx_zone_remove(context, "test."), "local zone")
        return isValidating
    }

    private static func check(_ code: Int32, _ subject: String) throws(UnboundError) {
        guard code == 0 else { throw UnboundError(description: "\(subject): \(String(cString: ub_strerror(code)))") }
    }

    private static func servers(_ servers: UnboundResolver.Servers) -> [UnboundResolver.Server] {
        switch servers {
        case .forward(let servers): servers
        case .recursive: []
        case .system: self.systemServers(file: "/etc/resolv.conf")
        }
    }

    /// The `nameserver` lines of a resolv.conf(5) file; none when it cannot be read.
    static func systemServers(file: String) -> [UnboundResolver.Server] {
        guard let stream = fopen(file, "re") else { return [] }
        defer { fclose(stream) }
        // Far more than any such file holds.
        let text = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
            count = fread(buffer.baseAddress, 1, buffer.count, stream)
        }
        return text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
            guard words.count >= 2, words[0].elementsEqual("nameserver".utf8) else { return nil }
            return UnboundResolver.Server(address: String(decoding: words[1], as: UTF8.self))
        }
    }
}
