#if PAM
internal import CPAM

/// The functions of libpam that are called here.
struct PAMLibrary: Sendable {
    typealias Handle = OpaquePointer
    typealias Start =
        @convention(c) (
            UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<pam_conv>?, UnsafeMutablePointer<Handle?>?
        ) -> Int32
    typealias StartInDirectory =
        @convention(c) (
            UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<pam_conv>?, UnsafePointer<CChar>?,
            UnsafeMutablePointer<Handle?>?
        ) -> Int32

    let start: Start
    let startInDirectory: StartInDirectory
    let setItem: @convention(c) (Handle?, Int32, UnsafeRawPointer?) -> Int32
    let authenticate: @convention(c) (Handle?, Int32) -> Int32
    let accountManagement: @convention(c) (Handle?, Int32) -> Int32
    let end: @convention(c) (Handle?, Int32) -> Int32
    let errorText: @convention(c) (Handle?, Int32) -> UnsafePointer<CChar>?

    init() throws(SharedLibrary.Missing) {
        let library = try SharedLibrary(["libpam.so.0"])
        self.start = try library.function("pam_start")
        self.startInDirectory = try library.function("pam_start_confdir")
        self.setItem = try library.function("pam_set_item")
        self.authenticate = try library.function("pam_authenticate")
        self.accountManagement = try library.function("pam_acct_mgmt")
        self.end = try library.function("pam_end")
        self.errorText = try library.function("pam_strerror")
    }
}
#endif
