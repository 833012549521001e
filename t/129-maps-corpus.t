use lib 't/lib';
use strict;
use warnings;
use Cwd 'abs_path';
use File::Basename;
use File::Temp;
use Test::More;
use MapTest;

# Messages of others, when they are there (../shared/corpus/hl7 beside the
# project), and the maps in conf/maps that are for them.  A message is mapped,
# or refused with a reason that has a place; what is mapped is what the schema
# says, as somebody else's validator reads it.

sub shipped;
sub messages;
sub first_of;
sub valid;

my $corpus = abs_path(dirname(__FILE__) . '/../..') . '/shared/corpus/hl7';

plan skip_all => 'no ../shared/corpus/hl7' unless -d $corpus;


# of the messages that a map is for, those that it does not refuse, at least

my %least = (
    adt_encounter => 1, adt_account => 1,
    adt_merge => 0.7,                             # one does not say of what
    bar_account => 1, bar_claim => 1,
    dft_charge => 1, dft_supply_usage => 1,
    siu_appointment => 1
);

my %maps = shipped glob 'conf/maps/*.conf';       # "ADT^A01" => [maps]
my %names = map { map { $_ => 1 } @$_ } values %maps;

my $t = MapTest->start(shipped => 1, maps => [sort keys %names]);

my (%sent, %mapped, %why, %objects);
my ($errors, $nameless) = (0, 0);

for my $message (map { messages $_ } glob "$corpus/*/*.*") {
    my ($type) = (split /\|/, $message)[8] =~ /^(\w{3}\^\w{3})/;

    for my $map (@{ $maps{$type // ''} // [] }) {
        my $answer = $t->post("/map/$map", 'application/hl7-v2', $message);

        $sent{$map}++;

        if ($answer->{status} == 200) {
            $mapped{$map}++;
            push @{ $objects{$map} }, $answer->{body};
            next;
        }

        my $problem = eval { JSON::PP->new->utf8->decode($answer->{body}) };

        $errors++ if $answer->{status} != 422;
        $nameless++ unless $problem && $problem->{detail}
                           && $problem->{target} && $problem->{file_line};

        $why{$map}{join ' ', map { $_ // '' }
                             @$problem{qw(target source detail)}}++;
    }
}

# what some of them say

facts((first_of 'adt_encounter', 'ADT-A01-01')[0], {
    visit_id => '40007716', account_id => '4000776', state => 'open',
    class => 'preadmit', admit_time => '2015-02-08T11:34:19+01:10',
    event_time => '2029-08-01T07:06:24+01:15', 'patient.birth' => '1988',
    'location.bed' => 'Bed 03', attending => [{ id => '1122334' }],
    'diagnoses.0.code.value' => '422504002',
    'diagnoses.0.code.system' => 'snomed', 'payer.0.plan' => 'BAV',
}, 'an admission');

facts((first_of 'adt_merge', 'ADT-A40-02')[1], {
    action => 'merge', account_id => '5027440', replaces => undef,
}, 'a merge');

my @charges = first_of 'dft_charge', 'DFT-P03-01';

is(@charges, 2, 'two charges');

facts($charges[0], {
    key => '12345', service_date => '2019-11-22', quantity => '2',
    amount => { value => '100.00', currency => 'USD' },
    unit_price => { value => '50', currency => 'USD' },
    code => { value => '71045', system => 'cpt',
              text => 'Xray exam chest 1 view' },
    cost_center => '4300', performer => '9941339108',
    item_id => 'Item-12345', 'diagnoses.1.value' => '68235000',
}, 'the first');

facts($charges[1], {
    'code.value' => '99011', 'code.system' => undef, item_id => undef,
    'amount.value' => '120.00', procedures => undef,
}, 'the second, with nothing of the first');

facts((first_of 'dft_supply_usage', 'DFT-P03-01')[0], {
    item_id => 'Item-12345', quantity => { value => '2' },
    used_at => '2019-11-22', location => 'HUH AE OMU', cost_center => '4300',
}, 'an item');

facts((first_of 'siu_appointment', 'SIU-S15-01')[0], {
    appointment_id => '36996', status => 'cancelled', replaces => '36996',
    start => '2021-09-24T09:30:00+02:15', end => '2021-09-24T10:20:00+02:15',
    location => '055', 'service.value' => '76164006', patient => undef,
    duration_min => undef,
}, 'an appointment');

$t->stop;

for my $map (sort keys %sent) {
    my $share = ($mapped{$map} // 0) / $sent{$map};

    note "$map: " . ($mapped{$map} // 0) . " of $sent{$map}";
    note "    $why{$map}{$_} times: $_" for sort keys %{ $why{$map} };

    cmp_ok($share, '>=', $least{$map} // 0, "$map: the share that is mapped")
        or diag(explain($why{$map}));
}

is_deeply([grep { !$sent{$_} } sort keys %least], [], 'all of them are used');
is($errors, 0, 'the others are refused with 422');
is($nameless, 0, 'and a reason that has a place');

SKIP: {
    skip 'no python3-jsonschema', 1
        if system('python3 -c "import jsonschema" 2>/dev/null') != 0;

    is(valid(\%objects), '', 'all objects are valid');
}

done_testing();


sub shipped {
    my %for;

    for my $file (@_) {
        open my $in, '<', $file or die "$file: $!\n";
        local $/;

        my $text = <$in> =~ s/^\s*#.*\n//gmr;

        while ($text =~ /canonical_map\s+(\S+).*?\{\s*from\s+(\w+)([^;]*);/gs)
        {
            my ($name, $from, $types) = ($1, $2, $3);

            next if $from ne 'hl7';

            push @{ $for{$_} }, $name for split ' ', $types;
        }
    }

    return %for;
}


# CR in a message and LF between them, or a file each with LF inside

sub messages {
    my ($path) = @_;

    open my $file, '<:raw', $path or die "$path: $!\n";
    local $/;

    my $text = <$file> =~ s/^\xef\xbb\xbf//r;
    my @messages = $path =~ /\.er7$/ ? split /\n/, $text
                                     : $text =~ s/\r?\n/\r/gr;

    return grep { /^MSH/ } @messages;
}


sub first_of {
    my ($map, $name) = @_;
    my ($message) = messages "$corpus/microsoft-fhir-converter/$name.hl7";

    return $t->objects($map, 'application/hl7-v2', $message);
}


sub valid {
    my ($objects) = @_;

    my $out = File::Temp->new;

    print $out map { "$_\n" } map { @$_ } values %$objects;
    close $out;

    return qx{python3 - $out <<'EOP' 2>&1
import json, sys, jsonschema

schemas = {}

for line in open(sys.argv[1], encoding="utf-8"):
    objects = json.loads(line)

    for o in objects if isinstance(objects, list) else [objects]:
        name = o["type"]

        if name not in schemas:
            schema = json.load(open("conf/schemas/%s.json" % name))
            schemas[name] = jsonschema.Draft202012Validator(schema)

        for error in schemas[name].iter_errors(o):
            print(name, o["map"], error.json_path, error.message)
EOP
};
}
