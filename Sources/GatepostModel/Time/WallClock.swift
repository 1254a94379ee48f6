/// Tells what time it is: the rules take moments as arguments, and those who run the rules ask a clock.
package protocol WallClock: Sendable {
    func now() -> Timestamp
}
