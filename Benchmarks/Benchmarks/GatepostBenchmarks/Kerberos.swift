import Benchmark
import Foundation
import SASL
import SASLKerberos

/// What one ticket costs the server: the whole of `gss_accept_sec_context`, with the replay cache on a file and without.
///
/// Needs a realm and a ticket: `Scripts/kerberos-realm /tmp/realm 8888 alice=secret smtp/localhost`, then with its variables
/// exported `kinit alice`, and `GATEPOST_KEYTAB=/tmp/realm/smtp.keytab swift package benchmark --filter "Kerberos.*"`.
func kerberosBenchmarks() {
    #if Kerberos
    guard let keytab = ProcessInfo.processInfo.environment["GATEPOST_KEYTAB"] else { return }
    let file = FileManager.default.temporaryDirectory.appending(path: "gatepost-benchmark.rcache").path
    for (name, cache) in [("none", KerberosAcceptor.ReplayCache.none), ("file", .file(file))] {
        Benchmark("Kerberos: accept a ticket, replay cache \(name)", configuration: .init(scalingFactor: .one)) {
            benchmark in
            let keys = try KerberosAcceptor(keytab: keytab, replayCache: cache)
            let initiator = KerberosInitiator(host: "localhost").makeContext()
            guard case .continueNeeded(let token) = try initiator.initiate(nil) else { return }
            benchmark.startMeasurement()
            _ = try keys.makeContext().accept(token)
            benchmark.stopMeasurement()
        }
    }
    #endif
}
