#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#include <gssapi/gssapi_ext.h>

/* Swift 6 does not let a C global be read from concurrent code; these never change. */
static inline gss_OID gatepost_nt_hostbased_service(void) { return GSS_C_NT_HOSTBASED_SERVICE; }
static inline gss_OID gatepost_nt_user_name(void) { return GSS_C_NT_USER_NAME; }
