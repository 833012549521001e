# What a newcomer types: t/tools/run, each line that it prints to be pasted, and
# "make send".

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Newcomer;
use Receiver;

sub expected;
sub sent;

plan skip_all => 'no curl' if !grep { -x "$_/curl" } split /:/, $ENV{PATH};

my $new = Newcomer->begin([2575, 8575 .. 8578]);
my $waiting = 0;


# behind, and each line to be pasted

my ($status, $said) = $new->run('start');

is($status, 0, 'run start') or diag($said);
like($said, qr/^    MSA\|AA\|/m, 'a message is acknowledged');
like($said, qr/^    201 \/adt \w{32} \{"type":"encounter"/m,
     'the ERP gets it');

$new->paste($said, 20, \&expected);

isnt(($new->run('start'))[0], 0, 'it runs already');
is(($new->run('stop'))[0], 0, 'run stop');
ok(!$new->master, 'run stop: it has ended');
isnt(($new->run('reload'))[0], 0, 'run reload: it does not run');


# in the foreground: a terminal's Ctrl-C, and run stop from elsewhere

my $pid = $new->foreground;

ok($new->master, 'run: it runs');
kill 'INT', -$pid;
waitpid $pid, 0;
is($?, 0, 'Ctrl-C ends it');
ok(!$new->master, 'and all of it');

$pid = $new->foreground;
is(($new->run('stop'))[0], 0, 'run stop');
waitpid $pid, 0;
is($?, 0, 'run: it has ended');

# a port is taken

my $fhir = $new->port(8578);
my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1,
                                  LocalPort => $fhir)
    or die "no port: $!\n";

($status, $said) = $new->run('');
isnt($status, 0, 'a port is taken: run fails');
like($said, qr/:$fhir failed .*in use/, 'a port is taken: it says so');
ok(!$new->master, 'a port is taken: nothing is left');
close $taken;


# make send, to a receiver that is the test

my $his = Receiver->new;
my $adt = 'conf/examples/adt_a01.hl7';
my $text = Engine::contents($adt);
my (@ids, $got);

($status, $said, $got) = sent("FILE=$adt", 'AA');
is($status, 0, 'make send: accepted');
like($said, qr/^MSA\|AA\|/m, 'make send: it shows the acknowledgement');
is($got =~ s/^((?:[^|]*\|){9})[^|]*/$1ADT-0001/r, $text,
   'make send: the message, but for its number');
push @ids, field($got, 'MSH-10');

($status, $said, $got) = sent("FILE=$adt", 'AE');
isnt($status, 0, 'make send: an error');
push @ids, field($got, 'MSH-10');
isnt($ids[0], $ids[1], 'make send: numbers differ');

is((sent("-k $adt", 'AR'))[2], $text, 'send -k: the message as it is');

is((sent($adt, $_->[0]))[0], $_->[1], "send: the status of $_->[0]")
    for ['AA', 0], ['CA', 0], ['AE', 1], ['CE', 1], ['AR', 2], ['CR', 2],
        ['', 3];

is((sent("$adt conf/examples/siu_s12.hl7", 'AR', 'AA'))[0], 2,
   'send: the worst of two');

$his->down;
is((shell("t/tools/send -p @{[$his->port]} $adt"))[0], 3,
   'send: nobody listens');
is((shell("t/tools/send t/nothing.hl7"))[0], 4, 'send: no such file');
is((shell('t/tools/send conf/examples/encounter.json'))[0], 4,
   'send: no message');
isnt((shell('make send'))[0], 0, 'make send: no file');

is_deeply([alarms($new->dir . '/logs/error.log', "$fhir failed|still could")],
          [], 'no alarm in error.log');

done_testing();


# what is to be seen when a line was pasted

sub expected {
    my ($line) = @_;

    $waiting = $1 eq 'touch' ? 1 : 0 if $line =~ /^(touch|rm) .*down$/;

    return $line =~ /^make send/       ? qr/^MSA\|AA\|/m
         : $line =~ /correlation_id=/  ? qr/"state" : "delivered"/
         : $line =~ /fhir/             ? qr/"correlation_id" : "/
         : $line =~ /tail -n 5/        ? qr/^201 \/items/m
         : $line =~ /status/           ? qr/"pending" : $waiting\b/
         : $line =~ /v_backlog/        ? qr{/erp/adt\b}
         : $line =~ /probe/            ? qr{"destination" : "/erp/adt"}
         : $line =~ /dead-letters\?/   ? qr/"code" : "CLOSED"/
         : $line =~ /replay/           ? qr/"replayed" : 1\b/
         : $line =~ /tail -n 2/        ? qr/^201 .*=C-2001&/m
         : $line =~ /reload/           ? qr/^reloaded/m
         :                               qr/^$/;
}


# sends files, answers each message: status, output, the last message

sub sent {
    my ($what, @codes) = @_;
    my $port = $his->port;
    my $got;

    pipe my $in, my $out or die "pipe: $!\n";

    my $pid = fork;
    die "fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        close $in;

        my $c = $his->accept;

        for my $code (@codes) {
            $got = $c->read;
            $c->send(ack($got, $code)) if $code;
        }

        print $out $got;
        close $out;
        require POSIX;
        POSIX::_exit(0);
    }

    close $out;

    my ($status, $said) = shell(($what =~ /^FILE/ ? "make send PORT=$port"
                                                  : "t/tools/send -p $port")
                                . " $what");

    local $/;
    $got = <$in>;
    waitpid $pid, 0;

    return ($status, $said, $got);
}
