import GatepostServer

/// Two certificates with their keys, made once: making one costs milliseconds, and most tests only need any.
struct Certificates {
    var first: SelfSignedCertificate
    var second: SelfSignedCertificate

    static let shared: Result<Certificates, any Error> = Result {
        Certificates(
            first: try SelfSignedCertificate(names: ["mail.example.org"], days: 1, secondsSince1970: 1_795_500_000),
            second: try SelfSignedCertificate(names: ["other.example.org"], days: 1, secondsSince1970: 1_795_500_000)
        )
    }
}
