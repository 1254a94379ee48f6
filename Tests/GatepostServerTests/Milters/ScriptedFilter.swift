import Milter
import NIOCore
import NIOPosix
import Synchronization

/// A filter on a port of loopback that does what a test says.
final class ScriptedFilter: Sendable {
    enum Answer: Sendable {
        case packets([MilterPacket])
        /// Octets that may be anything.
        case raw([UInt8])
        case close
        /// Without end, as fast as they are taken.
        case endlessly(MilterPacket)
        case nothing
    }

    typealias Script = @Sendable (_ command: Character, _ data: [UInt8], _ connection: Int) -> Answer

    private let channel: any Channel
    private let log: Log

    /// - Parameter script: What is answered to each command; see ``usual(_:steps:)``.
    static func start(_ script: @escaping Script) async throws -> ScriptedFilter {
        let seen = Log()
        let counter = Counter()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { child in
                child.eventLoop.makeCompletedFuture {
                    try child.pipeline.syncOperations.addHandler(
                        FilterHandler(script: script, number: counter.next(), log: seen)
                    )
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedFilter(channel, seen)
    }

    private init(_ channel: any Channel, _ log: Log) {
        self.channel = channel
        self.log = log
    }

    var port: Int { self.channel.localAddress?.port ?? 0 }

    /// What was heard: the codes of the commands, one string for each connection; macros left out.
    var heard: [String] { self.log.commands.withLock { $0 } }

    /// The data of the commands with that code.
    func data(of code: Character) -> [String] {
        self.log.packets.withLock { packets in
            packets.filter { Character(Unicode.Scalar($0.code)) == code }.map {
                String(decoding: $0.data, as: UTF8.self)
            }
        }
    }

    func stop() async throws { try await self.channel.close() }

    /// Agrees to everything, and goes on.
    static func usual(_ code: Character, actions: MilterActions = .all, steps: MilterSteps = []) -> Answer {
        switch code {
        case "O":
            let data: [UInt32] = [6, actions.rawValue, steps.rawValue]
            return .packets([
                MilterPacket(
                    code: UInt8(ascii: "O"),
                    data: data.flatMap { value in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
                )
            ])
        case "A", "Q", "K", "D": return .nothing
        default: return .packets([MilterPacket(code: UInt8(ascii: "c"))])
        }
    }

    static func packet(_ code: Character, _ text: String = "") -> MilterPacket {
        MilterPacket(code: code.asciiValue ?? 0, data: Array(text.utf8))
    }

    static func numbered(_ code: Character, _ number: UInt8, _ text: String) -> MilterPacket {
        MilterPacket(code: code.asciiValue ?? 0, data: [0, 0, 0, number] + Array(text.utf8))
    }

    final class Log: Sendable {
        let commands = Mutex<[String]>([])
        let packets = Mutex<[MilterPacket]>([])
    }

    private final class Counter: Sendable {
        private let value = Atomic<Int>(0)
        func next() -> Int { self.value.add(1, ordering: .relaxed).oldValue }
    }
}

private final class FilterHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let script: ScriptedFilter.Script
    private let number: Int
    private let log: ScriptedFilter.Log
    private var decoder = MilterPacketDecoder()

    init(script: @escaping ScriptedFilter.Script, number: Int, log: ScriptedFilter.Log) {
        self.script = script
        self.number = number
        self.log = log
        log.commands.withLock { $0.append("") }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.decoder.receive(self.unwrapInboundIn(data).readableBytesView)
        while let packet = try? self.decoder.next() {
            let code = Character(Unicode.Scalar(packet.code))
            if code != "D" { self.log.commands.withLock { $0[self.number].append(code) } }
            self.log.packets.withLock { $0.append(packet) }
            switch self.script(code, packet.data, self.number) {
            case .packets(let packets): self.send(packets.flatMap(\.octets), context)
            case .raw(let octets): self.send(octets, context)
            case .close: context.close(promise: nil)
            case .endlessly(let packet): self.sendEndlessly(packet.octets, context)
            case .nothing: break
            }
        }
    }

    private func send(_ octets: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(bytes: octets)), promise: nil)
    }

    private func sendEndlessly(_ octets: [UInt8], _ context: ChannelHandlerContext) {
        let handler = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        // Several at a time, and a little later: a loop whose tasks make tasks looks at no socket any more, its other connections' either.
        let many = [[UInt8]](repeating: octets, count: max(1, 4096 / octets.count)).flatMap(\.self)
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(bytes: many))).whenSuccess {
            handler.value.1.eventLoop.scheduleTask(in: .milliseconds(1)) {
                let (filter, context) = handler.value
                filter.sendEndlessly(octets, context)
            }
        }
    }
}
