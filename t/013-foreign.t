use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;

# Who speaks another protocol on the port, or none, is gone soon, without an
# answer and without a line above level info.

sub ends;

my $ngx = Engine->start(stream => <<'EOS', http => <<'EOH');
    server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie /; }
    server { listen 127.0.0.1:%%STRICT%%; mllp_tolerate none; mllp_pass hie /; }
    server {
        listen 127.0.0.1:%%IDLE%%;
        mllp_idle_timeout 200ms;
        mllp_pass hie /;
    }
    server {
        listen 127.0.0.1:%%ALL%%;
        mllp_tolerate default fs_in_data no_vt multi_msh damaged_start;
        mllp_pass hie /;
    }
EOS
    server { server_name hie; mllp_only; location / { return 200; } }
EOH

my @listeners = qw(MLLP STRICT ALL);
my ($c, $tls, %foreign);


# these are known by their first bytes: closed at once

$tls = "\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" . join '', map { chr }
       map { ($_ * 37 + 11) % 256 } 1 .. 200;

for my $listener (@listeners) {
    ends $listener, $tls, 'tls', 'TLS ClientHello';
    ends $listener, "\x16\x03\x03", 'tls', 'the beginning of one';

    for my $method (qw(GET POST PUT HEAD OPTIONS DELETE PATCH CONNECT TRACE)) {
        ends $listener, "$method / HTTP/1.1\r\nHost: example\r\n\r\nMSH|^~",
             'http', $method;
    }

    ends $listener, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 'http', 'HTTP/2';
}

$c = $ngx->client('MLLP');
$c->write($_) for split //, 'GET /';
ok($c->eof, 'a request line in packets');

require IO::Socket::SSL;
ok(!eval { $ngx->client('MLLP', SSL_hostname => 'example'); 1 },
   'a TLS client has no handshake');


# these are not, but they are no frame

%foreign = (
    ssh => "SSH-2.0-OpenSSH_9.2\r\n",
    redis => "*1\r\n\$4\r\nPING\r\n",
    dicom => "\x01\0\0\0\0\xcd\0\x01\0\0STORE           ANY             ",
    smb => "\0\0\0\x54\xffSMBr\0\0\0\0",
    rdp => "\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0",
    proxy => "PROXY TCP4 192.0.2.1 192.0.2.2 5000 2575\r\n",
    ftp => "USER anonymous\r\n",
    half_get => 'GE',
    half_msh => 'MS',
    nul => "\0" x 100,
    random => do { my $n = 12345;
                   join '', grep { $_ ne "\x0b" }
                   map { chr(($n = $n * 1103515245 + 12345 & 0x7fffffff) >> 16
                             & 0xff) } 1 .. 4000 },
    much => 'x' x 100_000,
);

for my $listener (@listeners) {
    for my $name (sort keys %foreign) {
        $c = $ngx->client($listener);
        $c->write($foreign{$name});
        $c->half_close;
        ok($c->eof, "$name, $listener");
    }
}

$c = $ngx->client('MLLP');
$c->write('x' x 8193);
ok($c->eof, 'more than mllp_max_junk is the end');

for my $name (qw(ssh half_get half_msh nul)) {
    $c = $ngx->client('IDLE');
    $c->write($foreign{$name});
    ok($c->eof, "$name waits for an answer: so is mllp_idle_timeout");
}


# probes connect and go

for my $listener (@listeners) {
    $ngx->client($listener)->close for 1 .. 3;
    $ngx->client($listener)->reset for 1 .. 3;

    $c = $ngx->client($listener);
    $c->half_close;
    ok($c->eof, "half-close, $listener");
}


# after all of them

$c = $ngx->client('MLLP');
$c->send(hl7('ADT^A01', 'M1'));
is(field($c->read, 'MSA-2'), 'M1', 'a message is a message');


# a sender is no stranger: what he sends between his frames is a warning

$c->write("\0\0");
$c->send(hl7('ADT^A01', 'M2'));
is(field($c->read, 'MSA-2'), 'M2', 'so it is behind junk');

$c = $ngx->client('MLLP');
$c->write("\0\0");
$c->send(hl7('ADT^A01', 'M3'));
is(field($c->read, 'MSA-2'), 'M3', 'and behind junk at the start');

$ngx->stop;

my @lines = map { /\[warn\] .*(junk_between.*) while/ ? $1 : $_ }
            grep { !/\[(?:notice|info)\]/ } split /\n/, $ngx->log;
is_deeply(\@lines, ['junk_between x1 at byte 62', 'junk_between x1 at byte 0'],
          'with warnings, and nothing else is above info')
    or diag explain \@lines;

done_testing();


sub ends {
    my ($listener, $bytes, $kind, $name) = @_;
    my $start = length $ngx->log;
    my $client = $ngx->client($listener);

    $client->write($bytes);
    ok(eval { $client->eof }, "$name, $listener");
    like(substr($ngx->log, $start),
         qr/\[info\].*sent no MLLP: "$kind" at byte 0 .*client: 127/,
         "$name, $listener: in the log");
}
