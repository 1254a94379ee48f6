/// NSD, answering with authority for a few zones under `.test` on loopback.
struct NameServer: Sendable {
    let port: Int
    private let folder: TemporaryFolder
    private let process: ChildProcess

    /// Starts it.
    ///
    /// - Parameters:
    ///   - zones: by zone name, the records, one a line, in zone file syntax relative to that zone.
    ///   - port: where; nil: on one that is free.
    static func start(zones: [String: String], port: Int? = nil) async throws -> NameServer {
        let folder = try TemporaryFolder("nsd")
        let port = try port ?? Loopback.freePorts(1)[0]
        var configuration = """
            server:
              ip-address: 127.0.0.1
              port: \(port)
              server-count: 1
              username: ""
              chroot: ""
              zonesdir: "\(folder.path)"
              pidfile: "\(folder.path("nsd.pid"))"
              logfile: "\(folder.path("log"))"
              xfrdfile: "\(folder.path("xfrd.state"))"
              zonelistfile: "\(folder.path("zone.list"))"
              database: ""
              hide-version: yes
              do-ip6: no
            remote-control:
              control-enable: no

            """
        for (zone, records) in zones {
            let text = """
                $ORIGIN \(zone).
                $TTL 60
                @ SOA ns hostmaster 1 3600 600 86400 60
                @ NS ns
                ns A 127.0.0.1
                \(records)

                """
            try folder.write("\(zone).zone", text)
            configuration += "zone:\n  name: \(zone)\n  zonefile: \(folder.path("\(zone).zone"))\n"
        }
        let file = try folder.write("nsd.conf", configuration)
        let process = try UnpackedServers.start("nsd", ["nsd", "-d", "-c", file], log: folder.path("nsd"))
        // It listens for TCP as well as UDP, on one port.
        try await Loopback.waitUntilAccepting("127.0.0.1", port, by: process)
        return NameServer(port: port, folder: folder, process: process)
    }
}
