# conf/flows/admission.conf with a real Tryton: what admissions, changes,
# cancellations, merges, discharges and charges make of it, in which order,
# while it is away, and when they come again.

use strict;
use warnings;

use lib 't/lib';
use POSIX 'strftime';
use Test::More;
use TrytonFlow;

plan skip_all => 'no Tryton' if !Tryton->there;

sub adt;
sub merge;
sub person;
sub dft;
sub party;
sub visit;
sub bills;
sub everything;

my $flow = TrytonFlow->begin;
my $erp = $flow->erp;
my $today = strftime('%Y%m%d', localtime);
my $sent = 0;

$flow->start(flows => ['admission'], mllp_only => 1);


# admitted, and changed before anything of it can have been delivered

my @admission = (adt('A01', 1, unit => '4E'),
                 map { adt('A08', 1, unit => $_ % 2 ? 'OR' : '4E',
                           class => 'E', pays => "G-$_") } 1 .. 5);

$flow->send(@admission);
$flow->drained;

is(visit(1)->{state}, 'opened', 'admitted: a visit is open');
is(visit(1)->{note}, 'emergency 4100', 'as the last change left it');

my $party = party(1);

like($party->{name}, qr/^pt_k1_\w{26}$/, 'admitted: a party, by a token');
ok($party->{active}, 'which is active');

$flow->send(adt('A08', 1, pays => 'G-4'));
$flow->drained;
my $fourth = party(1)->{name};

$flow->send(adt('A08', 1, pays => 'G-5'));
$flow->drained;
is(party(1)->{name}, $party->{name}, 'the last change was the last');
isnt($fourth, $party->{name}, 'and not the one before');

is($flow->number('attempt WHERE outcome != 1'), 0,
   'each in its first attempt');


# charges, behind an admission, and for an account that nobody knows

$flow->send(adt('A01', 2), dft(2, 'T-1', 100), dft(2, 'T-2', 50),
            dft(99, 'T-99', 10));
$flow->drained;

is_deeply([bills 'ACC-2'], ['T-1 posted 100.00', 'T-2 posted 50.00'],
          'charges are posted invoices of the account');
is_deeply([bills ''], ['T-99 posted 10.00'],
          'of no account: of the usual party');

$flow->send(dft(2, 'T-2', 20, type => 'CD'), dft(2, 'T-77', 20, type => 'CD'));
$flow->drained;

is_deeply([bills 'ACC-2'],
          ['T-1 posted 100.00', 'T-2 posted 50.00', 'T-2/CD posted -20.00'],
          'a credit is an invoice too');

my ($credit) = $erp->all('account.invoice.line',
    [['invoice.reference', '=', 'T-2/CD']], 'origin');
my ($charge) = $erp->all('account.invoice.line',
    [['invoice.reference', '=', 'T-2']], 'id');

is($credit->{origin}, "account.invoice.line,$charge->{id}",
   'it names what it takes back');

my ($letter) = $flow->letters;

is($letter->{object_key}, 'T-77/CD', 'a credit of nothing: a dead letter');
like($letter->{error}, qr/origin/, 'a credit of nothing: it says so');

# the charge was of another account, and comes late

$flow->send(dft(1, 'T-77', 30));
$flow->drained;

$flow->replay($letter);
$flow->drained;

is((bills 'ACC-2')[-1], 'T-77/CD posted -20.00', 'and now it is there');


# not admitted after all, and then again

$flow->send(adt('A01', 3), adt('A11', 3));
$flow->drained;

ok(!party(3)->{active}, 'cancelled: no active party');
ok(!visit(3)->{active}, 'cancelled: no visit');
is(visit(3)->{state}, 'closed', 'cancelled: it is closed');

$flow->send(adt('A08', 3));
$flow->drained;
ok(!party(3)->{active}, 'cancelled: a change leaves it so');

$flow->send(adt('A01', 3));
$flow->drained;
ok(party(3)->{active}, 'admitted again: the same party');
ok(visit(3)->{active}, 'admitted again: the same visit');
is(visit(3)->{state}, 'opened', 'admitted again: open');


# gone: bills follow

$flow->send(adt('A03', 1), dft(1, 'T-3', 70));
$flow->drained;

is(visit(1)->{state}, 'closed', 'gone: the visit is closed');
ok(party(1)->{active}, 'gone: the account is open');
is_deeply([bills 'ACC-1'], ['T-3 posted 70.00', 'T-77 posted 30.00'],
          'gone: it is charged');

$flow->send(adt('A13', 1));
$flow->drained;
is(visit(1)->{state}, 'opened', 'not gone after all: open');


# two were one: what the one had is the other's, what comes late as well

$flow->send(adt('A01', 4), adt('A01', 5),
            dft(4, 'T-4', 40), dft(5, 'T-5', 50));
$flow->drained;
$flow->send(merge(5, 4));
$flow->drained;

ok(!party(4)->{active}, 'merged: not active any more');
is(party(4)->{replaced_by}, party(5)->{id}, 'merged: replaced by the other');
is_deeply([bills 'ACC-5'], ['T-4 posted 40.00', 'T-5 posted 50.00'],
          'merged: the other has its invoices');

$flow->send(dft(4, 'T-6', 60), adt('A01', 4), adt('A08', 4));
$flow->drained;

is((bills 'ACC-5')[-1], 'T-6 posted 60.00', 'merged: and what comes late');
ok(!party(4)->{active}, 'merged: an admission that comes late leaves it so');

$flow->send(merge(6, 5));
$flow->drained;
$flow->send(dft(4, 'T-7', 70));
$flow->drained;

is(party(5)->{replaced_by}, party(6)->{id}, 'merged once more');
is_deeply([bills 'ACC-6'], [map { "T-$_ posted ${_}0.00" } 4 .. 7],
          'merged once more: all of them go along');
is($flow->number("delivery WHERE state = 3"), 0, 'no dead letter');


# persons without an account, and two persons with the same one

$flow->send(person('A28', 21), person('A28', 22),
            person('A40', 21, 'MRG|P-22^^^GHH^MR'),
            adt('A01', 31), merge(31, 32) =~ s/ACC-32/ACC-31/r);
$flow->drained;

my ($stays, @gone) = sort { $b->{active} <=> $a->{active} }
                     $erp->all('party.party', [['code', 'like', 'pt_%']],
                               'active', 'replaced_by', 'code', 'name');

is(@gone, 2, 'two persons are no more');
is_deeply([map { $_->{replaced_by} } sort { $a->{id} <=> $b->{id} } @gone],
          [$stays->{id}, party(31)->{id}], 'and replaced by who stays');
ok(party(31)->{active}, 'an account is not merged with itself');
is($flow->number("delivery WHERE state = 3"), 0, 'persons: no dead letter');


# Tryton goes away and comes back

my @late = (adt('A01', 11), adt('A08', 11, unit => 'OR', class => 'O'),
            dft(11, 'W-1', 10),
            adt('A01', 12), dft(12, 'W-2', 20), adt('A01', 13),
            merge(12, 11), adt('A03', 11, unit => 'OR', class => 'O'),
            dft(12, 'W-3', 30), adt('A11', 13), dft(14, 'W-4', 40),
            adt('A01', 15), dft(15, 'W-5', 50));

my $failed = $flow->number('attempt WHERE outcome != 1');

$flow->send(@late[0 .. 2]);
$flow->drained;
$flow->send(@late[3 .. 5]);
$erp->stop;
$flow->send(@late[6 .. 10]);
wait_for { $flow->number('attempt WHERE outcome != 1') > $failed } 'a failure';
$flow->send($late[11]);
$erp->again;
$flow->send($late[12]);
$flow->drained;

is(visit(11)->{state}, 'closed', 'gone and back: came, changed, gone');
is(visit(11)->{note}, 'outpatient 4100', 'gone and back: as it was left');
is(party(11)->{replaced_by}, party(12)->{id}, 'gone and back: merged');
ok(!party(11)->{active}, 'gone and back: not active');
ok(!party(13)->{active}, 'gone and back: cancelled');
is_deeply([bills 'ACC-12'],
          [map { "W-$_ posted ${_}0.00" } 1 .. 3], 'gone and back: bills');
is_deeply([bills 'ACC-15'], ['W-5 posted 50.00'],
          'gone and back: not faster than its account');
is($flow->number("delivery WHERE state = 3"), 0,
   'gone and back: no dead letter');


# the same again: as it was sent, and as new messages

my @before = everything;
my $n = $flow->number('delivery');

$flow->send(@admission, @late);
is($flow->number('delivery'), $n, 'the same messages: nothing to deliver');

s/^(MSH(?:\|[^|]*){8}\|)/$1N/ for @admission, @late;
$flow->send(@admission, @late);
$flow->drained;

cmp_ok($flow->number('delivery'), '>', $n,
       'with new numbers: they are delivered');
is_deeply([everything], \@before, 'with new numbers: nothing is there twice');

$flow->stop;
done_testing();


# of the patient with this number, his account and his visit

sub adt {
    my ($event, $n, %more) = @_;
    my %o = (unit => '4E', class => 'I', pays => '', %more);

    return hl7("ADT^$event", 'M' . ++$sent, "EVN||${today}100000",
        "PID|1||P-$n^^^GHH^MR" . '|' x 15 . "ACC-$n",
        "PV1|1|$o{class}|$o{unit}" . '|' x 16 . "V-$n",
        $o{pays} ? "GT1|1|$o{pays}" : ());
}


sub merge {
    my ($n, $from) = @_;

    return hl7('ADT^A40', 'M' . ++$sent, "EVN||${today}100000",
        "PID|1||P-$n^^^GHH^MR" . '|' x 15 . "ACC-$n",
        "MRG|P-$from^^^GHH^MR||ACC-$from");
}


sub person {
    my ($event, $n, @more) = @_;

    return hl7("ADT^$event", 'M' . ++$sent, "EVN||${today}100000",
               "PID|1||P-$n^^^GHH^MR", @more);
}


sub dft {
    my ($n, $id, $price, %more) = @_;
    my %o = (type => 'CG', %more);

    return hl7('DFT^P03', 'M' . ++$sent, "EVN||${today}100000",
        "PID|1||P-$n^^^GHH^MR" . '|' x 15 . "ACC-$n",
        'PV1|1|I|4E' . '|' x 16 . "V-$n",
        "FT1|1|$id||$today||$o{type}|X^Service|||1||$price|OR");
}


sub party {
    my ($n) = @_;
    my @all = $erp->all('party.party', [['code', '=', "ACC-$n"]],
                        'name', 'active', 'replaced_by');

    is(@all, 1, "one party is ACC-$n");

    return $all[0];
}


sub visit {
    my ($n) = @_;
    my @all = $erp->all('analytic_account.account', [['code', '=', "V-$n"]],
                        'state', 'note', 'active');

    is(@all, 1, "one visit is V-$n");

    return $all[0];
}


# the invoices of an account; of the usual party

sub bills {
    my ($code) = @_;

    return sort map {
        "$_->{reference} $_->{state} $_->{total_amount}{decimal}"
    } $erp->all('account.invoice',
        [$code ? ['party.code', '=', $code]
               : ['party', '=', $erp->ids->{party}]],
        'reference', 'state', 'total_amount');
}


sub everything {
    return sort
        (map { $_->{code} } $erp->all('party.party', [], 'code')),
        (map { $_->{code} // 'root' }
             $erp->all('analytic_account.account', [], 'code')),
        (map { "$_->{reference} $_->{state} $_->{number}" }
             $erp->all('account.invoice', [], 'reference', 'state',
                       'number'));
}
