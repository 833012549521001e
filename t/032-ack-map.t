use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;
use Held;

# The status of the response becomes the acknowledgement code by mllp_ack_map:
# digits before classes, what is not named as by default.

sub message;
sub codes;

my $back = Held->new;
my $port = $back->port;

my @status = qw(200 201 204 299 300 302 304 400 404 409 413 415 422 429 499
                500 503 504 599 600 999);

# listener => what it says, and which codes differ from the default

my @cases = (
    NONE => '', {},
    SAME => 'mllp_ack_map 2xx=AA 3xx=AE 4xx=AE 5xx=AR 413=AR 415=AR 429=AR;',
        {},
    CLASS => 'mllp_ack_map 4xx=AE;', {},
    DIGITS => 'mllp_ack_map 503=AE 409=AA 413=AE 200=AR 304=AA;',
        { 503 => 'AE', 409 => 'AA', 413 => 'AE', 200 => 'AR', 304 => 'AA' },
    CLASSES => 'mllp_ack_map 2xx=AE 3xx=AA 4xx=AA 5xx=AE;',
        { map { my $status = $_;
                my $code = { 2 => 'AE', 3 => 'AA', 4 => 'AA' }
                               ->{substr $status, 0, 1} // 'AE';
                $status =~ /^(?:413|415|429)$/ ? () : ($status => $code)
              } @status },
    ORDER1 => 'mllp_ack_map 503=AE 5xx=AA;',
        { 503 => 'AE', map { $_ => 'AA' } grep { /^[5-9]/ && $_ != 503 }
                                          @status },
    ORDER2 => 'mllp_ack_map 5xx=AA 503=AE;',
        { 503 => 'AE', map { $_ => 'AA' } grep { /^[5-9]/ && $_ != 503 }
                                          @status },
);

my %default = map { my $code = /^2/ ? 'AA' : /^3/ ? 'AE'
                               : /^(?:413|415|429|[5-9]..)$/ ? 'AR' : 'AE';
                    $_ => $code } @status;

my ($servers, @listeners, %differs) = ('');

while (my ($listener, $map, $differs) = splice @cases, 0, 3) {
    push @listeners, $listener;
    $differs{$listener} = $differs;
    $servers .= "server { listen 127.0.0.1:%%$listener%%; $map"
                . ' mllp_pass hie /$hl7_receiving_facility; }';
}

my $locations = join '', map { "location = /$_ { return $_; }\n" } @status;

my %texts = (stream => <<"EOS", http => <<"EOH");
    $servers

    server {
        listen 127.0.0.1:%%ACCEPT%%;
        mllp_ack accept;
        mllp_pass hie /\$hl7_receiving_facility;
    }
EOS
    server {
        server_name hie;
        mllp_only;

        $locations

        location = /444 { return 444; }
        location = /held { proxy_pass http://127.0.0.1:$port; }
    }
EOH

my $ngx = Engine->start(%texts);
my ($c, %accept, $request);

for my $listener (@listeners) {
    is_deeply(codes($listener), { %default, %{$differs{$listener}} },
              $listener);
}

%accept = map { $_ => $default{$_} =~ s/A/C/r } @status;
is_deeply(codes('ACCEPT'), \%accept, 'the same with accept acknowledgements');


# 444: no acknowledgement, but those before it

$c = $ngx->client('NONE');
$c->write(message('M1', 'held') . message('M2', 444) . message('M3', 200));
$request = $back->accept;
$request->answer(200);
is(field($c->read, 'MSA-2'), 'M1', '444: what was sent before is answered');

my @rest;

while (defined(my $ack = $c->read)) {
    push @rest, field($ack, 'MSA-2');
}

ok(!(grep { $_ eq 'M2' } @rest), '444: closed without an acknowledgement');

$c = $ngx->client('NONE');
$c->write(message('M4', 444));
ok($c->eof, '444 alone');


# of several levels the innermost is valid, without the others

$ngx->wait_gone($ngx->reload(stream => "mllp_ack_map 404=AA 503=AE;\n"
                                       . $texts{stream}));

is_deeply(codes('NONE'), { %default, 404 => 'AA', 503 => 'AE' }, 'inherited');
is_deeply(codes('DIGITS'), { %default, %{$differs{DIGITS}} }, 'not merged');

$ngx->stop;


# what is no map

for my $map ('4xx=CA', '6xx=AE', '1xx=AE', '4x=AE', 'xxx=AE', '4xx=AX', '404AE',
             '4x4=AE', '45x=AE', '099=AA', '600=AR', '404=aa', '404=',
             '404=AAA', '4xx=AE 404', '404=AE; mllp_ack_map 503=AE')
{
    my $texts = $texts{stream} =~ s/mllp_ack accept;/mllp_ack_map $map;/r;

    ok(!eval { Engine->start(%texts, stream => $texts); 1 }, "$map is refused");
    like($@, qr/\[emerg\]\ (?:invalid\ value\ "|"mllp_ack_map"\ .*duplicate)
                .*\ in\ .*nginx\.conf:\d+/x, 'with the place');
}

done_testing();


sub message {
    my ($id, $location) = @_;

    return frame("MSH|^~\\&|A|B|C|$location|2026||ADT^A01|$id|P|2.5");
}


sub codes {
    my ($listener) = @_;
    my $client = $ngx->client($listener);

    $client->write(join '', map { message $_, $_ } @status);

    return { map { my $ack = $client->read;
                   field($ack, 'MSA-2') => field($ack, 'MSA-1') } @status };
}
