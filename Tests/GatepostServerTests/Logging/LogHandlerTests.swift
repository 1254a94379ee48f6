import GatepostModel
import GatepostServer
import Logging
import Synchronization
import Testing

private struct FixedClock: WallClock {
    func now() -> Timestamp { Timestamp(milliseconds: 1_795_500_000_120) }
}

private final class Lines: LogOutput {
    let text = Mutex("")

    func write(_ line: String) { self.text.withLock { $0 += line } }
    var all: String { self.text.withLock { $0 } }
}

@Suite("Log formats")
struct LogHandlerTests {
    private func log(_ format: Configuration.Log.Format, _ body: (Logger) -> Void) -> String {
        let lines = Lines()
        body(Configuration.Log(level: .info, format: format).logger(clock: FixedClock(), output: lines))
        return lines.all
    }

    @Test("text: one event one line, fields by name, peers' words quoted and escaped")
    func text() {
        let text = self.log(.text) { logger in
            logger.info("login", metadata: ["b": "x y", "a": "1", "c": "e\r\nfaked \"q\" \u{1B}[31m \u{2028}é"])
            logger.debug("below the level")
        }
        #expect(
            text
                == #"2026-11-24T06:00:00.120Z info gatepost: login a=1 b="x y" c="e\r\nfaked \"q\" \u001b[31m \u2028é""#
                + "\n"
        )
    }

    @Test("JSON: one event one line, types kept")
    func json() {
        let text = self.log(.json) { logger in
            logger.error(
                "bad \"thing\"",
                metadata: ["n": .stringConvertible(7), "t": .stringConvertible(true), "l": ["a", "b\n"], "level": "x"]
            )
        }
        #expect(
            text
                == #"{"time":"2026-11-24T06:00:00.120Z","level":"error","logger":"gatepost","message":"bad \"thing\"","l":["a","b\n"],"level_":"x","n":7,"t":true}"#
                + "\n"
        )
    }
}
