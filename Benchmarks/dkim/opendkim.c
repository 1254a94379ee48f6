/*
 * How much DKIM a second of processor time buys with OpenDKIM's library: the same messages and the same lines of output as
 * Benchmarks/DKIMComparison.
 *
 *   opendkim KEY ZONE SECONDS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <stdbool.h>
#include <opendkim/dkim.h>

static const char *const fields[] = {
    "From: Ann <ann@example.org>",
    "To: bob@example.net, carol@example.net",
    "Subject: How much DKIM a second buys",
    "Date: Tue, 24 Nov 2026 06:45:00 +0000",
    "Message-ID: <20261124064500.1@example.org>",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
};
static const char line[] = "The quick brown fox jumps over the lazy dog, and runs on to the end of it.\r\n";

static DKIM_LIB *library;
static char *chunk;
static size_t chunk_length, chunk_count;
static char key[8192], signature[4096];

static void fail(const char *what) { fprintf(stderr, "opendkim: %s\n", what); exit(1); }

static double processor_time(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void feed(DKIM *message)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (dkim_header(message, (u_char *)fields[i], strlen(fields[i])) != DKIM_STAT_OK) fail("header");
    if (dkim_eoh(message) != DKIM_STAT_OK) fail("end of header");
    for (size_t i = 0; i < chunk_count; i++)
        if (dkim_body(message, (u_char *)chunk, chunk_length) != DKIM_STAT_OK) fail("body");
    if (dkim_eom(message, NULL) != DKIM_STAT_OK) fail("end of message");
}

static void sign(void)
{
    DKIM_STAT status;
    DKIM *message = dkim_sign(library, (u_char *)"bench", NULL, (u_char *)key, (u_char *)"bench", (u_char *)"example.org",
                              DKIM_CANON_RELAXED, DKIM_CANON_RELAXED, DKIM_SIGN_RSASHA256, -1, &status);
    u_char *value;
    size_t length;
    if (message == NULL) fail("sign");
    feed(message);
    if (dkim_getsighdr_d(message, strlen("DKIM-Signature: "), &value, &length) != DKIM_STAT_OK) fail("signature");
    snprintf(signature, sizeof signature, "DKIM-Signature: %s", (char *)value);
    dkim_free(message);
}

static void verify(void)
{
    DKIM_STAT status;
    DKIM *message = dkim_verify(library, (u_char *)"bench", NULL, &status);
    if (message == NULL) fail("verify");
    if (dkim_header(message, (u_char *)signature, strlen(signature)) != DKIM_STAT_OK) fail("signature field");
    feed(message);
    dkim_free(message);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = { 4096, 10485760, 104857600 };
    dkim_query_t method = DKIM_QUERY_FILE;
    if (argc != 4) fail("KEY ZONE SECONDS");
    FILE *file = fopen(argv[1], "r");
    if (file == NULL || fread(key, 1, sizeof key - 1, file) == 0) fail("key");
    library = dkim_init(NULL, NULL);
    dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_QUERYMETHOD, &method, sizeof method);
    dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_QUERYINFO, argv[2], strlen(argv[2]) + 1);
    for (size_t s = 0; s < 3; s++) {
        size_t total = sizes[s], lines = (total < 65536 ? total : 65536) / (sizeof line - 1);
        chunk_length = lines * (sizeof line - 1);
        chunk = malloc(chunk_length + 1);
        for (size_t i = 0; i < lines; i++) memcpy(chunk + i * (sizeof line - 1), line, sizeof line);
        chunk_count = total / chunk_length > 0 ? total / chunk_length : 1;
        sign();
        for (int v = 0; v < 2; v++) {
            long count = 0;
            double start = processor_time(), spent = 0;
            while (spent < atof(argv[3])) {
                for (int i = 0; i < (total < 100000 ? 50 : 1); i++, count++) v == 0 ? sign() : verify();
                spent = processor_time() - start;
            }
            struct rusage usage;
            getrusage(RUSAGE_SELF, &usage);
            printf("opendkim %s %zu %.2f %ld\n", v == 0 ? "sign" : "verify", total, count / spent, usage.ru_maxrss);
            fflush(stdout);
        }
        free(chunk);
    }
    return 0;
}
