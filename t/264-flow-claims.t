# conf/flows/claims.conf with a real Tryton: claims and remittances become
# posted moves, on the control account of their payer, in their order and once.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use POSIX 'strftime';
use Test::More;
use TrytonFlow;

plan skip_all => 'no Tryton' if !Tryton->there;

sub account;
sub claim;
sub eob;
sub moves;
sub booked;

my $today = strftime('%Y-%m-%d', localtime);
my $flow = TrytonFlow->begin;


# what accountants have set up

my ($receivable, $expense) =
    map { ($flow->records('account.account',
                          [$_, ['closed', '!=', JSON::PP::true]], 'type'))[0] }
        ['type.receivable', '=', JSON::PP::true],
        ['type.expense', '=', JSON::PP::true];

my %name;

my $sun = account('Sun', $receivable, party_required => JSON::PP::true);
my $moon = account('Moon', $receivable, party_required => JSON::PP::true);
my $clearing = account('Clearing', $expense);
my $paid = account('Cash', $expense);
my $share = account('Share', $expense);
my $contract = account('Contract', $expense);

my %party = map { $_ => $flow->make('party.party', { name => $_ }) }
                qw(Sun Moon);

my %tables = (tryton_payer_account => "SUN $sun;",
              tryton_payer_party => "SUN $party{Sun};",
              tryton_adjustment => "PR $share; CO $contract;");

my @lossy = qw(account.move.create account.move.post);

$flow->lose(@lossy);
$flow->start(
    flows => ['claims'], destinations => ['tryton', 'tryton_finance'],
    ids => { claim_journal => $flow->found('account.journal',
                                           [['type', '=', 'revenue']]),
             cash_journal => $flow->found('account.journal',
                                          [['type', '=', 'cash']]),
             clearing => $clearing, cash => $paid },
    tables => \%tables);


# a claim, and what is paid of it: all but a share and a discount

is(claim('C-1', '1250.00'), 202, 'a claim is stored');
is(eob('C-1', '1250.00', [{ benefit => '900.00', copay => '50.00',
                            discount => '50.00' }, { benefit => '250.00' }]),
   202, 'a remittance is stored');
$flow->drained;

is_deeply([moves], [
    "posted Claim C-1: Sun 1250.00 Sun, Clearing -1250.00",
    "posted Remittance C-1 by K-C-1: Cash 900.00, Cash 250.00, Share 50.00,"
    . " Contract 50.00, Sun -1250.00 Sun",
], 'claim and remittance are posted moves');
is(booked($sun), '0.00', 'the payer owes nothing more');
is_deeply([$flow->lost], [sort map { "model.$_" } @lossy],
          'though answers were lost');
is($flow->sql('SELECT count(*) FROM attempt WHERE outcome != 1'),
   scalar @lossy, 'an attempt more for each of these');

# the same once more; another one of that number; called off

is(claim('C-1', '1250.00'), 202, 'the same once more');
is(claim('C-1', '1300.00'), 409, 'another amount: refused');
is(claim('C-2', '80.00'), 202, 'another claim');
is(claim('C-2', '80.00', status => 'cancelled'), 202, 'that is cancelled');
$flow->drained;

is_deeply([grep { !/C-1/ } moves], [
    "posted Claim C-2: Sun 80.00 Sun, Clearing -80.00",
    "posted Claim C-2 cancelled: Sun -80.00 Sun, Clearing 80.00",
], 'the other one is there and taken back');
is(moves, 4, 'and nothing is there twice');


# what does not add up: Tryton does not post it

is(claim('C-3', '100.00'), 202, 'a claim');
is(eob('C-3', '100.00', [{ benefit => '60.00', copay => '30.00' }]), 202,
   'a remittance that is 10.00 short');
is(eob('C-3', '100.00', [{ benefit => '10.00' }], check => 'LATER'), 202,
   'and another');
is(claim('C-4', '70.00'), 202, 'another claim');
$flow->drained;

my $letter = $flow->dead->{'C-3'};

is($letter->{attempts}, 1, 'short: a dead letter at once');
is($letter->{code}, 'UserError', 'short: the code of the ERP');
like($letter->{error}, qr/must balance all its lines debits and credits/,
     'short: the message of the ERP');
is_deeply([sort grep { /C-[34]/ } moves], [
    "draft Remittance C-3 by K-C-3: Cash 60.00, Share 30.00, Sun -100.00 Sun",
    "posted Claim C-3: Sun 100.00 Sun, Clearing -100.00",
    "posted Claim C-4: Sun 70.00 Sun, Clearing -70.00",
], 'short: a draft, and only its own claim waits');

my ($draft) = map { $_->{id} } $flow->records('account.move',
                                              [['state', '=', 'draft']]);

$flow->make('account.move.line',
            { move => $draft, account => $contract,
              debit => $flow->erp->decimal('10.00'),
              credit => $flow->erp->decimal('0') });
$flow->replay($letter);
wait_for { grep { /LATER/ } moves } 'what waited behind it';

is_deeply([grep { /Remittance C-3 by K/ } moves], [
    "posted Remittance C-3 by K-C-3: Cash 60.00, Share 30.00, Sun -100.00 Sun,"
    . " Contract 10.00",
], 'mended, replayed: the same draft is posted');

is((grep { /LATER/ } moves)[0],
   'draft Remittance C-3 by LATER: Cash 10.00, Sun -100.00 Sun',
   'and the next one is tried');


# what an accountant has posted by hand is done

is(eob('C-4', '70.00', [{ benefit => '60.00' }]), 202, 'a short one');
$flow->drained;
($draft) = map { $_->{id} } $flow->records('account.move',
                                [['description', 'like', '%C-4 by%']]);
$flow->make('account.move.line',
            { move => $draft, account => $contract,
              debit => $flow->erp->decimal('10.00'),
              credit => $flow->erp->decimal('0') });

delete $flow->erp->{session};              # it wants a login of this moment
$flow->erp->call('model.account.move.post', [[$draft], { company => 1 }]);
$flow->replay($flow->dead->{'C-4'});
$flow->drained;

is($flow->sql("SELECT count(*) FROM delivery d JOIN body b ON b.id = d.body
                WHERE b.key = 'C-4' AND d.replay_of IS NOT NULL
                      AND d.state = 2"), 1,
   'posted by hand, replayed: it is done');


# a payer that is not known, and a date that has no period

is(claim('C-5', '10.00', payer => 'MOON'), 202, 'a payer that is not known');
is(eob('C-6', '10.00', [{ benefit => '10.00' }], date => '1999-01-01'), 202,
   'a year that is not known');
$flow->drained;

like($flow->dead->{'C-6'}{error}, qr/period/, 'no period: it says so');

$letter = $flow->dead->{'C-5'};
ok($letter, 'no payer: a dead letter');
is_deeply([grep { /C-[56]/ } moves], [], 'no payer, no period: no move');

$tables{tryton_payer_account} .= " MOON $moon;";
$tables{tryton_payer_party} .= " MOON $party{Moon};";

$flow->restart(tables => \%tables);
$flow->replay($letter);
$flow->drained;

is_deeply([grep { /C-5/ } moves],
          ['posted Claim C-5: Moon 10.00 Moon, Clearing -10.00'],
          'the payer is known: a move on its own account');


# Tryton goes away, and comes back

for my $i (1 .. 8) {
    $flow->erp->stop if $i == 3;
    $flow->erp->again if $i == 7;
    claim("D-$i", "$i.00");
    eob("D-$i", "$i.00", [{ benefit => "$i.00" }]);
}

$flow->drained;

is_deeply([sort grep { /D-/ } moves],
          [sort map { ("posted Claim D-$_: Sun $_.00 Sun, Clearing -$_.00",
                       "posted Remittance D-$_ by K-D-$_: Cash $_.00,"
                       . " Sun -$_.00 Sun") } 1 .. 8],
          'gone and back: each once');

my %at;
my $i = 0;

/(Claim|Remittance) (D-\d)/ and $at{$2}{$1} = $i++ for moves;

is_deeply([grep { $_->{Claim} > $_->{Remittance} } values %at], [],
          'gone and back: the claim before what is paid of it');

$flow->stop;
done_testing();


# an account of the same type as that one

sub account {
    my ($name, $like, %more) = @_;

    my $id = $flow->make('account.account',
                         { name => $name, type => $like->{type},
                           company => 1, %more });

    $name{$id} = $name;

    return $id;
}


sub claim {
    my ($id, $total, %o) = @_;

    return $flow->answer('/fhir/Claim', {
        resourceType => 'Claim', id => "x-$id",
        identifier => [{ value => $id }], status => $o{status} // 'active',
        type => { coding => [{ code => 'institutional' }] },
        use => 'claim', created => $today, priority => { text => 'normal' },
        patient => { reference => 'Patient/PATIENT7' },
        provider => { reference => 'Organization/GHH' },
        insurer => { reference => 'Organization/' . ($o{payer} // 'SUN') },
        insurance => [{ sequence => 1, focal => JSON::PP::true,
                        coverage => { reference => 'Coverage/1' } }],
        item => [{ sequence => 1, productOrService => { text => 'Stay' },
                   encounter => [{ reference => 'Encounter/V-1' }],
                   net => money($total) }],
        total => money($total) });
}


# each line is a hash of its amounts

sub eob {
    my ($id, $total, $lines, %o) = @_;
    my $n = 0;

    return $flow->answer('/fhir/ExplanationOfBenefit', {
        resourceType => 'ExplanationOfBenefit', id => "y-$id",
        status => 'active', use => 'claim', outcome => 'complete',
        type => { coding => [{ code => 'institutional' }] },
        created => $today, claim => { identifier => { value => $id } },
        patient => { reference => 'Patient/PATIENT7' },
        provider => { reference => 'Organization/GHH' },
        insurer => { reference => 'Organization/SUN' },
        insurance => [{ focal => JSON::PP::true,
                        coverage => { reference => 'Coverage/1' } }],
        item => [map {
            my $line = $_;

            { sequence => ++$n, productOrService => { text => "Line $n" },
              encounter => [{ reference => 'Encounter/V-1' }],
              adjudication => [map {
                  { category => { coding => [{ code => $_ }] },
                    amount => money($line->{$_}) }
              } sort keys %$line] }
        } @$lines],
        total => [{ category => { coding => [{ code => 'submitted' }] },
                    amount => money($total) }],
        payment => { date => $o{date} // $today,
                     identifier => { value => $o{check} // "K-$id" } } });
}


sub money {
    return { value => 0 + $_[0], currency => 'USD' };
}


sub moves {
    my %lines;

    for my $line ($flow->records('account.move.line', [], 'move', 'debit',
                                 'credit', 'account', 'party.name')) {
        push @{ $lines{ $line->{move} } },
             join ' ', $name{ $line->{account} } // $line->{account},
                       amount($line),
                       $line->{'party.'} ? $line->{'party.'}{name} : ();
    }

    return map {
        "$_->{state} $_->{description}: "
        . join ', ', @{ $lines{ $_->{id} } // [] }
    } $flow->records('account.move', [], 'state', 'description');
}


sub amount {
    return sprintf '%.2f', $_[0]{debit}{decimal} - $_[0]{credit}{decimal};
}


sub booked {
    my $sum = 0;

    $sum += amount($_)
        for $flow->records('account.move.line', [['account', '=', $_[0]]],
                           'debit', 'credit');

    return sprintf '%.2f', $sum;
}
