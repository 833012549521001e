use lib 't/lib';
use strict;
use warnings;
use JSON::PP;
use MIME::Base64;
use Test::More;
use ErpTest;
use MapTest;

# A message that comes again: the same answer, and nothing stored twice.  The
# same key with other content is refused.

sub post;
sub first;
sub again;
sub other;

my $erp = Engine->backend(sub {
    my ($sock, $request) = @_;
    my $status = $request =~ m{^\w+ /ok} ? '200 OK' : '422 No';

    print $sock "HTTP/1.0 $status\r\nContent-Length: 0\r\n\r\n";
});

my $nobody = free_ports(1);

my $t = MapTest->start(http => <<'EOF',
    erp_store path=%%DIR%%/store min_free=1m ballast=1m;
    log_format verdict '$uri $status $erp_verdict $erp_message';
    access_log logs/verdict.log verdict;
    canonical_map charge version=1 {
        from hl7 DFT^P03;
        each charge FT1 {
            emit charge key=id;
            set id "{MSH-10}/{FT1-1}" required;
        }
    }
EOF
    stream => 'server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie /hl7; }',
    locations => <<"EOF");
        location /a { canonical_request charge; erp_send /erp/a; }
        location /b { canonical_request charge; erp_send /erp/a; }
        location /raw { erp_send /erp/a; }
        location /key { erp_message_key \$http_x_key; erp_send /erp/a; }
        location /off { erp_message_key off; erp_send /erp/a; }
        location /none { erp_send /erp/a when=none; }
        location /ok { erp_send /erp/ok wait=10s; }
        location /bad { erp_send /erp/bad wait=10s; }
        location /late { erp_send /erp/a wait=100ms; }
        location /one { erp_send /erp/ok wait=10s; erp_send /erp/a; }
        location /two { erp_send /erp/ok wait=10s; erp_send /erp/bad; }
        location /three { erp_send /erp/bad wait=10s; erp_send /erp/ok; }

        location /erp/a { internal; proxy_pass http://127.0.0.1:$nobody; }
        location /erp/ok { internal; proxy_pass http://127.0.0.1:$erp/ok; }
        location /erp/bad { internal; proxy_pass http://127.0.0.1:$erp/bad; }
    }
    server {
        server_name hie;
        mllp_only;
        location /hl7 { canonical_request charge; erp_send /erp/a; }
EOF

my $dir = $t->engine->dir;

ErpTest->of($t->engine);

my $dft = <<'EOF';
MSH|^~\&|OR|GHH|HIE|ERP|20261121101500+0100||DFT^P03^DFT_P03|M-1|P|2.8
FT1|1|||20261121|20261121|CG|27130
FT1|2|||20261121|20261121|CG|C1776
EOF

my $hl7 = 'application/hl7-v2';

# makes sure that there is a store

post(202, '/none', 'text/plain', 'a');


# HL7: application, facility and control id, in a flow

my $one = first '/a', $hl7, $dft, 'X-Correlation-ID: first';
is($one->{deliveries}, 2, 'deliveries of the first one');

my $two = again $one, '/a', $hl7, $dft, 'X-Correlation-ID: second';
is_deeply($two, $one, 'all of the answer is the same');

other $one, '/b', $hl7, $dft;
other $one, '/a', $hl7, $dft =~ s/\|OR\|/|ER|/r;
other $one, '/a', $hl7, $dft =~ s/\|GHH\|HIE/|XYZ|HIE/r;
other $one, '/a', $hl7, $dft =~ s/M-1/M-2/r;
other $one, '/a', $hl7, $dft =~ s/\|OR\|GHH\|/|O|RGHH|/r;

my $conflict = $t->post('/a', $t->er7($dft =~ s/C1776/C1777/r));
my $problem = decode_json($conflict->{body});

is_deeply([$conflict->{status}, $conflict->{type},
           @$problem{qw(title detail code)}],
          [409, 'application/problem+json', 'Conflict',
           'the same key came with other content before', 205],
          'other content');

again $one, '/a', $hl7, $dft;
is(number("delivery WHERE message = $one->{message}"), 2,
   'no more deliveries');
is(number("body WHERE id >> 16 = $one->{message}"), 3, 'and no more bodies');


# without a control id there is the key of HTTP, or none

my $unnamed = $dft =~ s/M-1//r;

other undef, '/raw', $hl7, $unnamed;
other undef, '/raw', $hl7, $unnamed;

my $named = first '/raw', $hl7, $unnamed, 'Idempotency-Key: h-1';
again $named, '/raw', $hl7, $unnamed, 'Idempotency-Key: h-1';


# Idempotency-Key, of a user

my $text = first '/raw', 'text/plain', 'a', 'Idempotency-Key: k-1';
again $text, '/raw', 'text/plain', 'a', 'idempotency-key: k-1';
other $text, '/raw', 'text/plain', 'a', 'Idempotency-Key: k-2';
other $text, '/raw', 'text/plain', 'a';
is($t->post('/raw', 'text/plain', 'b', 'Idempotency-Key: k-1')->{status}, 409,
   'other content of the same key');

my @eve = ('Idempotency-Key: k-1',
           'Authorization: Basic ' . encode_base64('eve:x', ''));

my $eve = other $text, '/raw', 'text/plain', 'a', @eve;
again $eve, '/raw', 'text/plain', 'a', @eve;
other $text, '/none', 'text/plain', 'a', 'Idempotency-Key: k-1';


# erp_message_key

my $key = first '/key', $hl7, $dft, 'X-Key: x-1';
again $key, '/key', $hl7, $dft, 'X-Key: x-1';
other $key, '/key', $hl7, $dft, 'X-Key: x-2';
is($t->post('/key', $t->er7($dft =~ s/M-1/M-7/r), 'X-Key: x-1')->{status}, 409,
   'MSH-10 does not count then');

my $empty = other $key, '/key', $hl7, $dft;
again $empty, '/key', $hl7, $dft;

my $off = first '/off', $hl7, $dft;
other $off, '/off', $hl7, $dft;
other $off, '/off', $hl7, $dft, 'Idempotency-Key: k-1';


# nothing to send, twice

my $none = first '/none', 'text/plain', 'a', 'Idempotency-Key: n-1';
again $none, '/none', 'text/plain', 'a', 'Idempotency-Key: n-1';
is($none->{deliveries}, 0, 'no deliveries');


# who waits is told what has become of the first one

my @ok = ('/ok', 'text/plain', 'a', 'Idempotency-Key: w-1');

is(post(200, @ok)->{message}, post(200, @ok)->{message}, 'delivered');

my @bad = ('/bad', 'text/plain', 'a', 'Idempotency-Key: w-2');

my $dead = post(422, @bad);
my $again = post(422, @bad);

is($again->{message}, $dead->{message}, 'a dead letter');
is($again->{detail}, 'a delivery of this message has failed before',
   'the answer says so');

my @late = ('/late', 'text/plain', 'a', 'Idempotency-Key: w-3');

is(post(202, @late)->{message}, post(202, @late)->{message}, 'on its way');

# of the deliveries that he waits for, whatever has become of others

my @one = ('/one', 'text/plain', 'a', 'Idempotency-Key: w-4');
my @two = ('/two', 'text/plain', 'a', 'Idempotency-Key: w-5');
my @three = ('/three', 'text/plain', 'a', 'Idempotency-Key: w-6');

is_deeply(post(200, @one), post(200, @one), 'another is on its way');

my $second = post(200, @two);
wait_for { number("delivery WHERE message = $second->{message} AND state = 3") }
    'a dead letter';
is_deeply(post(200, @two), $second, 'another is a dead letter');

my $three = post(422, @three);
wait_for { number("delivery WHERE message = $three->{message}
                   AND state = 2") } 'the other one';
is(post(422, @three)->{message}, $three->{message}, 'another is delivered');


# MLLP

my $c = $t->engine->client('MLLP');
my $count = number('message');

for (1 .. 3) {
    $c->send($dft);
    is(field($c->read, 'MSA-1'), 'AA', "time $_: AA");
}

is(number('message'), $count + 1, 'stored once');

$c->send($dft =~ s/27130/27131/r);
my $ack = $c->read;

is(field($ack, 'MSA-1'), 'AE', 'other content: AE');
like($ack, qr/^ERR\|\|\|205\^/m, 'its ERR');


# many at once, the same

my @socks = map { $t->connect } 1 .. 20;

$count = number('message');

for my $sock (@socks) {
    print $sock "POST /raw HTTP/1.0\r\nIdempotency-Key: many\r\n"
                . "Content-Length: 4\r\n\r\nmany";
}

my %numbers;

for my $sock (@socks) {
    local $/;
    my $answer = MapTest::answer(scalar <$sock>);
    my $json = eval { decode_json($answer->{body}) } // {};
    $numbers{"$answer->{status} " . ($json->{message} // '')}++;
}

is(scalar keys %numbers, 1, 'all of them have the same answer')
    or diag(explain(\%numbers));
is(number('message'), $count + 1, 'and are one message');


# a store process that died knows them still

open my $file, '<', "$dir/store/store.pid" or die "store.pid: $!\n";
chomp(my $pid = <$file>);

kill 'KILL', $pid;

again $one, '/a', $hl7, $dft;
again $text, '/raw', 'text/plain', 'a', 'Idempotency-Key: k-1';


# $erp_verdict

open my $log, '<', "$dir/logs/verdict.log" or die "verdict.log: $!\n";
my %verdicts = map { /^\S+ (\d+ \w+)/ ? ($1 => 1) : () } <$log>;

for ('202 stored', '202 duplicate', '200 stored', '200 duplicate',
     '422 stored', '422 duplicate', '409 conflict', '202 filtered')
{
    ok($verdicts{$_}, "verdict: $_");
}

$t->engine->{allow} = 'exited on signal 9';
$t->stop;

done_testing();


sub post {
    my ($status, $uri, $type, $body, @headers) = @_;

    $body =~ s/\n/\r/g if $type eq 'application/hl7-v2';

    my $answer = $t->post($uri, $type, $body, @headers);

    is($answer->{status}, $status, "$uri is answered with $status")
        or diag($answer->{body});

    my $json = eval { JSON::PP->new->utf8->decode($answer->{body}) } // {};
    $json->{message} //= 0;

    return $json;
}


# one message more

sub first {
    my $count = number('message');
    my $answer = post(202, @_);

    is(number('message'), $count + 1, "$_[0]: a new message");

    return $answer;
}


# not one more

sub again {
    my ($known, @request) = @_;
    my $count = number('message');
    my $answer = post(202, @request);

    is($answer->{message}, $known->{message}, "$request[0]: known");
    is(number('message'), $count, "$request[0]: not stored again");

    return $answer;
}


sub other {
    my ($known, @request) = @_;
    my $answer = first(@request);

    isnt($answer->{message}, $known->{message},
         "$request[0]: another message") if $known;

    return $answer;
}
