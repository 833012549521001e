use lib 't/lib';
use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::SSL;
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;
use Engine;

# MLLP over TLS: the stock ssl directives of stream{}, mutual TLS, what a
# location knows of the connection, and how connections end.

sub refused;
sub small_window;

$SIG{PIPE} = "IGNORE";


# a backend that answers once for each byte in a pipe

pipe my $go, my $release or die "pipe: $!\n";

my $port = Engine->backend(sub {
    my ($sock) = @_;

    sysread $go, my $byte, 1;
    print $sock "HTTP/1.0 200 OK\r\n\r\n";
});

# NGINX itself says so of a client that is refused and still sends

my $allow = qr/SSL_shutdown\(\) failed .* while SSL handshaking/;

my $ngx = Engine->start(allow => $allow, stream => <<'EOF', http => <<"EOF2");
    ssl_certificate      %%CERT:server%%;
    ssl_certificate_key  %%CERT:server%%;
    ssl_protocols        TLSv1.2 TLSv1.3;

    log_format facts '$ssl_client_s_dn|$hl7_ssl_client_s_dn|'
                     '$hl7_ssl_client_verify|$hl7_ssl_protocol|$mllp_messages';
    access_log logs/sessions.log facts;

    server { listen 127.0.0.1:%%PLAIN%%; mllp_pass hie /hl7/; }
    server { listen 127.0.0.1:%%TLS%% ssl; mllp_pass hie /hl7/; }
    server { listen 127.0.0.1:%%SLOW%% ssl; mllp_pass hie /slow/; }

    server {
        listen 127.0.0.1:%%MUTUAL%% ssl;
        ssl_verify_client on;
        ssl_client_certificate %%CERT:client%%;
        mllp_pass hie /hl7/;
    }

    server {
        listen 127.0.0.1:%%OPTIONAL%% ssl;
        ssl_verify_client optional;
        ssl_client_certificate %%CERT:client%%;
        mllp_pass hie /verified/;
    }

    server {
        listen 127.0.0.1:%%SMALL%% ssl sndbuf=4k;
        mllp_pass hie /hl7/;
        mllp_max_size 1k;
    }
EOF
    log_format facts '\$hl7_control_id|\$hl7_ssl_protocol|\$hl7_ssl_cipher|'
                     '\$hl7_ssl_server_name|\$hl7_ssl_client_verify|'
                     '\$hl7_ssl_client_s_dn|\$hl7_ssl_client_i_dn|'
                     '\$hl7_ssl_client_serial|\$hl7_ssl_client_fingerprint';

    server {
        server_name hie;
        mllp_only;
        access_log logs/facts.log facts;

        location /hl7/ { return 200; }
        location /slow/ { proxy_pass http://127.0.0.1:$port; }

        location /verified/ {
            if (\$hl7_ssl_client_verify != SUCCESS) { return 403; }
            return 200;
        }
    }
EOF2

my $dir = $ngx->dir;

my %client = (SSL_cert_file => $ngx->cert('client'),
              SSL_key_file => $ngx->cert('client'));
my %stranger = (SSL_cert_file => $ngx->cert('stranger'),
                SSL_key_file => $ngx->cert('stranger'));

my ($c, $plain, $ssl, $fingerprint, @ids, @got);


# server TLS

$c = $ngx->client('TLS', SSL_hostname => 'mllp.hospital.test');
$c->send(hl7('ADT^A01', 'T1'));
is(field($c->read, 'MSA-2'), 'T1', 'a message over TLS is acknowledged');

like($ngx->logged('facts', qr/^T1\|/),
     qr/^T1\|TLSv1\.[23]\|[A-Z0-9_-]+\|mllp\.hospital\.test\|NONE\|-\|-\|-\|-$/,
     'the location knows of the TLS connection');

$c->close;
like($ngx->logged('sessions', qr/NONE/), qr/^-\|-\|NONE\|TLSv1\.[23]\|1$/,
     'so does the log of the session');

$plain = $ngx->client('PLAIN');
$plain->send(hl7('ADT^A01', 'T2'));
is(field($plain->read, 'MSA-2'), 'T2', 'a message without TLS');
is($ngx->logged('facts', qr/^T2\|/), 'T2|-|-|-|-|-|-|-|-', 'has no TLS facts');


# mutual TLS

$c = $ngx->client('MUTUAL', %client);
$c->send(hl7('ADT^A01', 'M1'));
is(field($c->read, 'MSA-1'), 'AA', 'a client with its certificate is served');

$fingerprint = `openssl x509 -in $client{SSL_cert_file} -noout -fingerprint`;
$fingerprint = lc(($fingerprint =~ /=(.*)/)[0]) =~ s/://gr;

like($ngx->logged('facts', qr/^M1\|/),
     qr/\|SUCCESS\|CN=client\|CN=client\|[0-9A-F]+\|$fingerprint$/,
     'and known to the location by its certificate');

$c->close;
like($ngx->logged('sessions', qr/SUCCESS/),
     qr/^CN=client\|CN=client\|SUCCESS\|/,
     'and to the log of the session');

is(refused('MUTUAL'), 1, 'a client without a certificate is refused');
is(refused('MUTUAL', %stranger), 1, 'so is one with a strange certificate');

wait_for {
    () = $ngx->log =~ /client (?:sent no required|SSL certificate verify)/g
} 'the refusals';
unlike(Engine::contents("$dir/logs/facts.log"), qr/^REFUSED\|/m,
       'their messages did not reach a location');

for my $case ([{ }, 'AE'], [{ %client }, 'AA']) {
    my ($options, $code) = @$case;

    $c = $ngx->client('OPTIONAL', SSL_hostname => '', %$options);
    $c->send(hl7('ADT^A01', 'O1'));
    is(field($c->read, 'MSA-1'), $code,
       "a location decides by \$hl7_ssl_client_verify: $code");
    $c->close;
}


# many messages; one write, pieces

@ids = map { "N$_" } 1 .. 500;

$c = $ngx->client('TLS', SSL_hostname => '');
$c->send(map { hl7('ADT^A01', $_) } @ids);
@got = map { field($c->read, 'MSA-2') } @ids;
is_deeply(\@got, \@ids, 'many messages in one connection, in order');

$c->write($_) for split //, frame(hl7('ADT^A01', 'PIECES'));
is(field($c->read, 'MSA-2'), 'PIECES', 'a message of one byte a record');

$c->send(hl7('ADT^A01', 'LARGE', 'OBX|1|ED|||' . 'x' x 300_000));
is(field($c->read, 'MSA-2'), 'LARGE', 'a message of many records');
$c->close;


# a sender that reads late: acknowledgements have to wait in the meantime

$c = small_window('SMALL');
$c->send(map { hl7('ADT^A01', $_) } @ids);
@got = map { my $ack = $c->read; defined $ack ? field($ack, 'MSA-2') : 'EOF' }
       @ids;
is_deeply(\@got, \@ids, 'acknowledgements for a sender that reads late');


# the end: of the sender's, of ours

for my $end ('close_notify', 'FIN') {
    $c = $ngx->client('SLOW', SSL_hostname => '');
    $c->send(hl7('ADT^A01', 'H1'), hl7('ADT^A01', 'H2'));
    $ssl = $c->{sock};

    if ($end eq 'FIN') {
        shutdown $ssl, 1;

    } else {
        Net::SSLeay::shutdown($ssl->_get_ssl_object);
    }

    syswrite $release, '..';

    is(field($c->read, 'MSA-2'), 'H1', "$end: the answer still comes");
    is(field($c->read, 'MSA-2'), 'H2', "$end: and the next one");
    ok($c->eof, "$end: then the end");
}

$c = $ngx->client('SMALL', SSL_hostname => '');
$c->send(hl7('ADT^A01', 'BIG', 'OBX|1|ED|||' . 'x' x 100_000));
is(field($c->read, 'MSA-1'), 'AR', 'a refusal arrives before the end');
ok($c->eof, 'that we make');
$c->close;


# TLS on a plain port, no TLS on a TLS port

$plain = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                               PeerPort => $ngx->port('PLAIN'));
ok(!IO::Socket::SSL->start_SSL($plain, SSL_verify_mode => 0),
   'a ClientHello at a plain port gets no answer');
wait_for { $ngx->log =~ /\[info\].*client sent no MLLP: "tls" at byte 0/ }
         'the line';
unlike($ngx->log, qr/\[(?:warn|error)\][^\n]*"?tls"?/, 'no warning for it');

$c = $ngx->client('TLS', SSL_hostname => '');
$plain = $ngx->client('TLS');
$plain->send(hl7('ADT^A01', 'REFUSED'));
ok($plain->eof, 'a message without TLS at a TLS port');
$c->send(hl7('ADT^A01', 'T3'));
is(field($c->read, 'MSA-2'), 'T3', 'does not disturb the others');
$c->close;

$ngx->stop;

done_testing();


# whether a client is turned away, in the handshake (TLS 1.2) or after it

sub refused {
    my ($name, %options) = @_;

    my $c = eval { $ngx->client($name, SSL_hostname => '', %options) }
        or return 1;

    $c->send(hl7('ADT^A01', 'REFUSED'));

    return !defined eval { $c->read } ? 1 : 0;
}


sub small_window {
    my ($name) = @_;

    my $sock = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $ngx->port($name),
        Sockopts => [[SOL_SOCKET, SO_RCVBUF, pack 'i', 4096]])
        or die "cannot connect to $name: $!\n";

    IO::Socket::SSL->start_SSL($sock, SSL_verify_mode => 0)
        or die "TLS handshake: $IO::Socket::SSL::SSL_ERROR\n";

    return bless { sock => $sock, in => '' }, 'Mllp';
}
