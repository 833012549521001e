# "make run ERP=tryton", without what it installs and builds, and each line
# that it prints to be pasted.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Newcomer;
use Tryton;

sub expected;

plan skip_all => 'no Tryton' if !Tryton->there;
plan skip_all => 'no curl' if !grep { -x "$_/curl" } split /:/, $ENV{PATH};

$Mllp::Timeout = 60 if $Mllp::Timeout < 60;

my $new = Newcomer->begin([2575, 2576, 8000, 8577, 8578], 'ERP=tryton');


my ($status, $said) = $new->run('start');

is($status, 0, 'run start') or diag($said);
like($said, qr/^    MSA\|AA\|/m, 'a message is acknowledged');
like($said, qr/^    A-26-0417 +pt_k1_\w{26} +yes$/m,
     'Tryton has a party for it');

$new->paste($said, 11, \&expected);
is(($new->run('stop'))[0], 0, 'run stop');
ok(!$new->master, 'it has ended');
ok(!tryton(), 'and so has Tryton');


# another day: what was there is there

($status, $said) = $new->run('start');
is($status, 0, 'once more') or diag($said);
like((shell('TRYTON_PORT=' . $new->port(8000)
            . ' t/tools/tryton invoices'))[1],
     qr/^C-2001 .*^C-2002 /ms, 'it has the invoices');

is(($new->run('stop'))[0], 0, 'run stop');
is_deeply([alarms($new->dir . '/logs/error.log')], [],
          'no alarm in error.log');

done_testing();


# what is to be seen when a line was pasted

sub expected {
    my ($line) = @_;

    return $line =~ /^make send/       ? qr/^MSA\|AA\|/m
         : $line =~ /correlation_id=/  ? qr/"state" : "delivered"/
         : $line =~ /invoices/         ? qr/^C-2001.*posted +12500.*^C-2002.*posted +37/ms
         : $line =~ /stock/            ? qr/^IMP-4711 on hand: 8$/m
         : $line =~ /requests/         ? qr/^IMP-4711 +12 +draft$/m
         : $line =~ /hooks\/items/     ? qr/"correlation_id" : "/
         : $line =~ /clinical/         ? qr/^ITM\|IMP-4711\|Hip stem, size 12/m
         : $line =~ /status/           ? qr/"dead" : 0,.*"pending" : 0\b/s
         : $line =~ /reload/           ? qr/^reloaded/m
         :                               qr/^$/;
}


sub tryton {
    my ($pid) = Engine::contents($new->dir . '/tryton.pid') =~ /(\d+)/;

    return Engine::alive($pid);
}
