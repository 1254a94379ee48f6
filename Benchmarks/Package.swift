// swift-tools-version: 6.1

import PackageDescription

/// Small benchmarks of the pure parts. `swift package benchmark` runs them; the whole server is measured by `peer`.
let package = Package(
    name: "gatepost-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "gatepost", path: ".."),
        // Without its default trait: counting allocations would need jemalloc.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "GatepostBenchmarks",
            dependencies: [
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "DNS", package: "gatepost"),
                .product(name: "MailSyntax", package: "gatepost"),
                .product(name: "MessageAuthentication", package: "gatepost"),
                .product(name: "SASL", package: "gatepost"),
                .product(name: "SASLKerberos", package: "gatepost"),
                .product(name: "SMTP", package: "gatepost"),
            ],
            path: "Benchmarks/GatepostBenchmarks",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        ),
        // Run by dkim/run beside OpenDKIM.
        .executableTarget(
            name: "DKIMComparison",
            dependencies: [
                .product(name: "DNS", package: "gatepost"),
                .product(name: "MailSyntax", package: "gatepost"),
                .product(name: "MessageAuthentication", package: "gatepost"),
            ],
            path: "Benchmarks/DKIMComparison"
        ),
    ]
)
