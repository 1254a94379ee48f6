import Benchmark

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .cpuTotal, .throughput],
        warmupIterations: 3,
        scalingFactor: .kilo,
        maxDuration: .seconds(3)
    )
    framingBenchmarks()
    commandBenchmarks()
    sessionBenchmarks()
    mechanismBenchmarks()
    kerberosBenchmarks()
    syntaxBenchmarks()
    dkimBenchmarks()
}
