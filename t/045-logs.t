use lib 't/lib';
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Engine;

# No value of a message is in a log: not of a good one, not of one that is
# refused, damaged, too large or never complete.  What went wrong is there, by
# name, with its place and whose it was.  The formats that are shipped are
# JSON.

sub talk;
sub lines;

(my $conf = $0) =~ s{t/[^/]+$}{conf};
$conf = `cd $conf && pwd`;
chomp $conf;

my $back = Engine->backend(sub {
    my ($sock, $request) = @_;
    my $ack = $request =~ /wrong/
              ? "MSH|^~\\&|MARKER||||||ACK|1|P|2.5\rMSA|AA|MARKER\r"
              : "MARKER\r";

    print $sock "HTTP/1.0 200 OK\r\nContent-Type: application/hl7-v2\r\n\r\n$ack";
});

my $ngx = Engine->start(stream => <<"EOS", http => <<"EOH");
    include $conf/hl7_session_log.conf;
    access_log logs/sessions.log hl7_session;

    mllp_quarantine quarantine/;

    server {
        listen 127.0.0.1:%%DENY%%;
        deny all;
        mllp_pass hie /hl7/;
    }

    server {
        listen 127.0.0.1:%%MLLP%%;
        mllp_pass hie /\$hl7_message_type/\$hl7_trigger_event;
        mllp_max_size 4k;
        mllp_max_junk 100;
        mllp_read_timeout 100ms;
    }

    server {
        listen 127.0.0.1:%%STRICT%%;
        mllp_pass hie /ADT/;
        mllp_tolerate none;
    }

    server {
        listen 127.0.0.1:%%TLS%% ssl;
        ssl_certificate %%CERT:server%%;
        ssl_certificate_key %%CERT:server%%;
        ssl_client_certificate %%CERT:client%%;
        ssl_verify_client on;
        mllp_pass hie /ADT/;
    }

    server {
        listen 127.0.0.1:%%URI%%;
        mllp_pass hie /hl7/\$hl7_sending_app;
    }
EOS
    include $conf/hl7_log.conf;
    access_log logs/messages.log hl7;

    server {
        server_name hie;
        mllp_only;

        location /ADT/ { return 200; }
        location /ORU/ { return 503; }
        location /DFT/ { proxy_pass http://127.0.0.1:1; }
        location /ACK/ { proxy_pass http://127.0.0.1:$back/wrong; }
        location /MFN/ { proxy_pass http://127.0.0.1:$back/none; }
    }

    server {
        listen 127.0.0.1:%%HTTP%%;
        location / { return 200 "\$hl7_message_type"; }
    }
EOH

my $dir = $ngx->dir;
my $pid = "PID|1||MARKER^^^MARKER||MARKER^MARKER\nZZZ|MARKER";
my $good = hl7('ADT^A01', 'MARKER', $pid) =~ s/LAB\|WARD/MARKER|MARKER/r;
my $bytes = frame($good);
my ($c, $line, @lines, @names);

like($good, qr/\|MARKER\|MARKER\|HIE/, 'the marker is in the header');


# each of them ends with its connection

talk 'MLLP', $bytes, qr/^AA/;
talk 'MLLP', $bytes =~ s/ADT\^A01/ORU^R01/r, qr/^AR/;
talk 'MLLP', $bytes =~ s/ADT\^A01/DFT^P03/r, qr/^AR/;
talk 'MLLP', $bytes =~ s/ADT\^A01/ACK^P03/r;
talk 'MLLP', $bytes =~ s/ADT\^A01/MFN^M02/r, qr/^AE/;
talk 'MLLP', $bytes =~ s/ADT\^A01/MDM^T01/r, qr/^AE/;
talk 'MLLP', $bytes =~ s/ADT\^A01/MAR KER^A01/r, qr/^AR/;
talk 'MLLP', $bytes =~ s/ADT\^A01/ADT^MAR KER/r, qr/^AR/;
talk 'MLLP', $bytes =~ s/\|MARKER\|P\|/||P|/r, qr/^AE/;
talk 'MLLP', $bytes =~ s/MSH/MARKER/r, qr/^AE|^$/;
talk 'MLLP', $bytes =~ s/MSH\|/MARKER MSH|/r, qr/^AE/;
talk 'MLLP', $bytes =~ s/\^~\\&/MARK/r, qr/^AE|^$/;
talk 'MLLP', frame($good, 'NTE|' . 'MARKER' x 1000), qr/^AR/;
talk 'MLLP', $bytes =~ s/\r\x1c\r/MARKER/r;
talk 'MLLP', "\x0b$bytes";
talk 'MLLP', substr($bytes, 0, 60) . $bytes, qr/^AA/;
talk 'MLLP', "MARKER\r\n$bytes", qr/^AA/;
talk 'MLLP', "MARKER" x 100, qr/^$/;
talk 'MLLP', "\x16\x03\x01\x02\x00\x01MARKER", qr/^$/;
talk 'MLLP', "GET /MARKER HTTP/1.1\r\nHost: MARKER\r\n\r\n", qr/^$/;
talk 'MLLP', "\x0bM\0A\0R\0K\0E\0R\0MARKER\x1c\r";
talk 'MLLP', "\x0bBHS|^~\\&|MARKER\rMARKER|x\r" . substr($bytes, 1);
talk 'MLLP', "\x0bFHS|^~\\&|MARKER\r" . substr($bytes, 1) x 2;
talk 'STRICT', $_
    for "MARKER$bytes", "\x0b\xef\xbb\xbf" . substr($bytes, 1),
        $bytes =~ s/\rPID/\nPID/r, $bytes =~ s/\rPID/\r\rPID/r,
        $bytes =~ s/\r\x1c/\x1c/r, $bytes =~ s/\^~\\&/^~/r,
        $bytes =~ s/\r\x1c\r/\r\x1cMARKER\x1c\r/r, "$bytes\n$bytes",
        $bytes =~ s/PID/MSH|^~\\&|MARKER\rPID/r, substr($bytes, 1);
talk 'URI', $bytes =~ s/\|MARKER\|MARKER\|/|..\/MARKER|MARKER|/r, qr/^AR/;

$c = $ngx->client('MLLP');
$c->write("\x0bMSH|^~\\&|MARKER|x|||||ADT^A01|MARKER|P|2.5\rPID|MARKER");
$line = $c->read;
like(field($line, 'MSA-1'), qr/^A[ER]$/, 'a message that is never complete');
$c->close;

$c = $ngx->client('TLS', SSL_cert_file => $ngx->cert('client'),
                  SSL_key_file => $ngx->cert('client'));
$c->send($good);
is(field($c->read, 'MSA-1'), 'AA', 'a message over TLS');
$c->close;

$ngx->client('DENY')->eof;

my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                 PeerPort => $ngx->port('HTTP'));
my $text = $good =~ s/\n/\r/gr =~ s/ADT\^A01/MARKER^MARKER/r;
print $sock "POST /MARKER?MARKER HTTP/1.0\r\nContent-Length: "
            . length($text) . "\r\nContent-Type: application/hl7-v2\r\n"
            . "User-Agent: MARKER\r\nReferer: MARKER\r\n\r\n$text";
is((split /\r\n\r\n/, join '', <$sock>)[1], 'MARKER', 'a message over HTTP');

close $sock;
$ngx->stop;


# what is in the logs

for my $log (qw(error messages sessions)) {
    @lines = grep { /MARK|MAR\?|KER\b/ } lines $log;
    is(@lines, 0, "no value of a message in $log.log") or diag(@lines);
}

@names = $ngx->log =~ /MLLP deviations: ([^\n]*?) while /g;
ok(@names > 10, 'deviations are in the log');

is(grep({ !/^(?:[a-z0-9_]+ x\d+ at byte \d+(?:, |$))+$/ } @names), 0,
   'each by name, number and place');

is(grep({ !/, client: 127\.0\.0\.1, server: / }
        grep { /MLLP|HL7/ } lines 'error'),
   0, 'each line has its client');

like($ngx->log, qr/ \Q$_\E x1 at byte \d+/, "$_ is there")
    for qw(junk_between vt_in_data bom damaged_start lf_segments
           empty_segments no_final_cr short_delimiters multi_msh no_vt
           too_large too_much_junk);

like($ngx->log, $_, $_)
    for qr/\[info\].*client sent no MLLP: "http" at byte 0/,
        qr/\[info\].*client sent no MLLP: "tls" at byte 0/,
        qr/\[warn\].*HL7 message refused: message type is not a code at byte \d+/,
        qr/\[warn\].*HL7 message refused: trigger event is not a code at byte/,
        qr/\[warn\].*HL7 message refused: message control id is missing/,
        qr/\[error\].*acknowledgement of the backend refused: /,
        qr/\[warn\].*"mllp_pass" makes an unsafe URI of the message/,
        qr/\[warn\].*MLLP client timed out inside a frame/,
        qr/\[warn\].*MLLP client closed connection inside a frame/;


# the formats

@lines = map { eval { decode_json $_ } || fail("JSON: $_") } lines 'messages';
ok(@lines > 10, 'the log of messages is JSON');

($line) = grep { $_->{client_dn} eq 'CN=client' } @lines;
is_deeply([@$line{qw(protocol server client type event status ack)}],
          ['MLLP/1.0', 'hie', '127.0.0.1', 'ADT', 'A01', 200, 'AA'],
          'a message');
like($line->{traceparent}, qr/^00-$line->{correlation_id}-/, 'its trace');
like($line->{tls}, qr/^TLS/, 'over TLS');
is($line->{bytes_in}, length($bytes) - 3, 'its size');

($line) = grep { $_->{type} eq 'DFT' } @lines;
is_deeply([@$line{qw(upstream upstream_status status ack)}],
          ['127.0.0.1:1', 502, 502, 'AR'], 'a backend that is down');

($line) = grep { $_->{deviations} eq 'junk_between' } @lines;
is($line->{ack}, 'AA', 'a deviation');

($line) = grep { $_->{protocol} eq 'HTTP/1.0' } @lines;
is_deeply([@$line{qw(type event ack)}], ['other', 'other', ''],
          'over HTTP MSH-9 may be anything: it is not shown');

@lines = map { eval { decode_json $_ } || fail("JSON: $_") } lines 'sessions';
ok(@lines > 20, 'the log of sessions is JSON');

($line) = grep { $_->{client_dn} eq 'CN=client' } @lines;
is_deeply([@$line{qw(client messages refused status bytes_in)}],
          ['127.0.0.1', 1, 0, 200, length $bytes], 'a session');

($line) = grep { $_->{deviations} eq 'too_large' } @lines;
is_deeply([@$line{qw(messages refused)}], [1, 1], 'one that was refused');

($line) = grep { $_->{status} == 403 } @lines;
is_deeply([@$line{qw(messages refused bytes_in)}], [0, 0, 0],
          'one that was denied');

done_testing();


# sends bytes, reads to the end; the first MSA-1 may have to match

sub talk {
    my ($name, $bytes, $code) = @_;
    my $c = $ngx->client($name);
    my ($ack, $got);

    $c->write($bytes);
    $c->half_close;

    $got //= field($ack, 'MSA-1') while defined($ack = eval { $c->read });

    like($got // '', $code, "answered: $code") if $code;
    $c->close;
}


sub lines {
    return split /^/, Engine::contents("$dir/logs/$_[0].log");
}
