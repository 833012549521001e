# OAuth 2 with a real provider, glewlwyd, and tokens that live for 5 seconds:
# they are renewed while deliveries go on, once per worker; without the
# provider deliveries wait.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes 'sleep';
use Engine;
use ErpTest qw(drained number sql);
use Glewlwyd;

plan skip_all => 'no glewlwyd' if !Glewlwyd->there;

sub deliver;
sub journal;
sub tokens;
sub ask;

$Mllp::Timeout = 60 if $Mllp::Timeout < 60;

my $workers = 2;
my $provider = Glewlwyd->start("$Mllp::Prefix-glewlwyd", life => 5);
my $journal = "$Mllp::Prefix-glewlwyd/journal";

# an ERP that looks at each token itself, and keeps a journal: id of the
# token, when it was issued, status, attempt, idempotency key

my $erp = Engine->backend(sub {
    my ($sock, $request) = @_;
    my %h = $request =~ /^([\w-]+): (.*)\r$/mg;

    my ($token) = ($h{Authorization} // '') =~ /^Bearer (\S+)$/;
    my $claims = $provider->claims($token) // {};
    my $good = ($claims->{scope} // '') eq $provider->scope
               && $claims->{exp} > time;

    open my $file, '>>', $journal;
    syswrite $file, join("\t", $claims->{jti} // '', $claims->{iat} // 0,
                         $good ? 201 : 401, $h{'X-Attempt'} // '',
                         $h{'Idempotency-Key'} // '', $token // '') . "\n";

    print $sock 'HTTP/1.0 ' . ($good ? '201 Created' : '401 Unauthorized')
                . "\r\nContent-Length: 0\r\n\r\n";
});

my $ngx = Engine->start(
    workers => $workers,
    files => { 'keys/client' => $provider->secret . "\n" },
    stream => 'server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie /in; }',
    http => <<"EOF");
    erp_store path=%%DIR%%/store min_free=1m ballast=1m;

    server {
        server_name hie;
        mllp_only;

        location = /in { erp_send /erp; }

        location = /erp {
            internal;
            erp_auth    oauth2 /token client_id=@{[$provider->client]}
                        client_secret_file=keys/client
                        scope=@{[$provider->scope]};
            erp_limit   concurrency=8;
            erp_retry   base=50ms max=500ms;
            erp_breaker consecutive=5 open=200ms max_open=500ms;

            proxy_set_header X-Attempt \$erp_attempt;
            proxy_pass  http://127.0.0.1:$erp/post;
        }

        location = /token {
            internal;
            proxy_pass @{[$provider->url]};
        }
    }
EOF

ErpTest->of($ngx);

my $mllp = $ngx->client('MLLP');
my $sent = 0;


# some renewals by each worker, as long as that may take

wait_for {
    deliver;
    sleep 0.1;
    tokens >= 4 * $workers;
} 'the renewals';

drained;

is(number('delivery WHERE state = 2'), $sent,
   'all is delivered');
is((sql('SELECT max(attempts) FROM delivery'))[0], 1,
   'a token that has ended in the meantime uses up no attempt');
is(scalar(grep { $_->{status} == 201 } journal), $sent, 'each once');

my %key = map { $_->{key} => 1 } journal;
is(scalar(keys %key), $sent, 'by keys of their own');

# a worker has another token when it is time for it, and asks for one only: so
# this many tokens have been issued in a time that no token is renewed in

my @issued = sort { $a <=> $b } map { $_->{issued} } tokens;
my @close = grep { $issued[$_] - $issued[$_ - $workers] < 2 }
                 $workers .. $#issued;

is_deeply(\@close, [], 'a token per worker and renewal') or diag("@issued");

# the ERP is as strict as it should be

my ($oldest) = sort { $a->{issued} <=> $b->{issued} } journal;

like(ask($oldest->{token}), qr/ 401 /, 'a token of before is refused');
like(ask('x' . $oldest->{token}), qr/ 401 /, 'and one of another signature');


# the provider is gone, and then the last of the tokens is

$provider->stop;

wait_for {
    deliver;
    sleep 0.1;
    number('attempt WHERE outcome = 3 AND status = 1');
} 'the end of the tokens';

deliver;

is((sql("SELECT max(attempts) FROM delivery WHERE ended IS NULL"))[0], 0,
   'no provider: no attempts are used up');
is(number('delivery WHERE state NOT IN (0, 1, 2)'), 0,
   'no provider: nothing is a dead letter');

$provider->again;
drained;

is(number('delivery WHERE state = 2'), $sent,
   'the provider is back: all is delivered');
is((sql('SELECT max(attempts) FROM delivery'))[0], 1,
   'the provider is back: in the first attempt that counts');
is(scalar(grep { $_->{status} == 201 } journal), $sent,
   'the provider is back: each once');

$ngx->stop;
$provider->stop;
done_testing();


# so many at once that each worker has some of them

sub deliver {
    my $n = 8;

    $mllp->send(map { hl7('ADT^A01', 'M' . ++$sent) } 1 .. $n);

    for (1 .. $n) {
        my $code = field($mllp->read, 'MSA-1');

        die "not stored: $code\n" if $code ne 'AA';
    }
}


sub journal {
    open my $file, '<', $journal or return;

    return map {
        chomp;
        my %row;
        @row{qw(id issued status attempt key token)} = split /\t/, $_, -1;
        \%row
    } <$file>;
}


# the different ones that were used

sub tokens {
    my %seen;

    return grep { !$seen{$_->{id}}++ } journal;
}


sub ask {
    my ($token) = @_;
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $erp)
        or die "cannot connect: $!\n";

    print $sock "POST /post HTTP/1.0\r\nAuthorization: Bearer $token\r\n\r\n";

    local $/;
    return scalar <$sock>;
}
