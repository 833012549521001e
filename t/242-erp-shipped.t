# conf/nginx.conf, what "make run" starts, on other ports: each of its flows,
# with the stand-in that it has for an ERP, and the messages in conf/examples.

use strict;
use warnings;

use lib 't/lib';
use Cwd;
use Test::More;
use Engine;
use Receiver;

sub example;
sub dft;
sub acknowledged;
sub arrived;
sub api;
sub touch;

my $conf = getcwd() . '/conf';
my $text = Engine::contents("$conf/nginx.conf");
my ($stream, $http) = $text =~ /^stream\ \{\n(.*?)^\}\n.*
                                 ^http\ \{\n(.*?)^\}\n/msx;

for ($stream, $http) {
    s{127\.0\.0\.1:(\d+)}{127.0.0.1:%%P$1%%}g;
    s{file=\.\./build/run/}{file=};
}

my $ngx = Engine->start(
    workers => 2,
    events => ($text =~ /^events \{\n(.*?)^\}/ms)[0],
    files => {
        'keys/patient.key' => '0123456789abcdef',
        map { $_ => \"$conf/$_" }
            qw(hl7_log.conf hl7_session_log.conf maps schemas)
    },
    stream => $stream,
    http => $http);

my $mllp = $ngx->client('P2575');
my $log = $ngx->dir . '/logs/erp.log';


is(acknowledged(example('adt_a01.hl7')), 'AA', 'an admission is stored');
like(arrived('/adt'), qr/^201 \/adt \w{32} \{"type":"encounter",/,
     'and arrives, as it is');

is(acknowledged(dft('M1', 'V-1')), 'AA', 'a charge is stored');
like(arrived('/charge'),
     qr/^201 \/charge \w{32} charge%5Breference%5D=C-M1&/m,
     'and arrives, as a form');
like(arrived('/stock'),
     qr/^201 \/stock \w{32} \{.*"Items":\[\{"MovementType":"201"/m,
     'with what was used, as JSON');

is(acknowledged(example('siu_s12.hl7')), 'AA', 'an appointment is stored');
like(arrived('/roster'),
     qr{^201 /roster \w{32} \{"type":"appointment",.*"key":"T-5100"}m,
     'and arrives');

is(acknowledged(example('mfn_m16.hl7')), 'AA', 'an item is stored');
like(arrived('/items'), qr{^201 /items \w{32} \{"type":"}, 'and arrives');

wait_for { 2 == (() = Engine::contents($log) =~ m{^201 /items }mg) }
         'the supplier';

like(Engine::contents($log),
     qr{^201 /items \w{32} \{"type":"$_->[0]".*"key":"$_->[1]"}m,
     "as $_->[0]") for ['item', 'IMP-4711'], ['supplier', 'S-77'];

my $visit = post($ngx->port('P8578'), '/fhir/Encounter',
                 example('encounter.json'),
                 'Content-Type: application/fhir+json');

is(answer($visit)->{status}, 202, 'a visit, in FHIR, is stored');
wait_for { Engine::contents($log) =~ m{^201 /adt .*"key":"V-26-1201"}m }
         'the visit';
pass('and arrives where those in HL7 v2 do');

is(acknowledged(hl7('ORU^R01', 'M2')), 'AA', 'a result is dropped');
isnt(acknowledged(hl7('ZZZ^Z01', 'M3')), 'AA', 'anything else is refused');

like($ngx->get('P8577', '/hie/v1/health/ready'), qr/ 200 /, 'the API answers');
like($ngx->get('P8577', '/metrics'), qr/ 200 .*^hie_store_up 1$/ms,
     'and the metrics');

# the ERP is down, and comes back

my $down = $ngx->dir . '/erp/down';

mkdir $ngx->dir . "/$_" or die "$_: $!\n" for 'erp', 'erp/refuse';
touch($down);

is(acknowledged(dft('M4', 'V-2')), 'AA', 'the ERP is down: it is stored');

wait_for { Engine::contents($log) =~ m{^503 /charge }m } 'a refusal';
unlink $down;

wait_for { Engine::contents($log) =~ m{^201 /charge .*=C-M4&}m }
         'the delivery';

my ($key) = Engine::contents($log) =~ m{^503 /charge (\w+)}m;
like(Engine::contents($log), qr{^201 /charge $key }m,
     'it is back: delivered, by the same key');

# it refuses one object, and takes others

my $refuse = $ngx->dir . '/erp/refuse/C-2001';

touch($refuse);

is(acknowledged(example('dft_p03.hl7')), 'AA', 'a charge that is refused');
is(acknowledged(dft('M5', 'V-3')), 'AA', 'and one that is not');

wait_for { Engine::contents($log) =~ m{^201 /charge .*=C-M5&}m } 'the other';

my $dead;
wait_for { $dead = api('dead-letters?detail=1'); $dead =~ /C-2001/ }
         'the dead letter';

like($dead, qr/"code":"CLOSED"/, 'refused: a dead letter, with the reason');
unlike(Engine::contents($log), qr{^201 /charge .*=C-2002&}m,
       'refused: what is of the same visit waits');

unlink $refuse;

my $replay = post($ngx->port('P8577'), '/hie/v1/dead-letters/replay',
                  '{"reason":"mended","filter":{"destination":"/erp/charge"}}',
                  'Content-Type: application/json');

like(answer($replay)->{body}, qr/"replayed":1\b/, 'refused: replayed');

wait_for { Engine::contents($log) =~ m{^201 /charge .*=C-2002&}m }
         'what waited';

like(Engine::contents($log),
     qr{^201 /charge [^\n]*=C-2001&.*^201 /charge [^\n]*=C-2002&}ms,
     'refused: both arrive, in their order');

$ngx->stop;
done_testing();


sub acknowledged {
    $mllp->send(@_);
    return field($mllp->read, 'MSA-1');
}


sub example {
    return Engine::contents("$conf/examples/$_[0]");
}


sub api {
    return $ngx->get('P8577', "/hie/v1/$_[0]");
}


sub touch {
    open my $file, '>', $_[0] or die "$_[0]: $!\n";
    close $file;
}


sub arrived {
    my ($uri) = @_;

    wait_for { Engine::contents($log) =~ m{^201 $uri }m } $uri;

    return Engine::contents($log) =~ m{^(201 $uri .*)$}m ? $1 : '';
}


sub dft {
    my ($id, $visit) = @_;
    my @f = ('') x 35;

    @f[1, 2, 4, 6, 7, 10, 12, 13, 34] =
        (1, "C-$id", '20261121', 'CG', 'X^Service', 1, '10.00', 'OR', 'I-1');

    return join "\n",
        "MSH|^~\\&|OR|GHH|HIE|GHH|20261121100000||DFT^P03|$id|P|2.5",
        'PID|1||4711^^^GHH^MR', "PV1|1|I|OR" . '|' x 16 . $visit,
        join '|', 'FT1', @f[1 .. 34];
}
