extension Sequence<UInt8> {
    /// The first `maximum` octets at most.
    ///
    /// Callers are generic and not specialised for the sequence, so that taking octet by octet would cost a call each;
    /// contiguous storage is copied at once.
    func octets(upTo maximum: Int = .max) -> [UInt8] {
        self.withContiguousStorageIfAvailable { Array($0.prefix(maximum)) } ?? Array(self.prefix(maximum))
    }
}
