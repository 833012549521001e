# A real Tryton, by the example in conf/destinations: charges become posted
# invoices, supply usage becomes stock moves, and nothing twice, whatever
# Tryton refuses, and when it goes away.

use strict;
use warnings;

use lib 't/lib';
use POSIX 'strftime';
use Test::More;
use Time::HiRes 'sleep';
use TrytonFlow;

plan skip_all => 'no Tryton' if !Tryton->there;

sub charge;
sub deliver;
sub of;
sub records;
sub invoices;

my $flow = TrytonFlow->begin;
my $erp = $flow->erp;
my %c = (company => 1);
my $today = strftime('%Y%m%d', localtime);
my $tomorrow = strftime('%Y%m%d', localtime(time + 86400));


# an item in stock, the example with the ids of this Tryton, and one account
# that is wrong

my $product = $erp->item('IMP-4711', 10);
my $revenue = $erp->revenue;

$flow->start(
    mllp_only => 1,
    tables => { tryton_revenue => "4120 99999; default $revenue;" },
    server => <<'EOF');
    location /hl7/ {
        canonical_request dft_charge dft_supply_usage;
        erp_send /erp/tryton/account when=charge
                 order_by=$canonical_account_id;
        erp_send /erp/tryton/usage when=supply_usage
                 order_by=$canonical_item_id;
    }
EOF


# a charge, a charge with an implant, and a credit

my @first = (charge('T-1', '12500.00', 1),
             charge('T-2', '1850.00', 2, item => 'IMP-4711'),
             charge('T-1', '100.00', 1, type => 'CD'));

deliver 'D1', @first;
$flow->drained;

is_deeply([invoices 'T-%'],
          ['T-1 posted 12500.00', 'T-1/CD posted -100.00',
           'T-2 posted 3700.00'], 'charges are posted invoices');
is($erp->on_hand($product), 8, 'the usage is a stock move, done');
is($flow->number('delivery WHERE state != 2'), 0, 'all of it is delivered');
is($flow->number('attempt WHERE outcome != 1'), 0, 'in the first attempt');

# the same once more

deliver 'D1', @first;
$flow->drained;

is(scalar(invoices 'T-%'), 3, 'the same again: no other invoice');
is($erp->on_hand($product), 8, 'the same again: no other move');

# what came back

deliver 'D2', charge('T-2', '1850.00', 1, item => 'IMP-4711', type => 'CD');
$flow->drained;
is($erp->on_hand($product), 9, 'a return: in stock again');


# a wrong account: a dead letter at once, and what is behind it waits

deliver 'E1', charge('U-1', '10.00', 1, unit => '4E');
deliver 'E2', charge('U-2', '20.00', 1);
deliver 'E3', charge('U-3', '30.00', 1, visit => 'V-2');
$flow->drained;

my $letter = $flow->dead->{'U-1'};

is($letter->{attempts}, 1, 'a wrong account: a dead letter at once');
is($letter->{code}, 'UserError', "a wrong account: the ERP's code");
like($letter->{error}, qr/^The value for field "Account" in "Invoice Line"/,
     "a wrong account: the ERP's message");
is($flow->sql('SELECT error FROM v_dead'), $letter->{error},
   'a wrong account: in the store');
is_deeply([invoices 'U-%'], ['U-3 posted 30.00'],
          'a wrong account: only its own visit waits');

$flow->restart(tables => {});
$flow->replay($letter);
$flow->drained;

is_deeply([invoices 'U-%'],
          ['U-1 posted 10.00', 'U-2 posted 20.00', 'U-3 posted 30.00'],
          'a wrong account: mended, replayed, all of them are there');

# a draft that cannot be posted, as there is no period for its date

deliver 'E4', charge('U-4', '40.00', 1, date => '19990101');
$flow->drained;

$letter = $flow->dead->{'U-4'};

like($letter->{error}, qr/period/, 'no period: it says so');
is_deeply([invoices 'U-4'], ['U-4 draft 40.00'], 'no period: a draft');

my $draft = $erp->found('account.invoice', [['reference', '=', 'U-4']]);

$erp->call('model.account.invoice.write',
           [[$draft], { invoice_date => undef }, \%c]);
$flow->replay($letter);
$flow->drained;

is_deeply([invoices 'U-4'], ['U-4 posted 40.00'],
          'no period: mended, replayed, the same draft is posted');

# an item that Tryton does not have

deliver 'E5', charge('U-5', '50.00', 1, item => 'IMP-0000');
$flow->drained;

is_deeply([invoices 'U-5'], ['U-5 posted 50.00'], 'no item: it is charged');
like($flow->dead->{'U-5'}{error}, qr/product/,
     'no item: the usage is a dead letter');


# Tryton goes away and comes back

my $n = 12;

for my $i (1 .. $n) {
    $erp->stop if $i == 4;
    $erp->again if $i == 9;

    deliver "F$i", charge(sprintf('W-%02d', $i), '10.00', 1);
}

$flow->drained;

is_deeply([invoices 'W-%'],
          [map { sprintf 'W-%02d posted 10.00', $_ } 1 .. $n],
          'gone and back: one posted invoice each');

my @numbers = map { $_->{number} } records('W-%');
is("@numbers", join(' ', sort { $a <=> $b } @numbers),
   'gone and back: in their order');


# the sessions end

$erp->expire;
deliver "G$_", charge("X-$_", '10.00', 1, visit => "V-$_") for 1 .. 4;
$flow->drained;

is_deeply([invoices 'X-%'], [map { "X-$_ posted 10.00" } 1 .. 4],
          'session expired: delivered all the same');
is($flow->number('attempt WHERE delivery IN ' . of('X-%')), 4,
   'session expired: in one attempt each');

# and the password is another one

$flow->engine->put('keys/tryton.pw', "wrong\n");
$erp->expire;
deliver "H$_", charge("Y-$_", '10.00', 1, visit => "V-$_") for 1 .. 4;

wait_for {
    $flow->engine->log =~ /erp_auth .* failed with status 401/
} 'the refusal';

wait_for {
    sleep 0.1;
    $erp->attempt('a guess');
    $flow->engine->log =~ /erp_auth .* failed with status 429/;
} 'the lock';

pass('wrong password: refused, then locked out');

wait_for {
    sleep 0.1;
    grep { $_->{uri} eq '/erp/tryton/account' && $_->{breaker} ne 'closed' }
         @{ $flow->ask(GET => '/destinations')->{destinations} };
} 'the breaker';

pass('wrong password: the breaker is open');
is($flow->sql('SELECT max(attempts) FROM delivery WHERE id IN '
              . of('Y-%')), 0, 'wrong password: no attempt is used up');

$flow->engine->put('keys/tryton.pw', $erp->password . "\n");
$flow->drained;

is_deeply([invoices 'Y-%'], [map { "Y-$_ posted 10.00" } 1 .. 4],
          'wrong password: mended, all is delivered');


# what is used tomorrow: Tryton asks whether that is meant

deliver 'I1', charge('Z-1', '1850.00', 3, item => 'IMP-4711',
                     date => $tomorrow);
$flow->drained;

my ($shipment) = @{ $erp->call('model.stock.shipment.internal.search_read',
    [[['reference', '=', 'Z-1']], 0, 2, undef, ['state'], \%c]) };

is($shipment->{state}, 'done', 'a warning: yes was said');
is($flow->number('attempt WHERE delivery IN ' . of('Z-1')), 2,
   'a warning: charge and usage in one attempt each');

$flow->stop;
done_testing();


sub charge {
    my ($id, $price, $quantity, %more) = @_;

    return { id => $id, price => $price, quantity => $quantity,
             date => $today, type => 'CG', visit => 'V-1', unit => 'OR',
             item => '', %more };
}


sub dft {
    my ($id, @charges) = @_;
    my $n = 0;

    return join "\n",
        "MSH|^~\\&|OR|GHH|HIE|GHH|${today}100000||DFT^P03|$id|P|2.5",
        'PID|1||4711^^^GHH^MR',
        segment('PV1', 1 => 1, 2 => 'I', 3 => 'OR', 19 => $charges[0]{visit}),
        map {
            segment('FT1', 1 => ++$n, 2 => $_->{id}, 4 => $_->{date},
                    6 => $_->{type}, 7 => "X^Service $_->{id}",
                    10 => $_->{quantity}, 12 => $_->{price},
                    13 => $_->{unit}, 34 => $_->{item})
        } @charges;
}


sub deliver {
    $flow->send(dft(@_));
}


# deliveries of objects with such a key

sub of {
    return "(SELECT d.id FROM delivery d JOIN body b ON b.id = d.body
              WHERE b.key LIKE '$_[0]')";
}


sub records {
    my ($like) = @_;

    return @{ $erp->call('model.account.invoice.search_read',
        [[['reference', 'like', $like]], 0, 1000,
         [['reference', 'ASC'], ['id', 'ASC']],
         ['reference', 'state', 'total_amount', 'number'], \%c]) };
}


sub invoices {
    return map { "$_->{reference} $_->{state} $_->{total_amount}{decimal}" }
               records(@_);
}
