use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;

# Who may connect, and who the location sees: allow and deny, the PROXY
# protocol, realip, limits of connections and of messages.


my $ngx = Engine->start(stream => <<'EOF', http => <<'EOF2');
    log_format session '$server_port|$remote_addr|$proxy_protocol_addr|'
                       '$status|$mllp_messages';
    access_log logs/sessions.log session;

    limit_conn_zone $binary_remote_addr zone=senders:64k;

    server {
        listen 127.0.0.1:%%DENY%%;
        deny 127.0.0.1;
        mllp_pass hie /hl7/;
    }

    server {
        listen 127.0.0.1:%%ALLOW%%;
        allow 127.0.0.1;
        deny all;
        mllp_pass hie /hl7/;
    }

    server {
        listen 127.0.0.1:%%PROXIED%% proxy_protocol;
        mllp_pass hie /hl7/;
    }

    server {
        listen 127.0.0.1:%%REAL%% proxy_protocol;
        set_real_ip_from 127.0.0.1;
        deny 192.0.2.66;
        mllp_pass hie /limited/;
    }

    server {
        listen 127.0.0.1:%%ONE%%;
        limit_conn senders 1;
        mllp_pass hie /hl7/;
    }
EOF
    log_format message '$hl7_control_id|$remote_addr|$proxy_protocol_addr|'
                       '$proxy_protocol_port|$server_protocol|$status';

    limit_req_zone $remote_addr zone=messages:64k rate=1r/m;

    server {
        server_name hie;
        mllp_only;
        access_log logs/messages.log message;

        location /hl7/ { return 200; }

        location /limited/ {
            limit_req zone=messages;
            error_page 404 = @ok;
        }

        location @ok { return 200; }
    }
EOF2

my $dir = $ngx->dir;
my ($c, $other);


# allow, deny

$c = $ngx->client('DENY');
$c->send(hl7('ADT^A01', 'DENIED'));
ok($c->eof, 'a denied sender gets no answer');
is($ngx->logged('sessions', '^' . $ngx->port('DENY')),
   $ngx->port('DENY') . '|127.0.0.1|-|403|0', 'and has sent no message');

$c = $ngx->client('ALLOW');
$c->send(hl7('ADT^A01', 'A1'));
is(field($c->read, 'MSA-1'), 'AA', 'an allowed sender does');
is($ngx->logged('messages', qr/^A1\|/), 'A1|127.0.0.1|-|-|MLLP/1.0|200',
   'the location knows its address');


# the PROXY protocol; in pieces, with the first message, of version 2

$c = $ngx->client('PROXIED');
$c->write("PROXY TCP4 192.0.2.7 192.0.2.1 4711 2575\r\n"
          . frame(hl7('ADT^A01', 'P1')));
is(field($c->read, 'MSA-2'), 'P1', 'a message right behind the PROXY header');
is($ngx->logged('messages', qr/^P1\|/),
   'P1|127.0.0.1|192.0.2.7|4711|MLLP/1.0|200',
   'the location knows of the header');

$c->send(hl7('ADT^A01', 'P2'));
is(field($c->read, 'MSA-2'), 'P2', 'the next message');
is($ngx->logged('messages', qr/^P2\|/),
   'P2|127.0.0.1|192.0.2.7|4711|MLLP/1.0|200',
   'has the same addresses');
$c->close;
is($ngx->logged('sessions', '^' . $ngx->port('PROXIED')),
   $ngx->port('PROXIED') . '|127.0.0.1|192.0.2.7|200|2',
   'so has the log of the session');

$c = $ngx->client('PROXIED');
$c->write("\r\n\r\n\0\r\nQUIT\n\x21\x11" . pack('n', 12)
          . pack('C8 n n', 192, 0, 2, 9, 192, 0, 2, 1, 815, 2575)
          . frame(hl7('ADT^A01', 'P3')));
is(field($c->read, 'MSA-2'), 'P3', 'a header of version 2');
is($ngx->logged('messages', qr/^P3\|/),
   'P3|127.0.0.1|192.0.2.9|815|MLLP/1.0|200',
   'is known as well');

$c = $ngx->client('PROXIED');
$c->send(hl7('ADT^A01', 'NOHEADER'));
ok($c->eof, 'a sender without the header is turned away');


# realip: the address of the header is the sender's

$c = $ngx->client('REAL');
$c->write("PROXY TCP4 192.0.2.8 192.0.2.1 4712 2575\r\n"
          . frame(hl7('ADT^A01', 'R1')));
is(field($c->read, 'MSA-2'), 'R1', 'a message through a balancer');
like($ngx->logged('messages', qr/^R1\|/), qr/^R1\|192\.0\.2\.8\|/,
     'the location sees the real address');

$c->send(hl7('ADT^A01', 'R2'));
is(field($c->read, 'MSA-1'), 'AR',
   'a message over the rate of limit_req may come again later');
like($ngx->logged('messages', qr/^R2\|/), qr/\|503$/, 'its status');
$c->close;
like($ngx->logged('sessions', '^' . $ngx->port('REAL')),
     qr/\|192\.0\.2\.8\|192\.0\.2\.8\|/,
     'the log of the session sees it as well');

$c = $ngx->client('REAL');
$c->write("PROXY TCP4 192.0.2.9 192.0.2.1 4712 2575\r\n"
          . frame(hl7('ADT^A01', 'R3')));
is(field($c->read, 'MSA-1'), 'AA', 'the rate is of each real address');

$c = $ngx->client('REAL');
$c->write("PROXY TCP4 192.0.2.66 192.0.2.1 4712 2575\r\n"
          . frame(hl7('ADT^A01', 'R4')));
ok($c->eof, 'the real address is denied');


# limit_conn

$c = $ngx->client('ONE');
$c->send(hl7('ADT^A01', 'C1'));
is(field($c->read, 'MSA-1'), 'AA', 'the first connection');

$other = $ngx->client('ONE');
$other->send(hl7('ADT^A01', 'C2'));
ok($other->eof, 'one too many');

$c->send(hl7('ADT^A01', 'C3'));
is(field($c->read, 'MSA-1'), 'AA', 'does not disturb the first one');

$c->close;
wait_for { Engine::contents("$dir/logs/sessions.log") =~ /\|200\|2$/m }
         'the end of the first';

wait_for {
    $other = $ngx->client('ONE');
    $other->send(hl7('ADT^A01', 'C4'));
    defined $other->read;
} 'its place';
pass('whose place is free then');

unlike(Engine::contents("$dir/logs/messages.log"),
       qr/^(?:DENIED|NOHEADER|R4|C2)\|/m,
       'what was turned away has reached no location');

$ngx->stop;

done_testing();
