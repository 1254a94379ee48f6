// swift-tools-version: 6.1

import PackageDescription

/// Every target is Swift 6 with explicit import visibility: what a library's users see is what it says.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
]

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOTLS", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
    .product(name: "Logging", package: "swift-log"),
]

let package = Package(
    name: "gatepost",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "MailSyntax", targets: ["MailSyntax"]),
        .library(name: "DNS", targets: ["DNS"]),
        .library(name: "DNSClient", targets: ["DNSClient"]),
        .library(name: "SASL", targets: ["SASL"]),
        .library(name: "SASLKerberos", targets: ["SASLKerberos"]),
        .library(name: "AuthenticationProtocols", targets: ["AuthenticationProtocols"]),
        .library(name: "TLSChannelBinding", targets: ["TLSChannelBinding"]),
        .library(name: "OAuthClient", targets: ["OAuthClient"]),
        .library(name: "POP3", targets: ["POP3"]),
        .library(name: "MessageAuthentication", targets: ["MessageAuthentication"]),
        .library(name: "Milter", targets: ["Milter"]),
        .library(name: "MessageReports", targets: ["MessageReports"]),
        .library(name: "SMTP", targets: ["SMTP"]),
        .library(name: "SMTPClient", targets: ["SMTPClient"]),
        .library(name: "SMTPServer", targets: ["SMTPServer"]),
        .executable(name: "gatepost", targets: ["gatepost"]),
    ],
    // Without one, `--disable-default-traits` builds without its C library and says so where the configuration asks for it.
    traits: [
        .trait(name: "Kerberos", description: "GSSAPI with MIT Kerberos (libgssapi-krb5)"),
        .trait(name: "PAM", description: "Passwords checked by PAM (libpam)"),
        .trait(name: "LDAP", description: "Passwords checked by binding to an LDAP directory (libldap)"),
        .default(enabledTraits: ["Kerberos", "PAM", "LDAP"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // Level 1: pure.
        .target(name: "MailSyntax", swiftSettings: strict),
        .target(name: "DNS", swiftSettings: strict),
        .target(
            name: "SASL",
            dependencies: [
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ],
            swiftSettings: strict
        ),
        // Level 2.
        .target(
            name: "MessageAuthentication",
            dependencies: [
                "MailSyntax", "DNS",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ],
            swiftSettings: strict
        ),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "MessageReports",
            dependencies: ["MailSyntax", "MessageAuthentication", "CZlib"],
            swiftSettings: strict
        ),
        .target(name: "SMTP", dependencies: ["MailSyntax", "SASL"], swiftSettings: strict),
        .target(name: "Milter", dependencies: ["MailSyntax"], swiftSettings: strict),
        // No pkgConfig: Debian's file names private requirements that need not be installed, and SwiftPM then warns.
        .systemLibrary(name: "CUnbound", providers: [.apt(["libunbound-dev"])]),
        .systemLibrary(name: "CIDN2", pkgConfig: "libidn2", providers: [.apt(["libidn2-dev"])]),
        .target(name: "DNSClient", dependencies: ["DNS", "CUnbound", "CIDN2"], swiftSettings: strict),
        // No pkgConfig: Debian's file adds an include path that SwiftPM refuses aloud, and the headers are found without it.
        .systemLibrary(name: "CGSSAPI", providers: [.apt(["libkrb5-dev"])]),
        .target(
            name: "SASLKerberos",
            dependencies: ["SASL", .target(name: "CGSSAPI", condition: .when(traits: ["Kerberos"]))],
            swiftSettings: strict
        ),
        .target(name: "AuthenticationProtocols", dependencies: ["SASL", "MailSyntax"], swiftSettings: strict),
        .target(
            name: "TLSChannelBinding",
            dependencies: [.product(name: "NIOCore", package: "swift-nio")],
            swiftSettings: strict
        ),
        .target(name: "OAuthClient", dependencies: ["SASL", "MailSyntax"], swiftSettings: strict),
        .target(name: "POP3", dependencies: ["MailSyntax", "SASL", "SMTP"], swiftSettings: strict),
        // Level 3.
        .target(
            name: "SMTPServer",
            dependencies: ["SMTP", "MailSyntax", "SASL", "TLSChannelBinding"] + nio,
            swiftSettings: strict
        ),
        .target(
            name: "SMTPClient",
            dependencies: ["SMTP", "MailSyntax", "SASL", "TLSChannelBinding"] + nio,
            swiftSettings: strict
        ),
        .target(
            name: "GatepostModel",
            dependencies: [
                "MailSyntax", "DNS", "MessageAuthentication", "SASL", "SMTP",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict
        ),
        // Level 4.
        .target(
            name: "GatepostSQLite",
            dependencies: [
                "GatepostModel", "MailSyntax", "SASL", "SMTP",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "GatepostDelivery",
            dependencies: [
                "GatepostModel", "SMTPClient", "DNS", "MailSyntax", "SMTP", "SASL",
            ] + nio,
            swiftSettings: strict
        ),
        .target(
            name: "GatepostTesting",
            dependencies: ["GatepostModel", "MailSyntax", "SASL"],
            swiftSettings: strict
        ),
        // Level 5.
        .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
        .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
        // Headers only: both libraries are loaded when the configuration asks for them, and cost no memory else.
        .systemLibrary(name: "CPAM", providers: [.apt(["libpam0g-dev"])]),
        .systemLibrary(name: "CLDAP", providers: [.apt(["libldap-dev"])]),
        .target(
            name: "GatepostServer",
            dependencies: [
                "SMTPServer", "SMTPClient", "DNSClient", "DNS", "GatepostModel", "GatepostSQLite", "GatepostDelivery",
                "MailSyntax", "MessageAuthentication", "MessageReports", "Milter", "SASL", "SASLKerberos",
                "AuthenticationProtocols", "OAuthClient", "POP3", "SMTP", "TLSChannelBinding", "CArgon2", "CCrypt",
                .target(name: "CPAM", condition: .when(traits: ["PAM"])),
                .target(name: "CLDAP", condition: .when(traits: ["LDAP"])),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "Yams", package: "Yams"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ] + nio,
            swiftSettings: strict
        ),
        // Level 6.
        .executableTarget(
            name: "gatepost",
            dependencies: [
                "GatepostServer", "GatepostModel", "OAuthClient", "SMTPClient", "SMTP", "SASL", "SASLKerberos",
                "MailSyntax",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        // Times the audit trail: Scripts/audit-bench.
        .executableTarget(
            name: "AuditBenchmark",
            dependencies: ["GatepostSQLite", "GatepostModel", "MailSyntax", "SASL"],
            swiftSettings: strict
        ),
        .testTarget(name: "SMTPTests", dependencies: ["SMTP", "SASL", "MailSyntax"], swiftSettings: strict),
        .testTarget(
            name: "SMTPClientTests",
            dependencies: ["SMTPClient", "SMTP", "SASL", "MailSyntax"] + nio,
            swiftSettings: strict
        ),
        .testTarget(
            name: "OAuthClientTests",
            dependencies: ["OAuthClient", "SASL"],
            swiftSettings: strict
        ),
        .testTarget(name: "DNSTests", dependencies: ["DNS"], swiftSettings: strict),
        .testTarget(name: "DNSClientTests", dependencies: ["DNSClient", "DNS", "CUnbound"], swiftSettings: strict),
        .testTarget(name: "MailSyntaxTests", dependencies: ["MailSyntax"], swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["gatepost", "SASLKerberos", "SASL", .product(name: "Crypto", package: "swift-crypto")],
            exclude: ["Programs"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SMTPServerTests",
            dependencies: [
                "SMTPServer", "SMTP", "SASL", "MailSyntax",
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "Crypto", package: "swift-crypto"),
            ] + nio,
            swiftSettings: strict
        ),
        .testTarget(name: "MilterTests", dependencies: ["MailSyntax", "Milter"], swiftSettings: strict),
        .testTarget(name: "POP3Tests", dependencies: ["MailSyntax", "POP3", "SASL", "SMTP"], swiftSettings: strict),
        .testTarget(
            name: "MessageAuthenticationTests",
            dependencies: [
                "MessageAuthentication", "MailSyntax", "DNS",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ],
            exclude: ["Programs"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MessageReportsTests",
            dependencies: ["MessageReports", "MessageAuthentication", "MailSyntax"],
            swiftSettings: strict
        ),
        .testTarget(name: "SASLTests", dependencies: ["SASL"], swiftSettings: strict),
        .testTarget(name: "SASLKerberosTests", dependencies: ["SASLKerberos", "SASL"], swiftSettings: strict),
        .testTarget(
            name: "AuthenticationProtocolsTests",
            dependencies: ["AuthenticationProtocols", "SASL", "MailSyntax"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GatepostModelTests",
            dependencies: [
                "GatepostModel", "GatepostTesting", "DNS", "MailSyntax", "MessageAuthentication", "SASL", "SMTP",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GatepostSQLiteTests",
            dependencies: [
                "GatepostSQLite", "GatepostTesting", "GatepostModel", "MailSyntax", "SASL", "SMTP",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GatepostServerTests",
            dependencies: [
                "GatepostServer", "GatepostDelivery", "GatepostModel", "GatepostSQLite", "GatepostTesting",
                "MailSyntax", "MessageAuthentication", "MessageReports", "Milter", "DNS",
                "AuthenticationProtocols", "OAuthClient", "SASL", "SMTP",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ] + nio,
            swiftSettings: strict
        ),
        .testTarget(
            name: "CommandLineTests",
            dependencies: ["gatepost", "GatepostServer"],
            exclude: ["Snapshots"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GatepostDeliveryTests",
            dependencies: [
                "GatepostDelivery", "GatepostModel", "SMTPClient", "DNS", "MailSyntax", "SMTP", "SASL",
            ] + nio,
            swiftSettings: strict
        ),
    ]
)
