// swift-tools-version: 6.1

import PackageDescription

/// libFuzzer targets. `Fuzz/run` builds and runs them; see there.
let package = Package(
    name: "gatepost-fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "gatepost", path: "..")
    ],
    targets: [
        .executableTarget(
            name: "fuzz",
            dependencies: [
                .product(name: "AuthenticationProtocols", package: "gatepost"),
                .product(name: "DNS", package: "gatepost"),
                .product(name: "MailSyntax", package: "gatepost"),
                .product(name: "MessageAuthentication", package: "gatepost"),
                .product(name: "Milter", package: "gatepost"),
                .product(name: "MessageReports", package: "gatepost"),
                .product(name: "SASL", package: "gatepost"),
                .product(name: "SMTP", package: "gatepost"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("ExistentialAny"),
                // libFuzzer brings `main`.
                .unsafeFlags(["-parse-as-library"]),
            ]
        )
    ]
)
