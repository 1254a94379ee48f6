internal import Foundation
package import GatepostModel
package import Logging
package import NIOSSL
package import SMTPServer
package import ServiceLifecycle
internal import TLSChannelBinding
internal import UnixSignals

/// Makes TLS contexts from the certificate and key files, and notices when they change.
package struct TLSContextLoader: Sendable {
    /// A certificate or key that cannot be used: which file, and why.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package var description: String
    }

    private let tls: Configuration.TLS

    package init(_ tls: Configuration.TLS) {
        self.tls = tls
    }

    /// TLS 1.2 and 1.3 only (RFC 8996, 9325).
    ///
    /// - Throws: ``Failure``.
    package func load() throws -> TLSContextSource.Identity {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(self.tls.certificate)
        } catch {
            throw Failure(description: "\(self.tls.certificate) holds no readable PEM certificate: \(error)")
        }
        guard !chain.isEmpty else { throw Failure(description: "\(self.tls.certificate) holds no certificate") }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(file: self.tls.key, format: .pem)
        } catch {
            throw Failure(description: "\(self.tls.key) holds no readable PEM private key: \(error)")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        if let authorities = self.tls.clientAuthorities {
            // Asked for, not required: without one only EXTERNAL is missing. One of another authority fails the handshake.
            configuration.certificateVerification = .optionalVerification
            configuration.trustRoots = .file(authorities)
        }
        let exporterSecrets = ExporterSecrets()
        configuration.keyLogCallback = { exporterSecrets.record($0) }
        do {
            return TLSContextSource.Identity(
                context: try NIOSSLContext(configuration: configuration),
                certificate: try chain.first?.toDERBytes(),
                exporterSecrets: exporterSecrets
            )
        } catch {
            throw Failure(description: "\(self.tls.key) does not fit \(self.tls.certificate): \(error)")
        }
    }

    /// What tells that one of the files was replaced or rewritten.
    struct Fingerprint: Hashable {
        var modified: [Date?]
        var sizes: [UInt64?]
    }

    func fingerprint() -> Fingerprint {
        var fingerprint = Fingerprint(modified: [], sizes: [])
        for path in [self.tls.certificate, self.tls.key] {
            do {
                // A link, as certbot makes, is followed: renewal points it elsewhere.
                let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
                let attributes = try FileManager.default.attributesOfItem(atPath: target)
                fingerprint.modified.append(attributes[.modificationDate] as? Date)
                fingerprint.sizes.append(attributes[.size] as? UInt64)
            } catch {
                // Missing for a moment, while it is replaced.
                fingerprint.modified.append(nil)
                fingerprint.sizes.append(nil)
            }
        }
        return fingerprint
    }
}

/// Replaces the TLS context when its files change or SIGHUP asks for it; a bad new certificate leaves the old one in use.
package struct CertificateReload: Service {
    private let loader: TLSContextLoader
    private let source: TLSContextSource
    private let interval: Duration
    private let logger: Logger

    package init(loader: TLSContextLoader, source: TLSContextSource, interval: Duration = .seconds(30), logger: Logger)
    {
        self.loader = loader
        self.source = source
        self.interval = interval
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.reloadOnSignal() }
                group.addTask { await self.reloadOnChange() }
                await group.waitForAll()
            }
        }
    }

    private func reloadOnSignal() async {
        for await _ in await UnixSignalsSequence(trapping: .sighup) {
            self.reload(because: "SIGHUP")
        }
    }

    private func reloadOnChange() async {
        var known = self.loader.fingerprint()
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: self.interval)
            } catch {
                return  // Shutdown.
            }
            let current = self.loader.fingerprint()
            guard current != known else { continue }
            known = current
            self.reload(because: "the files changed")
        }
    }

    private func reload(because reason: String) {
        do {
            self.source.replace(with: try self.loader.load())
            self.logger.notice("certificate reloaded", metadata: ["because": "\(reason)"])
        } catch {
            self.logger.error("certificate not reloaded; the old one stays in use", metadata: ["error": "\(error)"])
        }
    }
}
