import Foundation
import NIOSSL
import Testing

/// A self-signed certificate for server.test, made by the openssl program once a run.
struct TestCertificate: Sendable {
    var certificate: NIOSSLCertificate
    var context: NIOSSLContext
    /// No later than TLS 1.2.
    var earlierContext: NIOSSLContext

    static let shared: TestCertificate? = make()

    private static func make() -> TestCertificate? {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        let certificatePath = directory.appendingPathComponent("certificate.pem").path
        let keyPath = directory.appendingPathComponent("key.pem").path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
            "-subj", "/CN=server.test", "-addext", "subjectAltName=DNS:server.test", "-keyout", keyPath, "-out",
            certificatePath,
        ]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try process.run()
            process.waitUntilExit()
            let chain = try NIOSSLCertificate.fromPEMFile(certificatePath)
            let key = try NIOSSLPrivateKey(file: keyPath, format: .pem)
            try FileManager.default.removeItem(at: directory)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(key)
            )
            guard let certificate = chain.first else { return nil }
            let context = try NIOSSLContext(configuration: configuration)
            configuration.maximumTLSVersion = .tlsv12
            return TestCertificate(
                certificate: certificate,
                context: context,
                earlierContext: try NIOSSLContext(configuration: configuration)
            )
        } catch {
            return nil
        }
    }
}

extension Trait where Self == ConditionTrait {
    static var needsCertificate: Self {
        .enabled(
            if: TestCertificate.shared != nil,
            "the openssl program is missing, so there is no certificate to test with"
        )
    }
}
