# conf/flows/scheduling.conf with a real Tryton: appointments become hours in
# timesheets, are moved, changed and called off, in their order and once.

use strict;
use warnings;

use lib 't/lib';
use POSIX 'strftime';
use Test::More;
use TrytonFlow;

plan skip_all => 'no Tryton' if !Tryton->there;

sub siu;
sub lines;
sub works;

my ($day, $next) = map { strftime('%Y-%m-%d', localtime(time + $_ * 86400)) }
                       1, 2;
my $n = 0;
my $flow = TrytonFlow->begin;

my $party = $flow->make('party.party', { name => 'Planned demand',
                                         code => 'OPEN' });
my $planned = $flow->make('company.employee', { party => $party,
                                                company => 1 });

my @lossy = qw(timesheet.work.create timesheet.line.create
                timesheet.line.write);

$flow->lose(@lossy);
$flow->start(flows => ['scheduling'],
             destinations => ['tryton', 'tryton_staff'],
             ids => { planned => $planned });


# two in the same room for the same, one somewhere else

my $first = siu('S12', 'A-1', staff => ['1122334', '5566778']);

$flow->send($first);
$flow->send(siu 'S12', 'A-2', from => '1000', to => '1045', minutes => 45);
$flow->send(siu 'S12', 'B-1', room => 'RAD-1', service => 'CT^Scan',
                from => '1100', to => '1130', minutes => '');
$flow->drained;

is_deeply([works], ['OR / Hip replacement', 'RAD-1 / Scan'],
          'a work for each room and service');
is_deeply([lines], [
    "A-1 $day 90 min OR / Hip replacement: 08:00-09:30 1122334 5566778",
    "A-2 $day 45 min OR / Hip replacement: 10:00-10:45",
    "B-1 $day 30 min RAD-1 / Scan: 11:00-11:30",
], 'hours, also without SCH-9, and whom they are for');
is_deeply([map { $_->{employee} } $flow->records('timesheet.line', [],
                                                 'employee')],
          [($planned) x 3], 'they are planned, not worked');
is_deeply([$flow->lost], [sort map { "model.$_" } @lossy],
          'though answers were lost');
is($flow->sql('SELECT count(*) FROM attempt WHERE outcome != 1'),
   scalar @lossy, 'an attempt more for each of these');

# nothing of the patient goes out

my $tryton = Engine::contents("$Mllp::Prefix-tryton/db/erp.sqlite");
my $all = $flow->sql("SELECT group_concat(data) FROM body
                       WHERE type = 'appointment'");

ok($_ =~ /Hip replacement/, 'the appointments are there')
    for $tryton, $all;
ok("$tryton$all" !~ /PATIENT7|EVERYWOMAN|pt_k1_/,
   'and nothing of the patient');


# the same message, moved to another day and room, changed, called off

$flow->send($first);
$flow->send(siu 'S13', 'A-1', day => $next, room => '4E');
$flow->send(siu 'S14', 'A-2', from => '1000', to => '1200', minutes => 120);
$flow->send(siu 'S15', 'B-1', room => 'RAD-1', service => 'CT^Scan');
$flow->drained;

is_deeply([works], ['OR / Hip replacement', 'RAD-1 / Scan',
                    '4E / Hip replacement'], 'another room: another work');
is_deeply([lines], [
    "A-1 $next 90 min 4E / Hip replacement: 08:00-09:30",
    "A-2 $day 120 min OR / Hip replacement: 10:00-12:00",
    "B-1 $day 0 min RAD-1 / Scan: 08:00-09:30",
], 'moved, changed, called off: the same lines');


# Tryton refuses: the work is closed on that day

my ($closed) = map { $_->{id} } $flow->records('timesheet.work',
                                [['name', '=', 'OR / Hip replacement']]);

$flow->erp->call('model.timesheet.work.write',
    [[$closed], { timesheet_end_date => '2020-01-01' }, { company => 1 }]);

$flow->send(siu 'S12', 'C-1');
$flow->send(siu 'S13', 'C-1', from => '1300', to => '1430');
$flow->send(siu 'S12', 'C-2', room => '4E');
$flow->drained;

my $letter = $flow->dead->{'C-1'};

is($letter->{attempts}, 1, 'refused: a dead letter at once');
is($letter->{code}, 'UserError', 'refused: the code of the ERP');
like($letter->{error}, qr/"Work" in "Timesheet Line"/,
     'refused: the message of the ERP');
is_deeply([grep { /^C/ } lines],
          ["C-2 $day 90 min 4E / Hip replacement: 08:00-09:30"],
          'refused: only its own appointment waits');

$flow->erp->call('model.timesheet.work.write',
    [[$closed], { timesheet_end_date => undef }, { company => 1 }]);
$flow->replay($letter);
$flow->drained;

is_deeply([grep { /^C-1/ } lines],
          ["C-1 $day 90 min OR / Hip replacement: 13:00-14:30"],
          'mended, replayed: there once, and then moved');


# Tryton goes away, and comes back

for my $i (1 .. 8) {
    $flow->erp->stop if $i == 3;
    $flow->erp->again if $i == 7;
    $flow->send(siu $i == 1 ? 'S12' : 'S13', 'D-1',
                    from => sprintf('%02d00', 8 + $i),
                    to => sprintf('%02d30', 9 + $i));
    $flow->send(siu 'S12', "E-$i");
}

$flow->send(siu 'S15', 'E-8');
$flow->drained;

is_deeply([grep { /^D/ } lines],
          ["D-1 $day 90 min OR / Hip replacement: 16:00-17:30"],
          'gone and back: the last change is what is there');
is_deeply([map { /^(E-\d) \S+ (\d+) min/ } lines],
          [map { $_, $_ lt 'E-8' ? 90 : 0 } map { "E-$_" } 1 .. 8],
          'gone and back: each once');
is(works, 3, 'gone and back: no other work');

$flow->stop;
done_testing();


sub siu {
    my ($event, $id, %o) = @_;

    %o = (day => $day, from => '0800', to => '0930', minutes => 90,
          room => 'OR', service => '27130^Hip replacement^C4', staff => [],
          %o);

    my $date = $o{day} =~ s/-//gr;

    return join "\n",
        "MSH|^~\\&|PLAN|GHH|HIE|GHH|20261121081500||SIU^$event|S" . ++$n
            . '|P|2.5',
        segment('SCH', 1 => "P-$id", 2 => $id, 9 => $o{minutes},
                10 => length $o{minutes} ? 'min' : '', 25 => 'Booked'),
        segment('TQ1', 7 => "$date$o{from}00", 8 => "$date$o{to}00"),
        'PID|1||PATIENT7^^^GHH^MR||EVERYWOMAN^EVE',
        segment('RGS', 1 => 1),
        segment('AIS', 1 => 1, 3 => $o{service}),
        segment('AIL', 1 => 1, 3 => "$o{room}^1^^GHH"),
        map { segment('AIP', 1 => 1, 3 => $_) } @{ $o{staff} };
}


sub works {
    return map { $_->{name} } $flow->records('timesheet.work', [], 'name');
}


sub lines {
    my @lines = $flow->records('timesheet.line', [], 'uuid', 'date',
                               'duration', 'work.name', 'description');

    return sort map {
        sprintf '%s %04d-%02d-%02d %d min %s: %s', $_->{uuid},
                @{ $_->{date} }{qw(year month day)},
                $_->{duration}{seconds} / 60, $_->{'work.'}{name},
                $_->{description}
    } @lines;
}
