# The item master of an ERP in a clinical system: conf/flows/items.conf with a
# real Tryton on one side, and a receiver of MLLP on the other.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use Test::More;
use Receiver;
use TrytonFlow;

plan skip_all => 'no Tryton' if !Tryton->there;

sub item;
sub sent;
sub receive;
sub more;
sub taken;
sub mfk;
sub drained;
sub dead;
sub product;
sub put;
sub cron;

my $dir = "$Mllp::Prefix-tryton";
my $his = Receiver->new;
my $flow = TrytonFlow->begin;
my $erp = $flow->erp;

$flow->start(
    flows => ['items'],
    destinations => ['clinical', 'tryton_items'],
    upstreams => { 2576 => $his->port },
    api => <<'EOF');
    # as Tryton says it
    location /says/ {
        default_type application/json;
        canonical_response tryton_item;

        location = /says/error {
            return 200 '{"id":1,"error":["UserError",["",""]]}';
        }

        location = /says/nothing { return 200 '{"id":1,"result":[]}'; }
    }
EOF

my $ngx = $flow->engine;
my (@open, %had, %applied, $m, $again);


# an item that the ERP posts

my %gloves = (
    vendors => [{ vendor_id => 'V-1', name => 'Northern Supplies',
                  catalog_no => 'N-7', primary => JSON::PP::true }],
    packs => [{ unit => 'CS', qty => '10',
                price => { value => '49.90', currency => 'EUR' } }],
);

is(sent(item('GLV-7', 1, %gloves), 'Idempotency-Key: 1'), 202,
   'an item is stored');
$m = receive;
is(field($m->{text}, 'MSH-9'), 'MFN^M16^MFN_M16', 'its message');
is(field($m->{text}, 'MSH-10'), 'GLV-7/1', 'with the version as its number');
is_deeply([(split /\n/, $m->{text})[2 .. 5]],
          ['MFE|MUP|GLV-7||GLV-7|CWE', 'ITM|GLV-7|Item GLV-7, 1|A',
           'VND|1|V-1|Northern Supplies|N-7|Y',
           'PKG|1|CS||10|49.90&EUR'], 'the item, and who sells it');
mfk $m;
drained;
is(dead, '', 'it has arrived');

is(sent(item('GLV-7', 1, %gloves), 'Idempotency-Key: 1'), 202,
   'the same once more');
is($flow->number('delivery'), 1, 'is not stored again');

is(sent([item('A', 1), item('B', 1)]), 202, 'two items');
is_deeply([sort map { taken } 1, 2], ['A/1', 'B/1'], 'are two messages');

is(sent([item('A', 2), item('B', 2, description => undef)]), 422,
   'one of two is no item');
drained;
ok(!more, 'nothing is sent');
is(sent({ type => 'item' }), 422, 'nor is one without anything');


# the receiver is down, and comes back: versions of an item in their order

$_->close for splice @open;
$his->down;
sent(item('A', $_)) for 2 .. 4;
sent(item('B', 2));
wait_for { $ngx->log =~ /attempt \d+: down/ } 'a failure';
$his->up;

my @got = map { taken } 1 .. 4;

is_deeply([grep { /^A/ } @got], ['A/2', 'A/3', 'A/4'],
          'down and up: all versions of an item, in their order');
is(join(' ', grep { /^B/ } @got), 'B/2', 'down and up: and the other item');


# an answer that is lost: the receiver has the message twice, by one number

sent(item('A', 5));
$m = receive;
$had{$m->{id}}++;
$applied{A}++;
$m->{connection}->close;
$again = receive;
is($again->{id}, 'A/5', 'no answer: the same number again');
mfk $again;
drained;
is($applied{A}, 5, 'no answer: it is applied once');


# what the clinical system does not want

sent(item('A', $_)) for 6, 7;
$m = receive;
$m->{connection}->send(ack($m->{text}, 'AE',
    'ERR||ITM^1^5|204^Unknown key identifier^HL70357|E||||No such category'));
is(taken, 'A/7', 'AE: the version after it is not held up');
drained;
is(dead, 'A: 204, No such category', 'AE: a dead letter with its text');

sent(item('B', 3));
mfk receive(), 'U',
    'ERR||ITM^1^3|103^Table value not found^HL70357|E||||No such status';
drained;
is(dead, "A: 204, No such category\nB: 103, No such status",
   'AA, and U of the item: a dead letter as well');

sent(item('B', 4));
$m = receive;
$m->{connection}->send(ack($m->{text}, 'AR'));
is(taken, 'B/4', 'AR: once more');
drained;


# what Tryton has: three items, a service, and something without a number

my %id = map { $_->[0] => product(@$_) }
         ['HIP-1', 'Hip stem 1'], ['HIP-2', 'Hip stem 2'],
         ['HIP-3', 'Hip stem 3', list_price => undef],
         ['VISIT', 'A visit', type => 'service'], ['', 'Something'];

my $supplier = $erp->made('party.party',
                          { name => 'Southern Supplies', code => 'S-1' });

put('since', "1970-01-01T00:00:00\n");
put('netrc', 'default login ' . $erp->user . ' password ' . $erp->password
             . "\n");

# they have been there for long

system('sqlite3', '-cmd', '.timeout 5000',
       "$dir/db/erp.sqlite",
       join ' ', map { "UPDATE $_ SET create_date = '2001-01-01 00:00:00',
                                      write_date = NULL;" }
                 qw(product_template product_product)) == 0 or die;

is(cron, 0, 'cron: all there is');

my @all = sort { $a->{id} cmp $b->{id} } map { receive } 1 .. 3;

is_deeply([map { s/.*\n(?=ITM)//sr } map { $_->{text} } @all],
          [map { "ITM|HIP-$_|Hip stem $_|A"
                 . ($_ == 3 ? "\n" : "||||||||||1850.00&EUR\n") } 1 .. 3],
          'cron: items that have a number');
mfk $_ for @all;
drained;

is(cron, 0, 'cron: nothing has changed');
drained;
ok(!more, 'cron: nothing is sent');

$erp->call('model.product.template.write',
           [[$id{'HIP-2'}{template}],
            { name => 'Hip stem 2, short',
              product_suppliers => [['create', [{ party => $supplier,
                                                  code => 'HS-2' }]]] },
            { company => 1 }]);
is(cron, 0, 'cron: a template has changed');
$m = receive;
like($m->{text}, qr/^ITM\|HIP-2\|Hip\ stem\ 2,\ short\|A.*\n
                    VND\|1\|S-1\|Southern\ Supplies\|HS-2\n\z/mx,
     'cron: its item, and who sells it');
mfk $m;
drained;

$erp->call('model.product.product.write',
           [[$id{'HIP-3'}{product}], { active => JSON::PP::false }, {}]);
is(cron, 0, 'cron: a product is not active any more');
@all = sort { $a->{id} cmp $b->{id} } map { receive } 1, 2;
like($all[1]{text}, qr/^ITM\|HIP-3\|Hip stem 3\|I/m, 'cron: its item');
is($all[0]{id}, $m->{id}, 'cron: what was just there has the same number');
mfk $_ for @all;
drained;
is($applied{'HIP-2'}, 2, 'cron: and is not applied again');
ok(!more, 'cron: nothing else');


like($ngx->get('API', '/says/error'), qr/^HTTP\S+ 502 /, 'an error is none');
like($ngx->get('API', '/says/nothing'), qr/^HTTP\S+ 200 .*\[\]\z/s,
     'no change is one');


# Tryton refuses, or is down: the time stays

my $since = Engine::contents("$dir/since");

put('netrc', 'default login ' . $erp->user . " password wrong\n");
isnt(cron, 0, 'cron: a wrong password');
put('since', "2026-11-21\n");
isnt(cron, 0, 'cron: no time');
put('since', $since);
$erp->stop;
isnt(cron, 0, 'cron: Tryton is down');
is(Engine::contents("$dir/since"), $since,
   'cron: the time stays');
drained;
is($flow->number('delivery WHERE state = 3'), 2, 'nothing else was refused');

$flow->stop;
done_testing();


sub item {
    my ($id, $version, %more) = @_;

    return { type => 'item', item_id => $id, base_unit => 'EA',
             description => "Item $id, $version",
             source => { app => 'erp', control_id => "$version" }, %more };
}


# posts an item, or several of them; the status

sub sent {
    return $flow->answer('/hooks/items', @_);
}


# the next message, over whichever connection it comes

sub receive {
    my $m;

    wait_for { $m = more } 'a message';

    return $m;
}


# the same if there is one

sub more {
    push @open, $his->accept while $his->pending;

    for my $c (@open) {
        next if !IO::Select->new($c->{sock})->can_read(0);

        my $text = $c->read;

        return { connection => $c, text => $text,
                 id => field($text, 'MSH-10') } if defined $text;

        @open = grep { $_ != $c } @open;
    }

    return undef;
}


# what it has had already it does not apply again

sub mfk {
    my ($m, $result, @more) = @_;
    my $mfe = field($m->{text}, 'MFE-2');

    $applied{$mfe}++ if !$had{$m->{id}}++;
    $result //= 'S';

    $m->{connection}->send(ack($m->{text}, 'AA', @more,
                               'MFI|INV^Inventory master file^HL70175||UPD'
                               . '|||AL', "MFA|MUP|$mfe||$result|$mfe|CWE")
                           =~ s/\|\|ACK\|/||MFK^M16|/r);
}


sub taken {
    my $m = receive;

    mfk $m;

    return $m->{id};
}


sub drained {
    wait_for { $flow->number('delivery WHERE ended IS NULL') == 0 }
        'the deliveries';
}


sub dead {
    return join "\n", sort map { "$_->{object_key}: $_->{code}, $_->{error}" }
                           $flow->letters;
}


sub product {
    my ($code, $name, %more) = @_;

    my $template = $erp->made('product.template',
        { name => $name, code => $code, type => 'goods',
          default_uom => $erp->found('product.uom', [['symbol', '=', 'u']]),
          list_price => $erp->decimal('1850.00'),
          products => [['create', [{
              cost_price => $erp->decimal('910.00') }]]], %more });

    return { template => $template,
             product => $erp->found('product.product',
                                    [['template', '=', $template]]) };
}


# a file where cron runs

sub put {
    my ($name, $text) = @_;

    open my $file, '>', "$dir/$name" or die "$name: $!\n";
    print $file $text;
    close $file;
}


# the lines that cron runs, as they stand in the file; their status

sub cron {
    my ($lines) = Engine::contents('conf/destinations/tryton_items.conf')
                  =~ /^(#     now=.*?)\n\n/ms or die "no lines for cron\n";
    my $port = $ngx->port('HTTP');

    $lines =~ s/^#(?:     )?//mg;
    $lines =~ s/:8578/:$port/ or die "no port\n";

    return system('sh', '-c', "cd $dir && {\n$lines\n}");
}
