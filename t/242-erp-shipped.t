# conf/nginx.conf, what "make run" starts, on other ports: each of its flows,
# with the stand-in that it has for an ERP.

use strict;
use warnings;

use lib 't/lib';
use Cwd;
use Test::More;
use Engine;

sub dft;
sub acknowledged;
sub arrived;

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


is(acknowledged(Engine::contents('t/data/adt_a01.hl7')), 'CA',
   'an admission is stored');
like(arrived('/adt'), qr/^201 \/adt \w{32} \{"type":"encounter",/,
     'and arrives, as it is');

is(acknowledged(dft('M1', 'V-1')), 'AA', 'a charge is stored');
like(arrived('/charge'),
     qr/^201 \/charge \w{32} charge%5Breference%5D=C-M1&/m,
     'and arrives, as a form');
like(arrived('/stock'),
     qr/^201 \/stock \w{32} \{.*"Items":\[\{"MovementType":"201"/m,
     'with what was used, as JSON');

is(acknowledged(hl7('ORU^R01', 'M2')), 'AA', 'a result is dropped');
isnt(acknowledged(hl7('ZZZ^Z01', 'M3')), 'AA', 'anything else is refused');

like($ngx->get('P8577', '/hie/v1/health/ready'), qr/ 200 /, 'the API answers');
like($ngx->get('P8577', '/metrics'), qr/ 200 .*^hie_store_up 1$/ms,
     'and the metrics');

# the ERP is down, and comes back

my $down = $ngx->dir . '/erp/down';

mkdir $ngx->dir . '/erp';
open my $file, '>', $down or die "$down: $!\n";
close $file;

is(acknowledged(dft('M4', 'V-2')), 'AA', 'the ERP is down: it is stored');

wait_for { Engine::contents($log) =~ m{^503 /charge }m } 'a refusal';
unlink $down;

wait_for { 2 == (() = Engine::contents($log) =~ m{^201 /charge }mg) }
         'the delivery';

my ($key) = Engine::contents($log) =~ m{^503 /charge (\w+)}m;
like(Engine::contents($log), qr{^201 /charge $key }m,
     'it is back: delivered, by the same key');

$ngx->stop;
done_testing();


sub acknowledged {
    $mllp->send(@_);
    return field($mllp->read, 'MSA-1');
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
