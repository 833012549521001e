# conf/flows/staff.conf with a real Tryton: clinicians become parties and
# employees, the later news win whichever comes first, and whom the ERP hires
# the clinical side is told, over MLLP.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Receiver;
use TrytonFlow;

plan skip_all => 'no Tryton' if !Tryton->there;

sub pmu;
sub staff;
sub hire;
sub told;

my $note = 'Last change at the source';
my $n = 0;
my $his = Receiver->new;
my $flow = TrytonFlow->begin;

my $providers = $flow->make('party.category', { name => 'Providers' });

# one who is known to the ERP already, but not as an employee

$flow->make('party.party', { code => 'E-2', name => 'N. N.' });

my @lossy = qw(party.party.create party.party.write
                company.employee.create company.employee.write);

$flow->lose(@lossy);
$flow->start(flows => ['staff'], destinations => ['tryton', 'tryton_staff'],
             ids => { providers => $providers },
             upstreams => { 2576 => $his->port });


# new ones

my $first = pmu 'B01', 'E-1', 'Roe^Jane', '20261121100000+0100';

$flow->send($first);
$flow->send(pmu 'B01', 'E-2', 'Doe^John', '20261121100000+0100');
$flow->send(pmu 'B01', 'E-3', 'Poe^Ann', '20261121100000+0100', pra => 0);
$flow->drained;

is_deeply([staff], [
    'E-1 Jane Roe, from 2020-01-01, e-1@example.org, 1234567E-1, provider',
    'E-2 John Doe, from 2020-01-01, e-2@example.org, 1234567E-2, provider',
    'E-3 Ann Poe, from 2020-01-01, e-3@example.org',
], 'party and employee, one of them was there, one treats no patients');
is_deeply([$flow->lost], [sort map { "model.$_" } @lossy],
          'though answers were lost');
is($flow->sql('SELECT count(*) FROM attempt WHERE outcome != 1'),
   scalar @lossy, 'an attempt more for each of these');

# the same message; then news, which are late; an hour may hide in the zone

$flow->send($first);
$flow->send(pmu 'B02', 'E-1', 'Roe-Poe^Jane', '20261121120000+0100',
                mail => 'jane@example.org');
$flow->send(pmu 'B02', 'E-1', 'Late^Jane', '20261121113000+0100');
$flow->send(pmu 'B02', 'E-1', 'Zone^Jane', '20261121123000+0200');
$flow->send(pmu 'B02', 'E-9', 'Moe^Max', '20261121120000+0100');
$flow->drained;

is_deeply([staff], [
    'E-1 Jane Roe-Poe, from 2020-01-01, jane@example.org, 1234567E-1,'
    . ' provider',
    'E-2 John Doe, from 2020-01-01, e-2@example.org, 1234567E-2, provider',
    'E-3 Ann Poe, from 2020-01-01, e-3@example.org',
    'E-9 Max Moe, from 2020-01-01, e-9@example.org, 1234567E-9, provider',
], 'the later news win, one that is not known is made');

is_deeply([map { $_->{value} }
               $flow->records('party.contact_mechanism',
                              [['party.code', '=', 'E-1'],
                               ['name', '=', $note]], 'value')],
          ['2026-11-21T12:00:00+01:00'], 'it is noted of when they are');

# one leaves

$flow->send(pmu 'B06', 'E-2', 'Doe^John', '20261130100000+0100',
                left => '20261130');
$flow->drained;

is((staff)[1], 'E-2 John Doe, from 2020-01-01, to 2026-11-30,'
               . ' e-2@example.org, 1234567E-2',
   'who has left is employed until then, and no provider');


# what Tryton refuses: somebody there has let the employment end too early

my ($employee) = map { $_->{id} } $flow->records('company.employee',
                                      [['party.code', '=', 'E-3']]);

$flow->erp->call('model.company.employee.write',
    [[$employee], { start_date => undef, end_date => '2019-12-31' },
     { company => 1 }]);

$flow->send(pmu 'B02', 'E-3', 'Poe^Anna', '20261201100000+0100');
$flow->send(pmu 'B02', 'E-3', 'Poe^Annie', '20261202100000+0100');
$flow->send(pmu 'B01', 'E-4', 'Loe^Lee', '20261201100000+0100', pra => 0);
$flow->drained;

my $letter = $flow->dead->{'E-3'};

is($letter->{attempts}, 1, 'refused: a dead letter at once');
is($letter->{code}, 'UserError', 'refused: the code of the ERP');
like($letter->{error}, qr/"(Start|End) Date" in "Employee"/,
     'refused: the message of the ERP');
is_deeply([map { /^(E-[34] .*?)(?:,|\z)/ } staff],
          ['E-3 Anna Poe', 'E-4 Lee Loe'],
          'refused: only news of the same person wait');

$flow->erp->call('model.company.employee.write',
    [[$employee], { end_date => undef }, { company => 1 }]);
$flow->replay($letter);
$flow->drained;

is_deeply([grep { /^E-3/ } staff],
          ['E-3 Annie Poe, from 2020-01-01, e-3@example.org, 1234567E-3,'
           . ' provider'],
          'mended, replayed: there once, and what waited came behind');


# Tryton goes away, and comes back

for my $i (1 .. 6) {
    $flow->erp->stop if $i == 3;
    $flow->erp->again if $i == 6;
    $flow->send(pmu 'B02', 'E-5', "Foe^No $i",
                sprintf('202612%02d100000+0100', $i));
}

$flow->drained;

is_deeply([grep { /^E-5/ } staff],
          ['E-5 No 6 Foe, from 2020-01-01, e-5@example.org, 1234567E-5,'
           . ' provider'], 'gone and back: the last news, of one person');


# the way back: whom the ERP hires

is(hire('7001', 'Eve van Poe'), 202, 'a hire is stored');

my $c = $his->accept;
my $text = $c->read;

is(field($text, 'MSH-9'), 'PMU^B01^PMU_B01', 'the clinical side is told');
is(field($text, 'EVN-2'), '20261121101500+0100', 'of when it happened');
is_deeply([map { field($text, "STF-$_") } 1, 2, 3, 12, 15, 18, 19, 20, 36],
          ['7001', '7001^^^^EI', 'Poe^Eve van', '20261201',
           'eve@example.org', 'Nurse', 'RN', '^full time', '4100'],
          'who, as what and since when');

# it refuses for now; then for good

$c->send(ack($text, 'AR'));
$text = told($c);
is(field($text, 'STF-1'), '7001', 'refused for now: it comes again');
$c->send(ack($text, 'AE'));

wait_for { $flow->dead->{7001} } 'the dead letter';
pass('refused for good: a dead letter');

is(hire('7001', 'Eve van Poe', changed => '2026-11-22T10:00:00Z'), 202,
   'news of the same');
is(hire('7002', 'Cher'), 202, 'and of another');

$text = told($c);
is(field($text, 'STF-1'), '7002', 'only the other one goes on');
is(field($text, 'STF-3'), 'Cher', 'who has one name');
$c->send(ack($text, 'AA'));

$flow->replay($flow->dead->{7001});

for my $time ('20261121101500+0100', '20261122100000+0000') {
    $text = told($c);
    is(field($text, 'EVN-2'), $time, 'replayed, in its order');
    $c->send(ack($text, 'AA'));
}

$flow->drained;
is(hire('', 'Nobody'), 422, 'without a number it is refused');

# what the clinical side is told is what it tells

$flow->send($text =~ s/\|\w{16}\|P/|BACK|P/r);
$flow->drained;

is_deeply([grep { /^7001/ } staff],
          ['7001 Eve van Poe, from 2026-12-01, eve@example.org'],
          'told back, it is the same person');

$flow->stop;
done_testing();


# the message on this connection, or on a new one

sub told {
    my $text = eval { $_[0]->read };

    if (!defined $text) {
        $_[0] = $his->accept;
        $text = $_[0]->read;
    }

    return $text;
}


sub hire {
    my ($code, $name, %o) = @_;

    return $flow->answer('/hooks/hire', {
        time => $o{changed} // '2026-11-21T10:15:00+01:00',
        employee => { code => $code, name => $name,
                      job => { code => 'RN', title => 'Nurse' },
                      employment => 'full time', cost_center => '4100',
                      start => '2026-12-01', email => 'eve@example.org' } });
}


sub pmu {
    my ($event, $id, $name, $time, %o) = @_;
    my $provider = $id =~ s/^E/P/r;

    return join "\n",
        "MSH|^~\\&|HR|GHH|HIE|GHH|20261121100000||PMU^$event|M" . ++$n
            . '|P|2.5',
        segment('EVN', 2 => $time),
        segment('STF', 1 => $provider, 2 => "1234567$id^^^US^NPI~$id^^^HR^EI",
                3 => $name, 7 => 'A', 8 => 'OR', 12 => '20200101',
                13 => $o{left}, 15 => $o{mail} // lc($id) . '@example.org',
                18 => 'Surgeon', 19 => 'S2'),
        $o{pra} // 1 ? segment('PRA', 1 => $provider, 3 => 'PH') : ();
}


# what Tryton has of those with a number of ours

sub staff {
    my @parties = $flow->records('party.party', [['code', 'like', 'E-%']],
        qw(code name contact_mechanisms.type contact_mechanisms.value
           identifiers.code categories));

    push @parties, $flow->records('party.party', [['code', '=', '7001']],
        qw(code name contact_mechanisms.type contact_mechanisms.value
           identifiers.code categories));

    my %employed;

    push @{ $employed{ $_->{party} } }, $_
        for $flow->records('company.employee', [], qw(party start_date
                                                      end_date));

    return sort map {
        my $party = $_;

        join ', ', "$party->{code} $party->{name}",
            (map { from_to($_) } @{ $employed{ $party->{id} } }),
            (map { $_->{value} } grep { $_->{type} eq 'email' }
                 @{ $party->{'contact_mechanisms.'} }),
            (map { $_->{code} } @{ $party->{'identifiers.'} }),
            (map { $_ == $providers ? 'provider' : 'category' }
                 @{ $party->{categories} })
    } @parties;
}


sub from_to {
    my ($employee) = @_;

    return map {
        my $date = $employee->{"$_->[1]_date"};

        $date ? sprintf "$_->[0] %04d-%02d-%02d",
                        @$date{qw(year month day)} : ()
    } ['from', 'start'], ['to', 'end'];
}
