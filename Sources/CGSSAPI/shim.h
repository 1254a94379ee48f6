#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#include <gssapi/gssapi_ext.h>
#include <krb5/krb5.h>

/* Swift 6 does not let a C global be read from concurrent code; these never change. */
static inline gss_OID gatepost_nt_hostbased_service(void) { return GSS_C_NT_HOSTBASED_SERVICE; }
static inline gss_OID gatepost_nt_user_name(void) { return GSS_C_NT_USER_NAME; }
static inline gss_OID gatepost_mech_krb5(void) { return gss_mech_krb5; }

/* Macros with arguments or casts, which Swift does not see. */
static inline OM_uint32 gatepost_calling_error(OM_uint32 status) { return GSS_CALLING_ERROR(status); }
static inline OM_uint32 gatepost_routine_error(OM_uint32 status) { return GSS_ROUTINE_ERROR(status); }
static inline int gatepost_is_error(OM_uint32 status) { return GSS_ERROR(status) != 0; }
static inline int gatepost_needs_more(OM_uint32 status) { return (status & GSS_S_CONTINUE_NEEDED) != 0; }
static inline int gatepost_is_defective_token(OM_uint32 status) { return GSS_ROUTINE_ERROR(status) == GSS_S_DEFECTIVE_TOKEN; }
/* A token of which nothing could be read: the failure has no reason. */
static inline int gatepost_is_unreadable(OM_uint32 status, OM_uint32 minor) {
    return GSS_ROUTINE_ERROR(status) == GSS_S_FAILURE && minor == 0;
}
/* A token of another mechanism than the one there are keys for. */
static inline int gatepost_is_foreign(OM_uint32 status) {
    OM_uint32 error = GSS_ROUTINE_ERROR(status);
    return error == GSS_S_NO_CRED || error == GSS_S_BAD_MECH;
}
/* The minor status of Kerberos 5 is its own error code. */
static inline int gatepost_is_clock_skew(OM_uint32 minor) {
    return minor == (OM_uint32)KRB5KRB_AP_ERR_SKEW || minor == (OM_uint32)KRB5KRB_AP_ERR_TKT_NYV;
}
/* Set on a token that came before, too late or out of order (RFC 2743, section 1.2.3). */
static inline int gatepost_is_misplaced(OM_uint32 status) {
    return (status & (GSS_S_DUPLICATE_TOKEN | GSS_S_OLD_TOKEN | GSS_S_UNSEQ_TOKEN | GSS_S_GAP_TOKEN)) != 0;
}
static inline OM_uint32 gatepost_initiator_flags(void) {
    return GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_INTEG_FLAG;
}
static inline int gatepost_has_integrity(OM_uint32 flags) { return (flags & GSS_C_INTEG_FLAG) != 0; }
static inline int gatepost_has_mutual(OM_uint32 flags) { return (flags & GSS_C_MUTUAL_FLAG) != 0; }
