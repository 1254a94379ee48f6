import GatepostModel
import GatepostTesting
import Testing

@Suite("Greylisting")
struct GreylistTests {
    private let clock = MockClock()

    private func decide(
        _ list: inout Greylist,
        _ origin: String = "192.0.2",
        _ sender: String = "a@b.example"
    )
        -> Greylist.Decision
    {
        list.decide(origin: origin, sender: sender, recipient: "alice@example.org", now: self.clock.now())
    }

    @Test("a stranger waits, comes back, and is known from then on")
    func comesBack() {
        var list = Greylist(Configuration.Reception.Greylisting())
        #expect(self.decide(&list) == .wait(.seconds(300)))
        self.clock.advance(by: .seconds(100))
        #expect(self.decide(&list) == .wait(.seconds(200)))
        self.clock.advance(by: .seconds(200))
        #expect(self.decide(&list) == .accepted)
        #expect(self.decide(&list, "192.0.2", "other@b.example") == .accepted)
        #expect(self.decide(&list, "198.51.100") == .wait(.seconds(300)))
    }

    @Test("another sender or recipient of a stranger is another first try")
    func triplets() {
        var list = Greylist(Configuration.Reception.Greylisting())
        _ = self.decide(&list)
        self.clock.advance(by: .seconds(300))
        #expect(self.decide(&list, "192.0.2", "other@b.example") == .wait(.seconds(300)))
    }

    @Test("who comes back too late begins anew, and who was not seen for long is forgotten")
    func forgets() {
        var list = Greylist(Configuration.Reception.Greylisting())
        _ = self.decide(&list)
        self.clock.advance(by: .seconds(2 * 86_400 + 1))
        #expect(self.decide(&list) == .wait(.seconds(300)))
        self.clock.advance(by: .seconds(300))
        #expect(self.decide(&list) == .accepted)
        self.clock.advance(by: .seconds(35 * 86_400 + 1))
        #expect(self.decide(&list) == .wait(.seconds(300)))
    }

    @Test("a clock that goes back does not let anybody in")
    func clockGoesBack() {
        var list = Greylist(Configuration.Reception.Greylisting())
        _ = self.decide(&list)
        self.clock.advance(by: .seconds(-1000))
        #expect(self.decide(&list) == .wait(.seconds(300)))
    }
}
