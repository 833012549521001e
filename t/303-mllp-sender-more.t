use lib 't/lib';
use strict;
use warnings;
use File::Path;
use Socket;
use Test::More;
use Engine;
use Receiver;

# mllp_pass of http{}: how long a connection may take, for how long other
# servers are tried, certificates that were revoked, and long chains of them.
# Without its directive each of the answers here would be another one, or none
# within the time that a test waits.

sub authority;
sub certificate;
sub openssl;
sub contents;
sub served;
sub refused;

$SIG{PIPE} = 'IGNORE';

my $ca = "$Mllp::Prefix-ca";

rmtree($ca);
mkpath($ca);


# a root, two authorities below it, and a receiver by each

authority 'root';
authority 'second', 'root';
authority 'third', 'second';

certificate 'good', 'root';
certificate 'revoked', 'root';
certificate 'deep', 'second';
certificate 'deeper', 'third', 'second';

openssl "ca -config $ca/root.cnf -revoke $ca/revoked.crt";
openssl "ca -config $ca/root.cnf -gencrl -out $ca/root.crl";


my %his = map {
    $_ => Receiver->new(SSL_cert_file => "$ca/$_.pem",
                        SSL_key_file => "$ca/$_.key", SSL_verify_mode => 0)
} qw(good revoked deep deeper);

my ($one, $two) = (Receiver->new, Receiver->new);

# nobody accepts from here, and its queue is full: it never answers a SYN

my $full = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
    or die "listen: $!\n";
listen $full, 0;

my @waiting = map {
    IO::Socket::INET->new(PeerAddr => '127.0.0.1', Blocking => 0,
                          PeerPort => $full->sockport)
} 1 .. 4;

my %port = (one => $one->port, two => $two->port, full => $full->sockport,
            map { $_ => $his{$_}->port } keys %his);

# sessions of TLS would be one more way to be accepted

my $tls = "mllp_ssl on; mllp_ssl_verify on; mllp_ssl_session_reuse off;"
          . "mllp_ssl_trusted_certificate $ca/root.crt;";

my $ngx = Engine->start(http => <<"EOH");
    log_format tries '\$arg_n|\$upstream_addr|\$upstream_status';

    upstream silent {
        server 127.0.0.1:$port{one} max_fails=0;
        server 127.0.0.1:$port{two} max_fails=0 backup;
    }

    server {
        listen 127.0.0.1:%%HTTP%%;
        access_log logs/tries.log tries;

        location /full {
            mllp_connect_timeout 300ms;
            mllp_pass 127.0.0.1:$port{full};
        }

        location /handshake {
            mllp_connect_timeout 300ms;
            mllp_ssl on;
            mllp_pass 127.0.0.1:$port{one};
        }

        location /tries {
            mllp_next_upstream timeout non_idempotent;
            mllp_next_upstream_timeout 10s;
            mllp_read_timeout 300ms;
            mllp_pass silent;

            location /tries/short {
                mllp_next_upstream_timeout 100ms;
                mllp_pass silent;
            }
        }

        location /tls/ {
            $tls

            location /tls/good { mllp_ssl_name good;
                                 mllp_pass 127.0.0.1:$port{good}; }
            location /tls/revoked { mllp_ssl_name revoked;
                                    mllp_pass 127.0.0.1:$port{revoked}; }
            location /tls/deep { mllp_ssl_name deep;
                                 mllp_pass 127.0.0.1:$port{deep}; }
            location /tls/deeper { mllp_ssl_name deeper;
                                   mllp_pass 127.0.0.1:$port{deeper}; }
        }

        location /crl/ {
            $tls
            mllp_ssl_crl $ca/root.crl;

            location /crl/good { mllp_ssl_name good;
                                 mllp_pass 127.0.0.1:$port{good}; }
            location /crl/revoked { mllp_ssl_name revoked;
                                    mllp_pass 127.0.0.1:$port{revoked}; }
        }

        location /depth/ {
            $tls

            location /depth/0 { mllp_ssl_verify_depth 0;
                                mllp_ssl_name deep;
                                mllp_pass 127.0.0.1:$port{deep}; }
            location /depth/2 { mllp_ssl_verify_depth 2;
                                mllp_ssl_name deeper;
                                mllp_pass 127.0.0.1:$port{deeper}; }
        }
    }
EOH

my ($c, $d, $request);


# mllp_connect_timeout, 60s if it is not heard of

is(answer(post($ngx->port('HTTP'), '/full', message('A1')))->{status}, 504,
   'a connection that does not come about');

$request = post($ngx->port('HTTP'), '/handshake', message('A2'));
$c = $one->accept;
is(answer($request)->{status}, 504, 'a handshake that does not end');
like($ngx->log, qr/timed out.* while SSL handshaking to upstream/,
     'and that was it');
$c->close;


# mllp_next_upstream_timeout: the first one has had all of it

$request = post($ngx->port('HTTP'), '/tries?n=long', message('B1'));
$c = $one->accept;
$d = $two->accept;
is(field($d->read, 'MSH-10'), 'B1', 'there is time for another server');
$d->send(ack('B1', 'AA'));
is(answer($request)->{status}, 200, 'which has taken it');
$_->close for $c, $d;

$request = post($ngx->port('HTTP'), '/tries/short?n=short', message('B2'));
$c = $one->accept;
is(answer($request)->{status}, 504, 'there is no time for another server');
ok(!$two->pending, 'which has heard nothing of it');
$c->close;

wait_for { contents($ngx->dir . '/logs/tries.log') =~ /^short/m } 'the log';
is(contents($ngx->dir . '/logs/tries.log'),
   "-|127.0.0.1:$port{full}|504\n-|127.0.0.1:$port{one}|504\n"
   . "long|127.0.0.1:$port{one}, 127.0.0.1:$port{two}|504, 200\n"
   . "short|127.0.0.1:$port{one}|504\n", 'both are in the log');


# mllp_ssl_crl: "certificate revoked"

served('/tls/good', 'good');
served('/tls/revoked', 'revoked');
served('/crl/good', 'good');
refused('/crl/revoked', 'revoked', '23');


# mllp_ssl_verify_depth: authorities between the receiver and the root, one if
# it is not heard of.  A longer chain is said to be that, or to have no end.

served('/tls/deep', 'deep');
refused('/tls/deeper', 'deeper', '20|22');
served('/depth/2', 'deeper');
refused('/depth/0', 'deep', '20|22');

$ngx->stop;
done_testing();


sub authority {
    my ($name, $by) = @_;

    openssl "req -new -newkey rsa:2048 -nodes -subj /CN=$name"
            . " -keyout $ca/$name.key -out $ca/$name.csr";
    put("$name.ext", "basicConstraints = critical, CA:true\n");
    sign($name, $by);
    put("$name.index", '');
    put("$name.cnf", <<EOF);
[ca]
default_ca = this
[this]
database = $ca/$name.index
certificate = $ca/$name.crt
private_key = $ca/$name.key
default_md = sha256
default_crl_days = 2
EOF
}


# by the first of these; with all of them but the root, as a server sends them

sub certificate {
    my ($name, @by) = @_;

    openssl "req -new -newkey rsa:2048 -nodes -subj /CN=$name"
            . " -keyout $ca/$name.key -out $ca/$name.csr";
    put("$name.ext", "subjectAltName = DNS:$name\n");
    sign($name, $by[0]);
    put("$name.pem", join '', map { contents("$ca/$_.crt") }
                              $name, grep { $_ ne 'root' } @by);
}


sub sign {
    my ($name, $by) = @_;

    openssl "x509 -req -days 2 -in $ca/$name.csr -extfile $ca/$name.ext"
            . " -out $ca/$name.crt"
            . ($by ? " -CA $ca/$by.crt -CAkey $ca/$by.key -CAcreateserial"
                   : " -signkey $ca/$name.key");
}


sub openssl {
    my ($command) = @_;

    system("openssl $command >>$ca/log 2>&1") == 0
        or die "openssl $command failed, see $ca/log\n";
}


sub put {
    my ($name, $text) = @_;

    open my $file, '>', "$ca/$name" or die "$name: $!\n";
    print $file $text;
    close $file;
}


sub contents {
    return Engine::contents($_[0]);
}


sub served {
    my ($uri, $name) = @_;

    my $sock = post($ngx->port('HTTP'), $uri, message('C'));
    my $conn = $his{$name}->accept or die "$uri: no TLS\n";

    is(field($conn->read, 'MSH-10'), 'C', "$uri: the message");
    $conn->send(ack('C', 'AA'));
    is(answer($sock)->{status}, 200, "$uri: acknowledged");
    $conn->close;
}


# with TLS 1.3 the receiver may only learn of it after its handshake

sub refused {
    my ($uri, $name, $why) = @_;

    my $sock = post($ngx->port('HTTP'), $uri, message('D'));
    my $conn = $his{$name}->accept;

    is($conn ? eval { $conn->read } // '' : '', '', "$uri: nothing is sent");
    is(answer($sock)->{status}, 502, "$uri: refused");
    like($ngx->log, qr/certificate verify error: \((?:$why):.*"POST $uri /,
         "$uri: error $why");
}
