# Oracle Fusion, by conf/destinations/oracle.conf as it is shipped: supply
# usage is staged, and delivered when it has been processed.  Oracle is a
# stand-in, see t/lib/Oracle.pm.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use DestTest;
use Oracle;

sub posts;
sub waits;

my $scope = 'urn:opc:resource:consumer::all';
my $erp = Oracle->start("$Mllp::Prefix-oracle", scope => $scope,
                        secret => { hie => 's3cr&t' },
                        host => 'fusion.example', login_host => 'idcs.example',
                        stock => { map { ("IMP-$_" => 10) } 1 .. 30 });

my $ngx = DestTest->start('oracle',
    ports => { 44310 => $erp->port, 44311 => $erp->port },
    keys => { 'oracle.secret' => 's3cr&t' },
    flows => <<'EOF');
location /hl7/DFT/ {
    canonical_request dft_supply_usage;
    erp_send /erp/oracle/usage order_by=$canonical_item_id;
}

location /hl7/ { return 404; }
EOF

my $post = qr{^POST /fscm};
my (@sent, $json, $row);


# staged, asked for until it has been processed, and asked whether it failed

usage 'M1', 'U/1', 'IMP-1', 2;
waits 'U/1', 3;

is_deeply([map { "$_->{method} $_->{path} $_->{status}" }
               ($erp->news)[0 .. 1]],
          ['POST /oauth2/v1/token 200', 'POST /fscmRestApi/resources/'
           . '11.13.18.05/inventoryStagedTransactions 201'],
          'a token, and it is staged');
is_deeply([grep { $_ ne 'retry 500' && $_ ne 'retry 200' } attempts 'U/1'],
          [], 'staged: it waits');
is(@{ $erp->call('staged') }, 1, 'staged: once');
is((attempts 'U/1')[0], 'retry 500', 'staged: at first it is not asked for');

$erp->call('process');
drained;

is((attempts 'U/1')[-1], 'done 200', 'processed: delivered');
is_deeply([map { "$_->{Reference} $_->{Quantity}" }
               @{ $erp->call('completed') }], ['U/1 -2'], 'processed: once');
is($erp->call('on_hand', 'IMP-1'), 8, 'processed: in effect');

($json) = map { $_->{json} } posts $erp->journal;

like($json->{SourceHeaderId}, qr/^\d+$/, 'the source has a number');
delete $json->{SourceHeaderId};
is_deeply($json, {
    OrganizationName => 'General Hospital',
    TransactionTypeName => 'Miscellaneous issue', ItemNumber => 'IMP-1',
    SubinventoryCode => 'OR', TransactionQuantity => -2,
    TransactionUnitOfMeasure => 'Each', TransactionDate => '2026-11-21',
    AccountCombination => '01-4100-64010-000-000',
    UseCurrentCostFlag => JSON::PP::true, TransactionMode => '3',
    SourceCode => 'HIE', SourceLineId => 1, TransactionReference => 'U/1' },
    'the transaction');

($row) = posts $erp->journal;
is($row->{header}{'upsert-mode'}, 'true', 'Upsert-Mode');
cmp_ok(scalar(my @tokens = $erp->journal(qr{/token$})), '<=', 2,
       'a token for each worker at most');
like(($erp->journal(qr{/token$}))[0]{body},
     qr/scope=urn%3[aA]opc%3[aA]resource%3[aA]consumer%3[aA]%3[aA]all/,
     'its scope');

# processed before it is asked for the first time: completed

$erp->set(quick => 1);
usage 'M2', 'U-2', 'IMP-1', 1;
usage 'M3', 'U-2', 'IMP-1', 1, type => 'CD';
drained;

is($erp->call('on_hand', 'IMP-1'), 8, 'an issue, and a receipt of it');
is_deeply([map { "$_->{Reference} $_->{Quantity}" }
               @{ $erp->call('completed') }[1, 2]],
          ['U-2 -1', 'U-2/CD 1'], 'in their order');


usage 'M4', 'U-4', 'IMP-1', 2, lot => 'L77';
usage 'M5', 'U-5', 'IMP-1', 1, serial => 'S-9';
drained;
($row) = grep { $_->{json}{lots} } posts $erp->journal;
is_deeply($row->{json}{lots},
          [{ LotNumber => 'L77', TransactionQuantity => -2 }], 'a lot');
($row) = grep { $_->{json}{serials} } posts $erp->journal;
is_deeply($row->{json}{serials},
          [{ FmSerialNumber => 'S-9', ToSerialNumber => 'S-9' }],
          'a serial number');


# what cannot be processed is a dead letter, with what Oracle says

usage 'E1', 'U-10', 'IMP-2', 11;
drained;

is(dead->{'U-10'}{code}, 'INV_QTY_NOT_AVAIL', 'failed: its code');
is(dead->{'U-10'}{error}, "The quantity isn't available.",
   'failed: its message');

# it is put right in Oracle, and the dead letter replayed

$erp->call('correct', TransactionQuantity => -3);
$erp->call('process');
$erp->news;
ok(replay('U-10'), 'failed: put right, and replayed');
drained;
is(scalar(posts $erp->news), 0, 'failed: it is not staged again');
is($erp->call('on_hand', 'IMP-2'), 7, 'failed: in effect, once');

# or is refused at once: as text, or with details

$erp->next($post, { status => 400, header => ['Content-Type: text/plain'],
    body => 'Invalid operation create for the specified resource.' });
usage 'E2', 'U-11', 'IMP-3', 1;
usage 'E3', 'U-12', 'IMP-4', 1, unit => '4E';
drained;

is(dead->{'U-11'}{error},
   'Invalid operation create for the specified resource.', 'a bare text');
is(dead->{'U-12'}{code}, 'INV_INT_ACCTNOT', 'o:errorDetails: its code');
like(dead->{'U-12'}{error}, qr/^The account combination/,
     'o:errorDetails: its message');
is(dead->{'U-12'}{attempts}, 1, 'after one attempt');

# what Oracle has no name for is not sent

$erp->news;
usage 'E4', 'U-13', 'IMP-5', 1, unit => 'CARDIOLOGY';
usage 'E5', 'U?14', 'IMP-6', 1;
drained;
ok(dead->{'U-13'}, 'no subinventory: a dead letter');
ok(dead->{'U?14'}, 'a reference that cannot be asked for: a dead letter');
is(scalar($erp->news), 0, 'nothing is sent');


# its answer is lost: it is staged, and not staged again

$erp->set(quick => 0);
$erp->next($post, 'lost');
$erp->news;
usage 'L1', 'U-20', 'IMP-7', 1;
wait_for { grep { /^retry/ } attempts 'U-20' } 'the probe';
is(@{ $erp->call('staged') }, 1, 'lost answer: staged once');
$erp->call('process');
drained;
is($erp->call('on_hand', 'IMP-7'), 9, 'lost answer: once in effect');
is(scalar(posts $erp->news), 1, 'lost answer: not sent again');

# and has been processed in the meantime

$erp->set(quick => 1);
$erp->next($post, 'lost');
usage 'L2', 'U-21', 'IMP-7', 1;
drained;
is($erp->call('on_hand', 'IMP-7'), 8, 'lost and processed: once in effect');
is_deeply([attempts 'U-21'], ['unknown 2', 'done 200'],
          'lost and processed: found');

# the queries say nothing of it yet: Upsert-Mode finds the row

$erp->set(quick => 0);
$erp->news;
$erp->next($post, 'lost');
$erp->next(qr/^GET/, map { { status => 200, body => '{"items":[],"count":0}',
    header => ['Content-Type: application/json'] } } 1 .. 2);
usage 'L3', 'U-22', 'IMP-7', 1;
waits 'U-22', 3;
is(scalar(posts $erp->news), 2, 'not found: sent again');
is(@{ $erp->call('staged') }, 1, 'not found: the same row');
$erp->call('process');
drained;
is($erp->call('on_hand', 'IMP-7'), 7, 'not found: once in effect');

# 504 after five minutes, 408 when it is staged, 429, 503

for my $status (408, 429, 503, 504) {
    $erp->set(quick => 1);
    $erp->next($post, { status => $status });
    usage "R$status", "U-$status", 'IMP-8', 1;
    drained;
    is((attempts "U-$status")[0], "down $status", "$status: sent again");
}

is($erp->call('on_hand', 'IMP-8'), 6, 'each of them once in effect');


# the token has ended

$erp->news;
$erp->call('forget_tokens');
usage 'T1', 'U-30', 'IMP-9', 1;
drained;
is((grep { $_->{status} eq '401' } $erp->news) > 0, 1, 'no token: refused');
is($erp->call('on_hand', 'IMP-9'), 9, 'no token: another one, once in effect');
is((grep { /down/ } attempts 'U-30'), 0, 'no token: in the same attempt');

$ngx->stop;
$erp->stop;
done_testing();


sub posts {
    return grep { $_->{method} eq 'POST' && $_->{path} =~ /Staged/ } @_;
}


sub waits {
    my ($key, $n) = @_;

    wait_for { attempts($key) >= $n } "$n attempts of $key";
}
