import SASL
import SMTP

extension Dialog {
    /// Greeting, EHLO and HELO, QUIT.
    static let openings: [Dialog] = [
        Dialog(
            "EHLO and QUIT",
            """
            S: 220 mail.test ESMTP
            C: EHLO client.test
            S: 250-mail.test greets you
            S: 250-PIPELINING
            S: 250 SIZE 1000
            ! established
            > quit
            C: QUIT
            S: 221 2.0.0 Bye
            ! closed
            """
        ),
        Dialog(
            "a greeting of several lines",
            """
            S: 220-mail.test ESMTP
            S: 220-no unsolicited mail
            S: 220 really
            C: EHLO client.test
            S: 250 mail.test
            ! established
            """
        ),
        Dialog(
            "HELO after a permanent refusal of EHLO, RFC 5321 §3.2",
            """
            S: 220 mail.test SMTP
            C: EHLO client.test
            S: 502 5.5.1 what?
            C: HELO client.test
            S: 250 mail.test
            ! established
            """
        ),
        Dialog(
            "no HELO after a transient refusal of EHLO",
            """
            S: 220 mail.test
            C: EHLO client.test
            S: 421 4.3.2 later
            ! failed refused at EHLO
            """
        ),
        Dialog(
            "HELO refused as well",
            """
            S: 220 mail.test
            C: EHLO client.test
            S: 500 what?
            C: HELO client.test
            S: 550 go away
            ! failed refused at EHLO
            """
        ),
        Dialog(
            "LHLO, and no HELO for LMTP, RFC 2033 §4.1",
            protocol: .lmtp,
            """
            S: 220 mail.test LMTP
            C: LHLO client.test
            S: 500 what?
            ! failed refused at EHLO
            """
        ),
        Dialog("greeting 554", "S: 554 5.3.2 no service\n! failed refused at greeting"),
        Dialog("greeting 421", "S: 421 4.3.2 busy\n! failed refused at greeting"),
        Dialog("greeting 250", "S: 250 hello\n! failed unexpectedReply at greeting"),
        Dialog("drop before the greeting", "> drop\n! failed connectionClosed at greeting"),
        Dialog("no SMTP at all", "S: SSH-2.0-OpenSSH_9.2\n! failed malformed (not a reply) at greeting"),
        Dialog("first digit 1", "S: 120 wait\n! failed malformed (not a reply) at greeting"),
        Dialog(
            "codes of one reply differ",
            "S: 220-a\nS: 250 b\n! failed malformed (codes of one reply differ) at greeting"
        ),
        Dialog(
            "drop within the reply to EHLO",
            """
            S: 220 mail.test
            C: EHLO client.test
            S: 250-mail.test
            > drop
            ! failed connectionClosed at EHLO
            """
        ),
        Dialog(
            "421 between transactions",
            """
            S: 220 mail.test
            C: EHLO client.test
            S: 250 mail.test
            ! established
            > drop
            ! failed connectionClosed at idle
            """
        ),
        Dialog(
            "a reply nobody asked for",
            """
            S: 220 mail.test
            C: EHLO client.test
            S: 250 mail.test
            S: 250 mail.test
            ! established
            ! failed unexpectedReply at idle
            """
        ),
        Dialog(
            "drop in place of the reply to QUIT",
            """
            S: 220 mail.test
            C: EHLO client.test
            S: 250 mail.test
            ! established
            > quit
            C: QUIT
            > drop
            ! closed
            """
        ),
    ]

    /// STARTTLS, RFC 3207.
    static let startTLS: [Dialog] = [
        Dialog(
            "what was offered before TLS is forgotten, RFC 3207 §4.2",
            security: .required,
            """
            S: 220 mail.test
            C: EHLO client.test
            S: 250-mail.test
            S: 250-PIPELINING
            S: 250 STARTTLS
            C: STARTTLS
            S: 220 2.0.0 go ahead
            ! startTLS
            > tls
            C: EHLO client.test
            S: 250 mail.test
            ! established TLS
            > mail
            C: MAIL FROM:<a@client.test>
            """
        ),
        Dialog(
            "required and not offered",
            security: .required,
            "S: 220 mail.test\nC: EHLO client.test\nS: 250 mail.test\n! failed tlsNotOffered at EHLO"
        ),
        Dialog(
            "required, and the server knows only HELO",
            security: .required,
            """
            S: 220 mail.test
            C: EHLO client.test
            S: 500 what?
            C: HELO client.test
            S: 250 mail.test
            ! failed tlsNotOffered at EHLO
            """
        ),
        Dialog(
            "required and refused",
            security: .required,
            """
            S: 220 mail.test
            C: EHLO client.test
            S: 250-mail.test
            S: 250 STARTTLS
            C: STARTTLS
            S: 454 4.7.0 no certificate
            ! failed refused at STARTTLS
            """
        ),
        Dialog(
            "opportunistic and not offered",
            security: .opportunistic,
            "S: 220 mail.test\nC: EHLO client.test\nS: 250 mail.test\n! established"
        ),
        Dialog(
            "opportunistic and refused",
            security: .opportunistic,
            """
            S: 220 mail.test
            C: EHLO client.test
            S: 250-mail.test
            S: 250-PIPELINING
            S: 250 STARTTLS
            C: STARTTLS
            S: 454 4.7.0 no certificate
            ! established
            """
        ),
        Dialog(
            "never with none",
            security: .none,
            "S: 220 mail.test\nC: EHLO client.test\nS: 250-mail.test\nS: 250 STARTTLS\n! established"
        ),
        Dialog(
            "implicit",
            security: .implicit,
            """
            ! startTLS
            > tls
            S: 220 mail.test
            C: EHLO client.test
            S: 250 mail.test
            ! established TLS
            """
        ),
        Dialog(
            "implicit, handshake fails",
            security: .implicit,
            "! startTLS\n> tls-failed\n! failed tlsFailed at TLS handshake"
        ),
        Dialog(
            "the handshake fails",
            security: .opportunistic,
            """
            S: 220 mail.test
            C: EHLO client.test
            S: 250-mail.test
            S: 250 STARTTLS
            C: STARTTLS
            S: 220 go
            ! startTLS
            > tls-failed
            ! failed tlsFailed at TLS handshake
            """
        ),
    ]

    /// Octets in clear after the 220 to STARTTLS; the machine must not read them as if they came over TLS.
    static let injections: [Dialog] = [
        "250 injected", "250-mail.test\nS: 250 AUTH PLAIN", "2", "220 twice", "535 no", "\u{16}\u{3}\u{1}",
    ].map { injected in
        Dialog(
            "injected \(injected.debugDescription)",
            security: .required,
            """
            S: 220 mail.test
            C: EHLO client.test
            S: 250-mail.test
            S: 250 STARTTLS
            C: STARTTLS
            S: 220 go ahead
            S: \(injected)
            """
        )
    }

    /// Transactions; the server offers PIPELINING and SIZE where the name says so.
    static let transactions: [Dialog] = [
        Dialog(
            "without PIPELINING one by one",
            transaction: .sample(to: ["b@mail.test", "c@mail.test"]),
            plain
                + """
                > mail
                C: MAIL FROM:<a@client.test>
                S: 250 2.1.0 ok
                C: RCPT TO:<b@mail.test>
                S: 250 2.1.5 ok
                C: RCPT TO:<c@mail.test>
                S: 550 5.1.1 nobody
                C: DATA
                S: 354 go
                ! content
                > sent
                S: 250 2.0.0 queued
                ! ended ok 250, no 550 5.1.1 at RCPT TO
                """
        ),
        Dialog(
            "with PIPELINING in one write",
            transaction: .sample(to: ["b@mail.test", "c@mail.test"]),
            pipelining
                + """
                > mail
                C: MAIL FROM:<a@client.test> SIZE=10 | RCPT TO:<b@mail.test> | RCPT TO:<c@mail.test> | DATA
                S: 250 2.1.0 ok
                S: 250 2.1.5 ok
                S: 452 4.5.3 too many
                S: 354 go
                ! content
                > sent
                S: 250 2.0.0 queued
                ! ended ok 250, no 452 4.5.3 at RCPT TO
                > mail
                C: MAIL FROM:<a@client.test> SIZE=10 | RCPT TO:<b@mail.test> | RCPT TO:<c@mail.test> | DATA
                """
        ),
        Dialog(
            "all recipients refused, DATA refused: RSET comes with the next transaction",
            pipelining
                + """
                > mail
                C: MAIL FROM:<a@client.test> SIZE=10 | RCPT TO:<b@mail.test> | DATA
                S: 250 ok
                S: 550 5.1.1 nobody
                S: 554 5.5.1 no recipients
                ! ended no 550 5.1.1 at RCPT TO
                > mail
                C: RSET | MAIL FROM:<a@client.test> SIZE=10 | RCPT TO:<b@mail.test> | DATA
                S: 250 reset
                S: 250 ok
                S: 250 ok
                S: 354 go
                ! content
                """
        ),
        Dialog(
            "all recipients refused, DATA accepted: a lone dot, RFC 2920 §3.1",
            pipelining
                + """
                > mail
                C: MAIL FROM:<a@client.test> SIZE=10 | RCPT TO:<b@mail.test> | DATA
                S: 250 ok
                S: 550 5.1.1 nobody
                S: 354 go
                C: .
                S: 554 5.5.1 no recipients
                ! ended no 550 5.1.1 at RCPT TO
                """
        ),
        Dialog(
            "MAIL refused with PIPELINING",
            pipelining
                + """
                > mail
                C: MAIL FROM:<a@client.test> SIZE=10 | RCPT TO:<b@mail.test> | DATA
                S: 550 5.7.1 not you
                S: 503 5.5.1 no MAIL
                S: 503 5.5.1 no MAIL
                ! ended no 550 5.7.1 at MAIL FROM
                """
        ),
        Dialog(
            "MAIL refused without PIPELINING",
            plain
                + """
                > mail
                C: MAIL FROM:<a@client.test>
                S: 451 4.3.0 later
                ! ended no 451 4.3.0 at MAIL FROM
                > mail
                C: MAIL FROM:<a@client.test>
                """
        ),
        Dialog(
            "all recipients refused without PIPELINING: RSET first",
            plain
                + """
                > mail
                C: MAIL FROM:<a@client.test>
                S: 250 ok
                C: RCPT TO:<b@mail.test>
                S: 450 4.2.0 greylisted
                ! ended no 450 4.2.0 at RCPT TO
                > mail
                C: RSET
                S: 250 ok
                C: MAIL FROM:<a@client.test>
                S: 250 ok
                C: RCPT TO:<b@mail.test>
                """
        ),
        Dialog(
            "DATA refused",
            plain
                + """
                > mail
                C: MAIL FROM:<a@client.test>
                S: 250 ok
                C: RCPT TO:<b@mail.test>
                S: 250 ok
                C: DATA
                S: 451 4.3.0 full
                ! ended no 451 4.3.0 at DATA
                """
        ),
        Dialog(
            "content refused",
            pipelining
                + """
                > mail
                C: MAIL FROM:<a@client.test> SIZE=10 | RCPT TO:<b@mail.test> | DATA
                S: 250 ok
                S: 250 ok
                S: 354 go
                ! content
                > sent
                S: 554 5.6.0 spam
                ! ended no 554 5.6.0 at end of data
                > mail
                C: MAIL FROM:<a@client.test> SIZE=10 | RCPT TO:<b@mail.test> | DATA
                """
        ),
        Dialog(
            "a refusal within the content ends the connection too",
            pipelining
                + """
                > mail
                C: MAIL FROM:<a@client.test> SIZE=10 | RCPT TO:<b@mail.test> | DATA
                S: 250 ok
                S: 250 ok
                S: 354 go
                ! content
                S: 552 5.3.4 too much
                ! ended no 552 5.3.4 at end of data
                ! closed
                """
        ),
        Dialog(
            "an acceptance before the end of the content is a lie",
            pipelining
                + """
                > mail
                C: MAIL FROM:<a@client.test> SIZE=10 | RCPT TO:<b@mail.test> | DATA
                S: 250 ok
                S: 250 ok
                S: 354 go
                ! content
                S: 250 ok
                ! failed unexpectedReply at end of data [?]
                """
        ),
        Dialog(
            "421 for a recipient answers for those undecided",
            transaction: .sample(to: ["b@mail.test", "c@mail.test", "d@mail.test"]),
            pipelining
                + """
                > mail
                C: MAIL FROM:<a@client.test> SIZE=10 | RCPT TO:<b@mail.test> | RCPT TO:<c@mail.test> | RCPT TO:<d@mail.test> | DATA
                S: 250 ok
                S: 550 5.1.1 nobody
                S: 421 4.3.2 shutting down
                ! ended no 550 5.1.1 at RCPT TO, no 421 4.3.2 at RCPT TO, no 421 4.3.2 at RCPT TO
                ! closed
                """
        ),
        Dialog(
            "drop after the content: nobody knows",
            pipelining
                + """
                > mail
                C: MAIL FROM:<a@client.test> SIZE=10 | RCPT TO:<b@mail.test> | DATA
                S: 250 ok
                S: 250 ok
                S: 354 go
                ! content
                > sent
                > drop
                ! failed connectionClosed at end of data [?]
                """
        ),
        Dialog(
            "354 to MAIL is nonsense",
            plain + "> mail\nC: MAIL FROM:<a@client.test>\nS: 354 go\n! failed unexpectedReply at MAIL FROM [?]"
        ),
        Dialog(
            "RSET refused",
            plain
                + """
                > mail
                C: MAIL FROM:<a@client.test>
                S: 250 ok
                C: RCPT TO:<b@mail.test>
                S: 550 no
                ! ended no 550 at RCPT TO
                > mail
                C: RSET
                S: 500 what?
                ! failed refused at RSET [?]
                """
        ),
        Dialog(
            "BDAT waits for a recipient, RFC 3030",
            chunking
                + """
                > mail
                C: MAIL FROM:<a@client.test> | RCPT TO:<b@mail.test>
                S: 250 ok
                S: 250 ok
                ! content BDAT 10 LAST
                > sent
                S: 250 2.0.0 queued
                ! ended ok 250
                """
        ),
        Dialog(
            "BDAT without any recipient is not sent",
            chunking
                + """
                > mail
                C: MAIL FROM:<a@client.test> | RCPT TO:<b@mail.test>
                S: 250 ok
                S: 550 5.1.1 nobody
                ! ended no 550 5.1.1 at RCPT TO
                > mail
                C: RSET | MAIL FROM:<a@client.test> | RCPT TO:<b@mail.test>
                """
        ),
        Dialog(
            "BDAT refused leaves the transaction open",
            chunking
                + """
                > mail
                C: MAIL FROM:<a@client.test> | RCPT TO:<b@mail.test>
                S: 250 ok
                S: 250 ok
                ! content BDAT 10 LAST
                > sent
                S: 554 5.6.0 spam
                ! ended no 554 5.6.0 at end of data
                > mail
                C: RSET | MAIL FROM:<a@client.test> | RCPT TO:<b@mail.test>
                """
        ),
        Dialog(
            "DATA when the size is unknown, CHUNKING or not",
            transaction: .sample(size: nil),
            chunking + "> mail\nC: MAIL FROM:<a@client.test> | RCPT TO:<b@mail.test> | DATA"
        ),
        Dialog(
            "no recipient",
            transaction: .sample(to: []),
            plain + "> mail\n! ended "
        ),
    ]

    /// One reply for each accepted recipient after the content, RFC 2033 §4.2.
    static let lmtp: [Dialog] = [
        Dialog(
            "three recipients, one refused at RCPT, one after the content",
            protocol: .lmtp,
            transaction: .sample(to: ["b@mail.test", "c@mail.test", "d@mail.test"]),
            lmtpPipelining
                + """
                > mail
                C: MAIL FROM:<a@client.test> | RCPT TO:<b@mail.test> | RCPT TO:<c@mail.test> | RCPT TO:<d@mail.test> | DATA
                S: 250 ok
                S: 250 ok
                S: 550 5.1.1 nobody
                S: 250 ok
                S: 354 go
                ! content
                > sent
                S: 250 2.1.5 b
                S: 452 4.2.2 full
                ! ended ok 250, no 550 5.1.1 at RCPT TO, no 452 4.2.2 at end of data
                """
        ),
        Dialog(
            "drop between the replies: the first was delivered",
            protocol: .lmtp,
            transaction: .sample(to: ["b@mail.test", "c@mail.test"]),
            lmtpPipelining
                + """
                > mail
                C: MAIL FROM:<a@client.test> | RCPT TO:<b@mail.test> | RCPT TO:<c@mail.test> | DATA
                S: 250 ok
                S: 250 ok
                S: 250 ok
                S: 354 go
                ! content
                > sent
                S: 250 2.1.5 b
                > drop
                ! failed connectionClosed at end of data [ok 250, ?]
                """
        ),
        Dialog(
            "421 for the second reply",
            protocol: .lmtp,
            transaction: .sample(to: ["b@mail.test", "c@mail.test"]),
            lmtpPipelining
                + """
                > mail
                C: MAIL FROM:<a@client.test> | RCPT TO:<b@mail.test> | RCPT TO:<c@mail.test> | DATA
                S: 250 ok
                S: 250 ok
                S: 250 ok
                S: 354 go
                ! content
                > sent
                S: 250 2.1.5 b
                S: 421 4.3.2 shutting down
                ! ended ok 250, no 421 4.3.2 at end of data
                ! closed
                """
        ),
        Dialog(
            "354 without any recipient",
            protocol: .lmtp,
            lmtpPipelining
                + """
                > mail
                C: MAIL FROM:<a@client.test> | RCPT TO:<b@mail.test> | DATA
                S: 250 ok
                S: 550 5.1.1 nobody
                S: 354 go
                ! ended no 550 5.1.1 at RCPT TO
                ! closed
                """
        ),
    ]

    static let plain = """
        S: 220 mail.test
        C: EHLO client.test
        S: 250 mail.test
        ! established

        """
    static let pipelining = """
        S: 220 mail.test
        C: EHLO client.test
        S: 250-mail.test
        S: 250-PIPELINING
        S: 250 SIZE 1000
        ! established

        """
    static let chunking = """
        S: 220 mail.test
        C: EHLO client.test
        S: 250-mail.test
        S: 250-PIPELINING
        S: 250 CHUNKING
        ! established

        """
    static let lmtpPipelining = """
        S: 220 mail.test LMTP
        C: LHLO client.test
        S: 250-mail.test
        S: 250 PIPELINING
        ! established

        """
}
