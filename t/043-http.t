use lib 't/lib';
use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::SSL;
use Test::More;
use Engine;

# HL7 over HTTP: a POST of the HL7 content types to an ordinary location has
# the variables of a message, wherever the location looks at them.

sub post;
sub body;
sub values_of;

my $back = Engine->backend(sub {
    my ($sock, $request) = @_;
    my ($type) = $request =~ /^Content-Type: (.*)\r$/m;
    my ($id) = $request =~ /^X-Correlation-ID: (.*)\r$/m;

    print $sock "HTTP/1.0 200 OK\r\n\r\n$type|$id|",
                $request =~ s/.*?\r\n\r\n//sr;
});

my $ngx = Engine->start(http => <<"EOH");
    log_format ids '\$arg_n|\$hie_correlation_id|\$hie_traceparent|'
                   '\$hl7_control_id|\$hl7_size|\$hl7_deviations|'
                   '\$hl7_ack_code|\$hl7_ssl_protocol|\$hl7_ssl_client_s_dn';
    access_log logs/ids.log ids;

    client_body_buffer_size 4k;

    server {
        listen 127.0.0.1:%%HTTP%%;
        listen 127.0.0.1:%%HTTPS%% ssl;
        ssl_certificate %%CERT:server%%;
        ssl_certificate_key %%CERT:server%%;
        ssl_client_certificate %%CERT:client%%;
        ssl_verify_client optional;

        location /set/ {
            set \$type \$hl7_message_type;
            set \$id \$hl7_field_pid_3_1;
            if (\$hl7_trigger_event = A02) { return 202 "transfer"; }
            return 200 "\$type:\$hl7_trigger_event:\$id";
        }

        location /rewrite/ {
            if (\$hl7_message_type = ADT) {
                rewrite ^/rewrite/ /set/ last;
            }
            return 404;
        }

        location /phases/ {
            error_page 404 = \@missing;
            return 404;
        }

        location \@missing { return 200 "\$hie_correlation_id \$hie_traceparent"; }

        location /twice/ {
            set \$first "\$hie_correlation_id \$hie_traceparent";
            error_page 403 = \@twice;
            return 403;
        }

        location \@twice {
            return 200 "\$first|\$hie_correlation_id \$hie_traceparent";
        }

        location /off/ {
            hl7_read_body off;
            set \$early "\$hl7_message_type";
            proxy_pass http://127.0.0.1:$back;
            proxy_set_header X-Correlation-ID "<\$early>\$hl7_message_type";
        }

        location /proxy/ {
            proxy_pass http://127.0.0.1:$back;
            proxy_set_header X-Correlation-ID \$hie_correlation_id;
        }

        location /small/ {
            client_max_body_size 10;
            lingering_close off;
            return 200 "\$hl7_message_type";
        }

        location /method/ { return 200 "\$request_method \$hl7_message_type"; }
    }
EOH

my $dir = $ngx->dir;
my $hl7 = 'application/hl7-v2';
my $text = hl7('ADT^A01', 'ID1', 'PID|1||4711') =~ s/\n/\r/gr . "\r";
my $large = hl7('ADT^A01', 'ID2', 'OBX|1|ED|||' . 'x' x 8000) =~ s/\n/\r/gr;
my ($sock, $answer, $tls, $ids, @ids);


# content types

for my $type ($hl7, 'x-application/hl7-v2+er7', "$hl7; charset=utf-8",
              "$hl7;x=y", 'Application/HL7-v2', "$hl7 ; x")
{
    is(body(post('/set/', $type, $text)), 'ADT:A01:4711', "type \"$type\"");
}

for my $type ('application/hl7-v2+xml', 'application/hl7-v', 'text/plain',
              "${hl7}2", 'application/json', '')
{
    is(body(post('/set/', $type, $text)), '::', "type \"$type\": no message");
}

is(body(post('/method/', $hl7, $text, 'PUT')), 'PUT ADT', 'a PUT');


# where variables are looked at

like(post('/set/', $hl7, $text =~ s/A01/A02/r), qr/^HTTP\/1.1 202/,
     '"if" of the rewrite module');
is(body(post('/rewrite/', $hl7, $text)), 'ADT:A01:4711', 'an internal redirect');
is(body(post('/proxy/', $hl7, $text, undef, 'X-Correlation-ID: c-1')),
   "$hl7|c-1|$text", 'the body reaches a backend unchanged');
is(body(post('/proxy/', $hl7, $large, undef, 'X-Correlation-ID: c-1')),
   "$hl7|c-1|$large", 'so does a large one');


# how the body comes

$sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                              PeerPort => $ngx->port('HTTP'));
$sock->autoflush;

print $sock "POST /set/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            . "Content-Type: $hl7\r\nContent-Length: " . length($text)
            . "\r\n\r\n";

for my $part (unpack '(a10)*', $text) {
    print $sock $part;
    select undef, undef, undef, 0.005;
}

is(body(join '', <$sock>), 'ADT:A01:4711', 'a body in pieces');

$sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                              PeerPort => $ngx->port('HTTP'));
print $sock "POST /set/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            . "Content-Type: $hl7\r\nTransfer-Encoding: chunked\r\n\r\n",
            map({ sprintf "%x\r\n%s\r\n", length, $_ } unpack '(a7)*', $text),
            "0\r\n\r\n";
is(body(join '', <$sock>), 'ADT:A01:4711', 'a body in chunks');

$sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                              PeerPort => $ngx->port('HTTP'));
print $sock map { "POST /set/ HTTP/1.1\r\nHost: a\r\nContent-Type: $hl7\r\n"
                  . "Connection: $_->[0]\r\nContent-Length: "
                  . length($_->[1]) . "\r\n\r\n$_->[1]" }
            ['keep-alive', $text], ['close', $text =~ s/ADT/ORU/r];
$answer = join '', <$sock>;
like($answer, qr/ADT:A01:4711.*ORU:A01:4711\z/s,
     'two messages of one connection');
close $sock;

is(body(post('/set/?n=bom', $hl7, "\xef\xbb\xbf$text")), 'ADT:A01:4711',
   'a byte order mark');
like(values_of('bom'), qr/\|ID1\|\d+\|bom\|/, 'is a deviation');
like(values_of('bom'), qr/\|ID1\|${\length $text}\|/, 'and not of the message');

is(body(post('/set/', $hl7, $large)), 'ADT:A01:', 'a large body');
unlike($ngx->log, qr/temporary file/, 'stays in memory');

is(body(post('/off/', $hl7, $large)), "$hl7|<>|$large",
   'hl7_read_body off: it goes to a temporary file');
like($ngx->log, qr/\[warn\].*HL7 message is buffered to a temporary file/,
     'which gives a warning');

is(body(post('/set/', $hl7, '')), '::', 'an empty body');
is(body(post('/set/', $hl7, 'PID|MARKER|x')), '::', 'a body that is no message');
like($ngx->log, qr/\[info\].*request body is no HL7 message: .* at byte \d+/,
     'is reported');
unlike($ngx->log, qr/MARKER/, 'without a value');

like(post('/small/', $hl7, $text), qr/^HTTP\/1.1 413/, 'client_max_body_size');

is(body(post('/off/', $hl7, $text)), "$hl7|<>ADT|$text",
   'hl7_read_body off: no message before the body is read');


# ids

like(body(post('/phases/', $hl7, $text)),
     qr/^([0-9a-f]{32}) 00-\1-[0-9a-f]{16}-01$/, 'ids are made');
like(body(post('/phases/', 'text/plain', 'x')),
     qr/^([0-9a-f]{32}) 00-\1-[0-9a-f]{16}-01$/, 'for any request');

is((split ' ', body(post('/phases/', $hl7, $text, undef,
                         'x-correlation-id: order/4711:"a"')))[0],
   'order/4711:"a"', 'X-Correlation-ID is kept');

@ids = ('0123456789abcdef' x 2, 'fedcba9876543210');

like(body(post('/phases/', $hl7, $text, undef,
               "Traceparent: 00-$ids[0]-$ids[1]-00")),
     qr/^$ids[0] 00-$ids[0]-(?!$ids[1])[0-9a-f]{16}-00$/,
     'the trace of a traceparent is kept, with a span of our own');

like(body(post('/phases/', $hl7, $text, undef, 'X-Correlation-ID: c-2',
               "traceparent: 01-$ids[0]-$ids[1]-01-more")),
     qr/^c-2 00-$ids[0]-[0-9a-f]{16}-01$/, 'both are kept, of a later version');

for my $bad ("00-$ids[0]-$ids[1]-01-more", "ff-$ids[0]-$ids[1]-01",
             "00-" . '0' x 32 . "-$ids[1]-01", "00-$ids[0]-" . '0' x 16 . '-01',
             "00-" . uc($ids[0]) . "-$ids[1]-01", "00-$ids[0]-$ids[1]", 'x',
             "00_$ids[0]-$ids[1]-01")
{
    unlike(body(post('/phases/', $hl7, $text, undef, "traceparent: $bad")),
           qr/$ids[0]|0{16}/i, "invalid traceparent $bad is replaced");
}

for my $bad ('a b', "a\tb", 'x' x 129, "\xc3\xa4", '') {
    like(body(post('/phases/', $hl7, $text, undef, "X-Correlation-ID: $bad")),
         qr/^([0-9a-f]{32}) 00-\1-/,
         sprintf 'invalid X-Correlation-ID "%.10s" is replaced', $bad);
}

is((split ' ', body(post('/phases/', $hl7, $text, undef,
                         'X-Correlation-ID: ' . 'x' x 128)))[0],
   'x' x 128, 'the longest one');

@ids = split /\|/, body(post('/twice/?n=twice', $hl7, $text));
is($ids[0], $ids[1], 'ids stay over an internal redirect');
$ids = join '|', split ' ', $ids[0];
like(values_of('twice'), qr/^twice\|\Q$ids\E\|ID1\|/, 'and in the log');
isnt(body(post('/phases/', $hl7, $text)), body(post('/phases/', $hl7, $text)),
     'each request has its own');


# over TLS

$tls = IO::Socket::SSL->new(PeerAddr => '127.0.0.1',
                            PeerPort => $ngx->port('HTTPS'),
                            SSL_verify_mode => 0,
                            SSL_cert_file => $ngx->cert('client'),
                            SSL_key_file => $ngx->cert('client'))
    or die "TLS: $IO::Socket::SSL::SSL_ERROR\n";

print $tls "POST /set/?n=tls HTTP/1.0\r\nContent-Type: $hl7\r\n"
           . "Content-Length: " . length($text) . "\r\n\r\n$text";
is(body(join '', <$tls>), 'ADT:A01:4711', 'over TLS');
close $tls;
like(values_of('tls'), qr/\|TLSv1\.\d\|CN=client$/, 'its facts');

$ngx->stop;

done_testing();


# the answer to a request

sub post {
    my ($uri, $type, $body, $method, @headers) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $ngx->port('HTTP'))
        or die "cannot connect: $!\n";

    $method ||= 'POST';

    print $sock join "\r\n", "$method $uri HTTP/1.0",
                "Content-Length: " . length($body),
                (length $type ? "Content-Type: $type" : ()), @headers, '', $body;

    local $/;
    return scalar(<$sock>) // '';
}


sub body {
    return $_[0] =~ s/\A.*?\r\n\r\n//sr;
}


# the line of the log for a request with the argument n

sub values_of {
    my ($n) = @_;
    my $line;

    wait_for {
        ($line) = Engine::contents("$dir/logs/ids.log") =~ /^(\Q$n\E\|.*)$/m
    } "the line of $n";

    return $line;
}
