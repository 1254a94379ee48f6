#if LDAP
internal import CLDAP
internal import Glibc

/// The functions of libldap that are called here.
struct LDAPLibrary: Sendable {
    typealias Handle = OpaquePointer
    typealias Message = OpaquePointer
    typealias Control = UnsafeMutablePointer<LDAPControl>
    typealias Controls = UnsafeMutablePointer<Control?>
    typealias Text = UnsafeMutablePointer<CChar>
    typealias Texts = UnsafeMutablePointer<Text?>

    let initialize: @convention(c) (UnsafeMutablePointer<Handle?>?, UnsafePointer<CChar>?) -> Int32
    let setOption: @convention(c) (Handle?, Int32, UnsafeRawPointer?) -> Int32
    let getOption: @convention(c) (Handle?, Int32, UnsafeMutableRawPointer?) -> Int32
    let startTLS: @convention(c) (Handle?, Controls?, Controls?) -> Int32
    let bind:
        @convention(c) (
            Handle?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafeMutablePointer<berval>?, Controls?, Controls?,
            UnsafeMutablePointer<Int32>?
        ) -> Int32
    let result:
        @convention(c) (Handle?, Int32, Int32, UnsafeMutablePointer<timeval>?, UnsafeMutablePointer<Message?>?) -> Int32
    let parseResult:
        @convention(c) (
            Handle?, Message?, UnsafeMutablePointer<Int32>?, UnsafeMutablePointer<Text?>?, UnsafeMutablePointer<Text?>?,
            UnsafeMutablePointer<Texts?>?, UnsafeMutablePointer<Controls?>?, Int32
        ) -> Int32
    let search:
        @convention(c) (
            Handle?, UnsafePointer<CChar>?, Int32, UnsafePointer<CChar>?, Texts?, Int32, Controls?, Controls?,
            UnsafeMutablePointer<timeval>?, Int32, UnsafeMutablePointer<Message?>?
        ) -> Int32
    let firstEntry: @convention(c) (Handle?, Message?) -> Message?
    let nextEntry: @convention(c) (Handle?, Message?) -> Message?
    let distinguishedName: @convention(c) (Handle?, Message?) -> Text?
    let findControl: @convention(c) (UnsafePointer<CChar>?, Controls?, UnsafeMutablePointer<Controls?>?) -> Control?
    let parsePasswordPolicy:
        @convention(c) (
            Handle?, Control?, UnsafeMutablePointer<Int32>?, UnsafeMutablePointer<Int32>?, UnsafeMutablePointer<UInt32>?
        ) -> Int32
    let freeControls: @convention(c) (Controls?) -> Void
    let freeMessage: @convention(c) (Message?) -> Int32
    let freeMemory: @convention(c) (UnsafeMutableRawPointer?) -> Void
    let unbind: @convention(c) (Handle?, Controls?, Controls?) -> Int32
    let errorText: @convention(c) (Int32) -> UnsafePointer<CChar>?

    init() throws(SharedLibrary.Missing) {
        // OpenLDAP 2.6, 2.5 and 2.4, whose functions used here are the same.
        let library = try SharedLibrary(["libldap.so.2", "libldap-2.5.so.0", "libldap_r-2.4.so.2"])
        self.initialize = try library.function("ldap_initialize")
        self.setOption = try library.function("ldap_set_option")
        self.getOption = try library.function("ldap_get_option")
        self.startTLS = try library.function("ldap_start_tls_s")
        self.bind = try library.function("ldap_sasl_bind")
        self.result = try library.function("ldap_result")
        self.parseResult = try library.function("ldap_parse_result")
        self.search = try library.function("ldap_search_ext_s")
        self.firstEntry = try library.function("ldap_first_entry")
        self.nextEntry = try library.function("ldap_next_entry")
        self.distinguishedName = try library.function("ldap_get_dn")
        self.findControl = try library.function("ldap_control_find")
        self.parsePasswordPolicy = try library.function("ldap_parse_passwordpolicy_control")
        self.freeControls = try library.function("ldap_controls_free")
        self.freeMessage = try library.function("ldap_msgfree")
        self.freeMemory = try library.function("ldap_memfree")
        self.unbind = try library.function("ldap_unbind_ext_s")
        self.errorText = try library.function("ldap_err2string")
    }

    func text(of code: Int32) -> String {
        self.errorText(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
#endif
