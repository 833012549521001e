use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;
use Held;

# A frame with FHS or BHS is a batch: its messages are requests of their own,
# its answer is one response batch, empty where nothing is owed.

sub message;
sub batch;
sub codes;

my $back = Held->new;
my $port = $back->port;

my %listeners = (
    AUTO => '', ONE => 'mllp_inflight 1;', TWO => 'mllp_inflight 2;',
    ORIGINAL => 'mllp_ack original;', ACCEPT => 'mllp_ack accept;',
    RELEASE2 => 'mllp_ack release2;', NO_ACK => 'mllp_ack none;',
    MULTI => 'mllp_tolerate default multi_msh;',
);

my $servers = join '', map { <<"EOS" } sort keys %listeners;
    server {
        listen 127.0.0.1:%%$_%%;
        $listeners{$_}
        mllp_pass hie /\$hl7_receiving_facility;
    }
EOS

my $ngx = Engine->start(stream => $servers, http => <<"EOH");
    log_format request '\$hl7_control_id \$hl7_size';

    server {
        server_name hie;
        mllp_only;
        access_log logs/access.log request;

        location /200 { return 200; }
        location /400 { return 400; }
        location /444 { return 444; }
        location /held { proxy_pass http://127.0.0.1:$port; }
    }
EOH

my ($c, $ack, $seen, @request, @ids);

my $fhs = 'FHS|^~\\&|LAB|WARD|HIE|ERP|20260301||file||F77';
my $bhs = 'BHS|^~\\&|LAB|NORTH|HIE|SOUTH|20260301||batch||B77';


# the whole of it

$c = $ngx->client('AUTO');
$c->write(batch $fhs, $bhs, message('1'), message('2'), 'BTS|2', 'FTS|1');
$ack = $c->read;

like($ack, qr/\AFHS\|\^~\\&\|HIE\|ERP\|LAB\|WARD\|(\d{14}[+-]\d{4})
                  \|\|\|\|([0-9a-f]+)\|F77\n
              BHS\|\^~\\&\|HIE\|SOUTH\|LAB\|NORTH\|\1\|\|\|\|[0-9a-f]+\|B77\n
              MSH\|\^~\\&\|C\|200\|A\|B\|\1\|\|ACK\^A01\^ACK\|([0-9a-f]+)\|P
                  \|2\.5\nMSA\|AA\|1\n
              MSH\|.*\nMSA\|AA\|2\nBTS\|2\nFTS\|1\n\z/x, 'FHS and BHS')
    or diag $ack;

$c->write(batch $bhs, message('3'), 'BTS|1');
$ack = $c->read;
like($ack, qr/\ABHS.*\|B77\nMSH.*\nMSA\|AA\|3\nBTS\|1\n\z/, 'only BHS');

$c->write(batch $fhs, message('4'), 'FTS|1');
$ack = $c->read;
like($ack, qr/\AFHS.*\|F77\nBHS.*\nMSH.*\nMSA\|AA\|4\nBTS\|1\nFTS\|1\n\z/,
     'only FHS');

$c->write(batch $fhs, $bhs, message('5'), 'BTS|1',
          'BHS|^~\&|LAB|EAST|HIE|WEST', message('6'), message('7'), 'BTS|2',
          'FTS|2');
$ack = $c->read;
is(codes($ack), 'AA 5, AA 6, AA 7', 'two batches in a file');
like($ack, qr/^BTS\|3\nFTS\|1\n\z/m, 'are answered with one');

$c->write(batch $bhs, message('8'), message('9'));
is(codes($c->read), 'AA 8, AA 9', 'without BTS');

like($ngx->access_log, qr/^1 60\n2 60\n3 60\n4 60\n5 60\n6 60\n7 60\n/,
     'each message is a request, without segments of the batch');


# no message at all

$c->write(batch $fhs, $bhs, 'BTS|0', 'FTS|1');
like($c->read, qr/\AFHS.*\nBHS.*\nBTS\|0\nFTS\|1\n\z/, 'no message');
$c->write(batch $bhs);
like($c->read, qr/\ABHS.*\nBTS\|0\n\z/, 'BHS alone');


# what BTS counts

unlike($ngx->log, qr/declares/, 'no complaint so far');
$c->write(batch $bhs, message('10'), 'BTS|3');
is(codes($c->read), 'AA 10', 'a count that is wrong');
like($ngx->log, qr/\[warn\].*HL7 batch of 1 messages declares 3 .*client: 127/,
     'is in the log');


# one bad message is refused, the others are not

$c->write(batch $bhs, message('11'), message('12', 400), message(''),
          'MSH|^~\&|A|B|C|200|2026||' . '|13|P|2.5',
          message('14'), 'BTS|5');
$ack = $c->read;
is(codes($ack), 'AA 11, AE 12, AE , AR 13, AA 14', 'one with each fault');
is((() = $ack =~ /^ERR\|/mg), 3, 'each with its reason');
like($ack, qr/^BTS\|5\n\z/m, 'all are counted');

# 444 closes, yet an answer that is left out would be a positive one

$c->write(batch $bhs, message('15'), message('16', 444, 'NE', 'ER'), 'BTS|2');
is(codes($c->read), 'AA 15, AR 16', '444 in a batch');
ok($c->eof, 'and closed');


# what the messages ask for

$c = $ngx->client('AUTO');
$c->write(batch $bhs, message('20', 200, 'NE', 'ER'),
          message('21', 200, 'NE', 'NE'), message('22', 200, 'ER', 'ER'),
          'BTS|3');
like($c->read, qr/\ABHS.*\nBTS\|0\n\z/, 'all is well and none asks for more');

$c->write(batch $bhs, message('23', 200, 'NE', 'ER'),
          message('24', 400, 'NE', 'ER'), message('25', 400, 'NE', 'NE'),
          message('26', 200, 'AL', 'AL'), message('27', 400, 'AL', 'AL'),
          'BTS|5');
$ack = $c->read;
is(codes($ack), 'AE 24, CA 26, AA 26, CE 27', 'only what is asked for');

$c->write(batch $bhs, message('28', 200, '', '', 'ACK'), message('29'),
          'BTS|2');
is(codes($c->read), 'AA 29', 'an acknowledgement in it has none');


# the modes

for my $case (['ORIGINAL', 'AA 30, AE 31'], ['ACCEPT', 'CA 30, CE 31']) {
    my ($listener, $want) = @$case;

    $c = $ngx->client($listener);
    $c->write(batch $bhs, message('30', 200, 'NE', 'NE'),
              message('31', 400, 'NE', 'NE'), 'BTS|2');
    is(codes($c->read), $want, $listener);
}

$c = $ngx->client('RELEASE2');
$c->write(batch($bhs, message('32'), message('33'), 'BTS|2')
          . batch($bhs, message('34'), message('35', 400), message('36'))
          . batch($bhs, message('37')) . batch($bhs)
          . batch($bhs, 'PID|1', message('38')));
is_deeply([map { $c->read } 1 .. 5], ['\x06', '\x15', '\x06', '\x06', '\x15'],
          'release 2: one block, positive if all is well');
is(field($c->read, 'MSA-1'), 'AE', 'a batch that is none is told why');

$c = $ngx->client('NO_ACK');
$seen = length $ngx->access_log;
$c->write(batch $bhs, message('39'), message('40', 400), 'BTS|2');
$c->half_close;
ok($c->eof, 'none: nothing is sent');
is(substr($ngx->access_log, $seen), "39 60\n40 60\n", 'all is processed');


# segments outside of messages make it no batch

$c = $ngx->client('AUTO');
$seen = length $ngx->access_log;

for my $bytes (batch($bhs, 'PID|1', message('41')),
               batch($bhs, message('41'), 'BTS|1', 'PID|1'))
{
    $c->write($bytes);
    $ack = $c->read;
    is(codes($ack), 'AE 41', 'a segment that belongs to no message');
    like($ack, qr/\AMSH/, 'is no batch');
}

is(substr($ngx->access_log, $seen), '', 'nothing of it is a request');


# a slow one holds up the answers, not the others; several batches in flight

for my $listener (qw(ONE TWO AUTO)) {
    my $slots = { ONE => 1, TWO => 2, AUTO => 16 }->{$listener};

    $c = $ngx->client($listener);
    $c->write(batch($fhs, $bhs, message('50', 'held'), message('51'), 'BTS|2')
              . batch($bhs, message('52'), message('53', 'held'), 'BTS|2')
              . batch($bhs) . frame(message('54')));

    $request[0] = $back->accept;

    if ($slots == 16) {

        # both are held at a time, and are answered the other way round

        $request[1] = $back->accept;
        $request[1]->answer(400);
        wait_for { $ngx->access_log =~ /^53 \d+\n\z/m } 'the last one';
        $request[0]->answer(200);

    } else {
        ok(!$back->pending, "$listener: one after the other");
        $request[0]->answer(200);
        $request[1] = $back->accept;
        $request[1]->answer(400);
    }

    is(codes($c->read), 'AA 50, AA 51', "$listener: the first batch");
    is(codes($c->read), 'AA 52, AE 53', "$listener: the second batch");
    is(codes($c->read), '', "$listener: the empty batch");
    is(codes($c->read), 'AA 54', "$listener: the message behind them");
}

# many messages, in one turn and in several

@ids = map { "L$_" } 1 .. 1000;

for my $listener (qw(AUTO ONE)) {
    $c = $ngx->client($listener);
    $c->write(batch $fhs, $bhs, (map { message $_ } @ids), 'BTS|1000', 'FTS|1');
    $ack = $c->read;
    is(codes($ack), join(', ', map { "AA $_" } @ids), "$listener: 1000");
    like($ack, qr/^BTS\|1000\nFTS\|1\n\z/m, "$listener: counted");

    my %id = map { $_ => 1 } $ack =~ /^MSH(?:\|[^|]*){8}\|([^|]*)/mg;
    is(keys %id, 1000, "$listener: 1000 ids of their own");
}


# several messages without a batch

$c = $ngx->client('MULTI');
$c->write(frame(message('60'), message('61', 400), message('62')));
is_deeply([map { codes($c->read) } 1 .. 3], ['AA 60', 'AE 61', 'AA 62'],
          'multi_msh: an acknowledgement for each');

$c = $ngx->client('AUTO');
$seen = length $ngx->access_log;
$c->write(frame(message('63'), message('64')));
$ack = $c->read;
is(codes($ack), 'AE 63', 'refused without it');
is(field($ack, 'ERR-8'), 'several messages without FHS or BHS', 'and told why');
is(substr($ngx->access_log, $seen), '', 'none of them is a request');

$ngx->stop;
done_testing();


sub message {
    my ($id, $location, $accept, $application, $type) = @_;

    return 'MSH|^~\&|A|B|C|' . ($location // 200) . '|2026||'
           . ($type // 'ADT^A01') . "|$id|P|2.5|||" . ($accept // '') . '|'
           . ($application // '') . "\nPID|1|" . 'x' x (9 - length $id);
}


sub batch {
    return frame(@_);
}


# codes and ids of all acknowledgements in the answer

sub codes {
    my ($text) = @_;

    return join ', ', map { s/\|/ /r } $text =~ /^MSA\|(\w\w\|[^|\n]*)/mg;
}
