# conf/flows/supply.conf with a real Tryton: what was used leaves the store,
# what is on the bill is an invoice, the reorder run asks for more, and what is
# taken back comes back.

use strict;
use warnings;

use lib 't/lib';
use POSIX 'strftime';
use Test::More;
use Time::HiRes 'sleep';
use TrytonFlow;

plan skip_all => 'no Tryton' if !Tryton->there;

sub adt;
sub used;
sub dft;
sub bills;
sub moves;
sub reorder;
sub requests;

my $flow = TrytonFlow->begin;
my $erp = $flow->erp;
my $today = strftime('%Y%m%d', localtime);
my $sent = 0;

# with less than 9 of it, as many are to be bought that there are 20

my $stem = $erp->item('IMP-4711', 10);
my $screw = $erp->item('SCREW-5', 100);

for ([$stem, 9, 20], [$screw, 50, 200]) {
    my ($product, $min, $target) = @$_;

    $erp->made('stock.order_point',
        { product => $product, type => 'purchase', company => 1,
          warehouse_location => $erp->found('stock.location',
                                            [['type', '=', 'warehouse']]),
          min_quantity => $min, target_quantity => $target });
}

$flow->start(flows => ['admission', 'supply'], mllp_only => 1);


# two stems that are charged, four screws that are not, and a service

reorder;
is_deeply([requests], [], 'there is enough: nothing to buy');

my $operation = dft(used('T-1', 'IMP-4711', 2, '1850.00'),
                    used('T-2', 'SCREW-5', 4, '0.00'),
                    used('T-3', '', 1, '900.00'));

$flow->send(adt(), $operation);
$flow->drained;

is($erp->on_hand($stem), 8, 'used: two have left the store');
is($erp->on_hand($screw), 96, 'used: what is not charged has left it too');
is_deeply([bills], ['T-1 posted 3700.00 ACC-1', 'T-3 posted 900.00 ACC-1'],
          'used: what has a price is an invoice of the account');
is($flow->number('attempt WHERE outcome != 1'), 0,
   'used: in the first attempt');

reorder;
is_deeply([requests], ["$stem 12"], 'reorder run: twelve are to be bought');
reorder;
is_deeply([requests], ["$stem 12"], 'once more: as many');


# one of them was not used

$flow->send(dft(used('T-1', 'IMP-4711', 1, '1850.00', type => 'CD')));
$flow->drained;

is($erp->on_hand($stem), 9, 'taken back: in stock again');
is_deeply([bills], ['T-1 posted 3700.00 ACC-1',
                    'T-1/CD posted -1850.00 ACC-1',
                    'T-3 posted 900.00 ACC-1'], 'taken back: a credit');

my ($issue) = moves('T-1');
my ($return) = moves('T-1/CD');

is($return->{origin}, "stock.move,$issue->{id}",
   'taken back: the return names the issue');
is($return->{from_location}, $issue->{to_location}, 'from where that went');
is($return->{to_location}, $issue->{from_location}, 'to where that was');

my ($credit) = $erp->all('account.invoice.line',
    [['invoice.reference', '=', 'T-1/CD']], 'origin');
my ($charge) = $erp->all('account.invoice.line',
    [['invoice.reference', '=', 'T-1']], 'id');

is($credit->{origin}, "account.invoice.line,$charge->{id}",
   'taken back: the credit names the charge');

reorder;
is_deeply([requests], [], 'reorder run: there is enough again');


# what was never used is not taken back; nor is what nobody knows used

$flow->send(dft(used('T-9', 'SCREW-5', 1, '5.00', type => 'CD')),
            dft(used('T-4', 'NEW-1', 3, '7.00')));
$flow->drained;

is_deeply([sort map { "$_->{object_key} $_->{destination}" } $flow->letters],
          ['T-4 /erp/tryton/usage', 'T-9/CD /erp/tryton/account',
           'T-9/CD /erp/tryton/usage'], 'dead letters');
is($erp->on_hand($screw), 96, 'not used: not in stock');

my $product = $erp->item('NEW-1', 5);

$flow->replay($flow->dead->{'T-4'});
wait_for { sleep 0.1; $erp->on_hand($product) == 2 } 'the replay';
is(moves('T-4'), 1, 'unknown item: it has left the store, once');

my $skipped = $flow->ask(POST => '/deliveries/skip',
    { reason => 'a mistake',
      ids => [map { $_->{id} } grep { $_->{object_key} eq 'T-9/CD' }
                  $flow->letters] });

is_deeply([map { $_->{result} } @{ $skipped->{deliveries} }],
          [('skipped, its key goes on') x 2],
          'taken back what was not used: skipped');


# Tryton goes away and comes back

my @late = map { dft(used("W-$_", 'SCREW-5', 1, '3.00')) } 1 .. 8;

push @late, dft(used('W-3', 'SCREW-5', 1, '3.00', type => 'CD'));

$flow->send(@late[0 .. 1]);
$erp->stop;
$flow->send(@late[2 .. 5]);
$erp->again;
$flow->send(@late[6 .. 8]);
$flow->drained;

is($erp->on_hand($screw), 96 - 8 + 1,
   'gone and back: each of them has left once');
is(scalar(grep { /^W-/ } bills), 9, 'gone and back: one invoice each');
is(scalar(grep { /^W-.* posted / } bills), 9, 'gone and back: all posted');


# the same again: as it was sent, and as new messages

my @before = ($erp->on_hand($stem), $erp->on_hand($screw), bills);

$flow->send($operation, @late);
$flow->drained;
is_deeply([$erp->on_hand($stem), $erp->on_hand($screw), bills], \@before,
          'the same messages: nothing changes');

s/^(MSH(?:\|[^|]*){8}\|)/$1N/ for $operation, @late;
$flow->send($operation, @late);
$flow->drained;
is_deeply([$erp->on_hand($stem), $erp->on_hand($screw), bills], \@before,
          'with new numbers: nothing changes');

$flow->stop;
done_testing();


sub adt {
    return hl7('ADT^A01', 'A' . ++$sent, "EVN||${today}080000",
        'PID|1||P-1^^^GHH^MR' . '|' x 15 . 'ACC-1',
        'PV1|1|I|OR' . '|' x 16 . 'V-1');
}


sub used {
    my ($id, $item, $quantity, $price, %more) = @_;
    my %o = (type => 'CG', %more);

    return "FT1|1|$id||$today||$o{type}|X^Service|||$quantity||$price|OR"
           . '|' x 21 . $item;
}


sub dft {
    return hl7('DFT^P03', 'D' . ++$sent, "EVN||${today}100000",
        'PID|1||P-1^^^GHH^MR' . '|' x 15 . 'ACC-1',
        'PV1|1|I|OR' . '|' x 16 . 'V-1', @_);
}


sub bills {
    return sort map {
        "$_->{reference} $_->{state} $_->{total_amount}{decimal} "
        . $_->{'party.'}{code}
    } $erp->all('account.invoice', [], 'reference', 'state', 'total_amount',
                'party.code');
}


sub moves {
    my ($id) = @_;

    return $erp->all('stock.move',
        [['shipment.reference', '=', $id, 'stock.shipment.internal'],
         ['state', '=', 'done']], 'origin', 'from_location', 'to_location');
}


# what Tryton does each night, or when somebody asks for it

sub reorder {
    my %c = (company => 1);
    my ($session) = @{ $erp->call('wizard.stock.supply.create', [\%c]) };

    $erp->call('wizard.stock.supply.execute',
               [$session, { start => {} }, 'create_', \%c]);
    $erp->call('wizard.stock.supply.delete', [$session, \%c]);
}


sub requests {
    return sort map { "$_->{product} $_->{quantity}" }
        $erp->all('purchase.request', [], 'product', 'quantity');
}
