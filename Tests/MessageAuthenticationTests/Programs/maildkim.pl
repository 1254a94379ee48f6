# Mail::DKIM as a peer of the DKIM interoperability tests; see dkimpy.py for what it is asked and how it answers.
use strict;
use warnings;
use File::Basename;
use Mail::DKIM::ARC::Verifier;
use Mail::DKIM::DNS;
use Mail::DKIM::PrivateKey;
use Mail::DKIM::Signer;
use Mail::DKIM::Verifier;
use Net::DNS;

my ($verb, @arguments) = @ARGV;

# Answers from the zone file what the resolver would be asked.
package LocalResolver {
    sub new { my ($class, $path) = @_;
        my %zone;
        open my $file, '<', $path or die "$path: $!";
        while (<$file>) { chomp; my ($name, $text) = split / /, $_, 2; $zone{lc $name} = $text; }
        return bless { zone => \%zone }, $class;
    }
    sub send { my ($self, $name, $type) = @_;
        my $packet = Net::DNS::Packet->new($name, 'TXT', 'IN');
        my $text = $self->{zone}{ lc $name };
        if (defined $text) {
            my @strings = $text =~ /(.{1,255})/gs;
            $packet->push(answer => Net::DNS::RR->new(name => $name, type => 'TXT', txtdata => [@strings]));
        } else {
            $packet->header->rcode('NXDOMAIN');
        }
        return $packet;
    }
    sub errorstring { return 'NXDOMAIN' }
}

sub slurp { my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: $!";
    local $/;
    return scalar <$file>;
}

if ($verb eq 'verify' or $verb eq 'arc') {
    Mail::DKIM::DNS::resolver(LocalResolver->new(shift @arguments));
    for my $path (@arguments) {
        my $verifier = $verb eq 'arc' ? Mail::DKIM::ARC::Verifier->new : Mail::DKIM::Verifier->new;
        $verifier->PRINT(slurp($path));
        $verifier->CLOSE;
        my @results = $verb eq 'arc' ? ($verifier->result) : map { $_->result } $verifier->signatures;
        print join(' ', basename($path), @results), "\n";
    }
} else {
    for (split /\n/, slurp($arguments[0])) {
        my ($path, $key, $algorithm, $canonicalization, $selector, $out) = split / /;
        my $signer = Mail::DKIM::Signer->new(
            Algorithm => $algorithm,
            Method => $canonicalization,
            Domain => 'example.org',
            Selector => $selector,
            Key => Mail::DKIM::PrivateKey->load(File => $key),
        );
        my $message = slurp($path);
        $signer->PRINT($message);
        $signer->CLOSE;
        open my $file, '>:raw', $out or die "$out: $!";
        print $file $signer->signature->as_string, "\r\n", $message;
    }
}
