import SMTP
import SMTPServer
import Testing

@Suite("Dialogs of Tests/Dialogs")
struct DialogTests {
    @Test("there are some")
    func found() {
        #expect(DialogFiles.names.count > 30)
    }

    @Test("in memory, written in one piece", arguments: DialogFiles.names)
    func memory(_ name: String) async throws {
        try await Self.inMemory(name, .whole)
    }

    @Test("in memory, octet by octet", arguments: DialogFiles.names)
    func memoryOctets(_ name: String) async throws {
        try await Self.inMemory(name, .octetByOctet)
    }

    @Test("over a listener, answers at once", arguments: DialogFiles.names)
    func listener(_ name: String) async throws {
        try await Self.overListener(name, .whole, .now)
    }

    @Test("over a listener, answers later", arguments: DialogFiles.names)
    func listenerLater(_ name: String) async throws {
        try await Self.overListener(name, .whole, .later)
    }

    @Test("over a listener, octet by octet, answers later", arguments: DialogFiles.names)
    func listenerOctets(_ name: String) async throws {
        try await Self.overListener(name, .octetByOctet, .later)
    }

    private static func inMemory(_ name: String, _ delivery: DialogRunner.Delivery) async throws {
        let script = try DialogFiles.load(name)
        if script.isWholeOnly, delivery == .octetByOctet { return }
        let service = ScriptedService(script.answers)
        let connection = MemoryConnection(script.session, service: service)
        var runner = DialogRunner(script, over: connection, service: service, delivery: delivery)
        try await runner.run()
        #expect(connection.output.isEmpty, "replies that nobody asked for")
    }

    private static func overListener(
        _ name: String,
        _ delivery: DialogRunner.Delivery,
        _ pace: ScriptedService.Pace
    ) async throws {
        let script = try DialogFiles.load(name)
        if script.isWholeOnly, delivery == .octetByOctet { return }
        let service = ScriptedService(script.answers, pace: pace)
        let server = try await TestListener.start(script.session, service: service)
        let connection = try await server.connect()
        var runner = DialogRunner(script, over: connection, service: service, delivery: delivery)
        try await runner.run()
        try await connection.close()
        await server.stop()
    }
}
