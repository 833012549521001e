use lib 't/lib';
use strict;
use warnings;
use IO::Socket::SSL;
use Test::More;
use Engine;
use Receiver;

# mllp_pass over TLS: mutual TLS, verification of the receiver, its name, and
# kept connections.

sub served;
sub refused;
sub checked;

$SIG{PIPE} = 'IGNORE';

# the certificates are there once nginx is: receivers look at them when used

my (%server, %mutual, %name);

my $his = Receiver->new(SSL_verify_mode => 0);
my $strict = Receiver->new(SSL_verify_mode => 0);

my $port = $his->port;
my $mutual = $strict->port;

# NGINX itself says so of a certificate that is missed after the handshake

my $allow = qr/SSL_read\(\) failed .* alert certificate required/;

# NGINX keeps the session of a peer when it exits: a leak to LeakSanitizer

my $reuse = $ENV{TEST_NGINX_LOAD_MODULES} ? 'on' : 'off';

my $ngx = Engine->start(allow => $allow, http => <<"EOH");
    upstream kept { server 127.0.0.1:$port; keepalive 4; }

    mllp_ssl_trusted_certificate %%CERT:server%%.crt;

    server {
        listen 127.0.0.1:%%HTTP%%;
        mllp_ssl on;
        mllp_ssl_session_reuse $reuse;
        mllp_read_timeout 2s;

        location /plain { mllp_ssl off; mllp_pass 127.0.0.1:$port; }
        location /tls { mllp_pass 127.0.0.1:$port; }
        location /kept { mllp_pass kept; }

        location /verify {
            mllp_ssl_verify on;
            mllp_ssl_name server;
            mllp_ssl_server_name on;
            mllp_pass 127.0.0.1:$port;
        }

        location /verify/name {
            mllp_ssl_verify on;
            mllp_ssl_name another;
            mllp_pass 127.0.0.1:$port;
        }

        location /verify/stranger {
            mllp_ssl_verify on;
            mllp_ssl_name server;
            mllp_ssl_trusted_certificate %%CERT:stranger%%.crt;
            mllp_pass 127.0.0.1:$port;
        }

        location /mutual {
            mllp_ssl_certificate %%CERT:client%%;
            mllp_ssl_certificate_key %%CERT:client%%;
            mllp_ssl_protocols TLSv1.2;
            mllp_ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;
            mllp_pass 127.0.0.1:$mutual;
        }

        location /mutual/variable {
            mllp_ssl_certificate %%DIR%%/conf/\$arg_who.pem;
            mllp_ssl_certificate_key %%DIR%%/conf/\$arg_who.pem;
            mllp_pass 127.0.0.1:$mutual;
        }

        location /mutual/none { mllp_pass 127.0.0.1:$mutual; }
    }
EOH

%server = (SSL_cert_file => $ngx->cert('server'),
           SSL_key_file => $ngx->cert('server'));

$his->{tls} = { %server, SSL_server => 1 };
$strict->{tls} = {
    %server,
    SSL_ca_file => $ngx->cert('client'),
    SSL_verify_mode => SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
};

my ($c, $request, $text);


# TLS

$c = served($his, '/tls', 'A1');
like($c->{sock}->get_sslversion, qr/^TLSv1_[23]$/, 'TLS, 1.2 at least');
$c->close;

$request = post($ngx->port('HTTP'), '/tls', message('A2', map {
    "NTE|$_||" . 'x' x 900
} 1 .. 900));
$c = $his->accept;
is(length($text = $c->read), length message('A2', map {
    "NTE|$_||" . 'x' x 900
} 1 .. 900), 'a large message');
$c->send(ack('A2', 'AA', 'NTE|1||' . 'y' x 60000));
is(length answer($request)->{body},
   1 + length ack('A2', 'AA', 'NTE|1||' . 'y' x 60000),
   'and acknowledgement');
$c->close;

$request = post($ngx->port('HTTP'), '/tls', message('A3'));
$c = $his->accept;
$c->read;
$c->close;
is(answer($request)->{status}, 504, 'closed after it was sent');

$request = post($ngx->port('HTTP'), '/plain', message('A4'));
is(checked($his), 0, 'not without TLS: mllp_ssl off');
is(answer($request)->{status}, 504, 'which gets no acknowledgement');


# kept

$c = served($his, '/kept', 'B1');

for my $id ('B2', 'B3') {
    $request = post($ngx->port('HTTP'), '/kept', message($id));
    is(field($c->read, 'MSH-10'), $id, "$id: over the connection that is kept");
    $c->send(ack($id, 'AA'));
    is(answer($request)->{status}, 200, "$id: acknowledged");
}

$request = post($ngx->port('HTTP'), '/kept', message('B4'));
$c->read;
$c->send(ack('old', 'AE'), ack('B4', 'AR'));
is(answer($request)->{status}, 503, 'B4: a late one is dropped');
ok(!$his->pending, 'it is one connection');
$c->close;

$c = served($his, '/kept', 'B5');
pass('a new one when it is closed');
$c->close;


# the receiver is who it should be

$c = served($his, '/verify', 'C1');
is($c->{sock}->get_servername, 'server', 'it is told the name');
$c->close;

refused($his, '/verify/name', 'another name');
refused($his, '/verify/stranger', 'a certificate that is not trusted');


# and so are we

$c = served($strict, '/mutual', 'D1');
is($c->{sock}->peer_certificate('cn'), 'client', 'our certificate');
is($c->{sock}->get_cipher, 'ECDHE-RSA-AES128-GCM-SHA256', 'and cipher');
is($c->{sock}->get_sslversion, 'TLSv1_2', 'and protocol');
$c->close;

$c = served($strict, '/mutual/variable?who=client', 'D2');
is($c->{sock}->peer_certificate('cn'), 'client', 'one by a variable');
$c->close;

refused($strict, '/mutual/variable?who=stranger', 'a strange one');
refused($strict, '/mutual/none', 'none');

wait_for {
    $ngx->log =~ /upstream SSL certificate verify error: \(18:/
    && $ngx->log =~ /upstream SSL certificate does not match "another"/
} 'what is said of it in the log';
pass('logged');

$ngx->stop;

done_testing();


sub served {
    my ($receiver, $uri, $id) = @_;

    my $sock = post($ngx->port('HTTP'), $uri, message($id));
    my $conn = $receiver->accept or die "$id: TLS: $SSL_ERROR\n";

    is(field($conn->read, 'MSH-10'), $id, "$id: the message");
    $conn->send(ack($id, 'AA'));
    is(answer($sock)->{status}, 200, "$id: acknowledged");

    return $conn;
}


# with TLS 1.3 the receiver may only learn of it after its handshake

sub refused {
    my ($receiver, $uri, $name) = @_;

    my $sock = post($ngx->port('HTTP'), $uri, message('REFUSED'));
    my $text = checked($receiver);

    is($text, 0, "$name: nothing is sent, or nobody hears it");
    like(answer($sock)->{status}, qr/^50[24]$/, "$name: refused");
}


# whether a message came

sub checked {
    my ($receiver) = @_;

    my $conn = $receiver->accept or return 0;
    my $text = eval { $conn->read } // '';

    $conn->close;

    return $text =~ /^MSH/ ? 1 : 0;
}
