# submit.pl PORT starttls|implicit CA MECHANISM USER SENDER RECIPIENT FILE: Net::SMTP with Authen::SASL, as a program
# uses them.
#
# The password is in SUBMIT_PASSWORD; SUBMIT_CERTIFICATE and SUBMIT_KEY name the client's certificate. Prints the dialog;
# exits 1 when the server refused something.
use strict;
use warnings;
use Authen::SASL qw(Perl);
use Net::SMTP;

my ($port, $transport, $authority, $mechanism, $user, $sender, $recipient, $file) = @ARGV;
my %tls = (SSL_ca_file => $authority, SSL_verifycn_name => 'localhost');
if (exists $ENV{SUBMIT_CERTIFICATE}) {
    $tls{SSL_cert_file} = $ENV{SUBMIT_CERTIFICATE};
    $tls{SSL_key_file}  = $ENV{SUBMIT_KEY};
}
open my $message, '<:raw', $file or die "$file: $!";
my $text = do { local $/; <$message> };
$text =~ s/\r\n/\n/g;

my $client = Net::SMTP->new('localhost', Port => $port, Debug => 1, Timeout => 30, SSL => $transport eq 'implicit', %tls)
    or die "no connection: $@";
sub check { $_[0] or do { print $client->code, ' ', $client->message; $client->quit; exit 1 } }
check($client->starttls(%tls)) if $transport eq 'starttls';
my $sasl = Authen::SASL->new(
    mechanism => $mechanism,
    callback  => { user => $user, pass => $ENV{SUBMIT_PASSWORD}, authname => $mechanism eq 'EXTERNAL' ? '' : $user },
);
check($client->auth($sasl));
check($client->mail($sender, Bits => 8));
check($client->to($recipient));
check($client->data($text));
print $client->message;
$client->quit;
