use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;
use Held;

# The URI that mllp_pass makes of a message: for the locations decoded, for
# backends encoded, made anew for each message and never out of its place.

sub request;
sub message;

my $back = Held->new;
my $port = $back->port;

my $ngx = Engine->start(stream => <<'EOS', http => <<"EOH");
    map $hl7_receiving_facility $captured {
        "~^(\w+)-(?<second>\w+)$"  /$1/$second;
        default                    /other/;
    }

    map $hl7_receiving_facility $unsafe {
        default  /hl7/$hl7_receiving_facility;
    }

    server { listen 127.0.0.1:%%PATH%%; mllp_pass hie $unsafe; }
    server { listen 127.0.0.1:%%CAPTURE%%; mllp_pass hie $captured; }
    server { listen 127.0.0.1:%%FIXED%%; mllp_pass hie /fixed/uri; }
    server { listen 127.0.0.1:%%MOVED%%; mllp_pass hie /moved$unsafe; }

    server {
        listen 127.0.0.1:%%TYPE%%;
        mllp_pass hie /$hl7_message_type/$hl7_trigger_event/$hl7_structure/;
    }

    server {
        listen 127.0.0.1:%%ARGS%%;
        mllp_pass hie /args?facility=$hl7_receiving_facility;
    }

    server {
        listen 127.0.0.1:%%PATH_ARGS%%;
        mllp_pass hie $unsafe?facility=$hl7_receiving_facility;
    }
EOS
    log_format uri '"\$request" "\$uri" "\$args" "\$request_uri"';

    server {
        server_name hie;
        mllp_only;
        access_log logs/access.log uri;
        proxy_http_version 1.0;                  # 1.1 by default since 1.29.7
        location / {
            proxy_pass http://127.0.0.1:$port;
        }
        location /moved/ { proxy_pass http://127.0.0.1:$port/to/; }
    }
EOH

my ($c, $ack);

is(request('PATH', 'ERP'), 'POST /hl7/ERP HTTP/1.0', 'a path');
like($ngx->access_log, qr{^"POST /hl7/ERP MLLP/1.0" "/hl7/ERP" "-" "/hl7/ERP"$}m,
     'as variables tell of it');

is(request('FIXED', 'ERP'), 'POST /fixed/uri HTTP/1.0', 'no variables');

is(request('PATH', "A B%2F\xe9"), 'POST /hl7/A%20B%252F%E9 HTTP/1.0',
   'a path is encoded');
like($ngx->access_log,
     qr{^"POST /hl7/A%20B%252F%E9 MLLP/1.0" "/hl7/A B%2F\\xE9" "-" }m,
     'but not for the location');

is(request('MOVED', 'A B%2F..'), 'POST /to/hl7/A%20B%252F.. HTTP/1.0',
   'a path that proxy_pass replaces in part is encoded as well');

is(request('ARGS', 'ERP'), 'POST /args?facility=ERP HTTP/1.0', 'arguments');
like($ngx->access_log, qr{ "/args" "facility=ERP" "/args\?facility=ERP"$}m,
     'as variables tell of them');

is(request('ARGS', 'A B'), 'POST /args?facility=A%20B HTTP/1.0',
   'arguments are encoded');

is(request('ARGS', 'A?B'), 'POST /args?facility=A%3FB HTTP/1.0',
   'a question mark in arguments');


# many messages of one connection: nothing of one is left to the next

$c = $ngx->client('CAPTURE');

for my $n (1 .. 20) {
    my @to = $n % 4 ? ("part$n", 'x' x $n) : ('one');

    is(request($c, join '-', @to),
       'POST /' . (@to == 2 ? "$to[0]/$to[1]" : 'other/') . ' HTTP/1.0',
       "captures: message $n");
}


# a sender's types in turn, more of them than are remembered

$c = $ngx->client('TYPE');

for my $turn (1, 2, 3) {
    for my $type ('ADT^A01', 'ADT^A08', 'ORU^R01^ORU_R01', 'ORU^R01', 'SIU^S12',
                  'DFT^P03', 'MDM^T02', 'ORM^O01', 'BAR^P01', 'QRY',
                  'ORU^R01^ORU_R01~X^Y')
    {
        my ($path) = map { join '/', $_->[0], $_->[1] // '', $_->[2] // '' }
                     [split /\^/, $type =~ s/~.*//r];

        is(request($c, 'ERP', $type), "POST /$path/ HTTP/1.0",
           "turn $turn: $type");
    }
}


# a message does not choose a location that is not meant

for my $port ('PATH', 'PATH_ARGS') {
    for my $to ('..', '.', '../admin', 'a/../../admin', "a\x01b", 'a?b=c', 'a#b')
    {
        $c = $ngx->client($port);
        $c->send(message $to);
        $ack = $c->read;
        is(field($ack, 'MSA-1'), 'AR', "$port, refused: \"$to\"");
        $c->close;
    }
}

is(() = $ngx->log =~ /"mllp_pass" makes an unsafe URI of the message/g, 14,
   'each is logged');

unlike($ngx->log, qr/\[error\]/, 'a sender makes no errors');

ok(!$back->pending, 'none made a request');

$ngx->stop;

done_testing();


# the line of the request that the backend gets

sub request {
    my ($client, $to, $type) = @_;

    $client = $ngx->client($client) unless ref $client;
    $client->send(message $to, $type);

    my $request = $back->accept;
    my ($line) = $request->header =~ /\A(.*)\r\n/;

    $request->answer(200);
    is(field($client->read, 'MSA-1'), 'AA', "acknowledged: $line");

    return $line;
}


sub message {
    my ($to, $type) = @_;
    my $text = hl7($type // 'ADT^A01', 'M');

    $text =~ s/ERP/$to/;

    return $text;
}
