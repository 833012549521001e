# Odoo, by the example in conf/destinations and a stand-in for it: JSON-RPC
# with a session, where an error and the end of the session are 200 as well,
# and JSON-2 with a key; all of it once.

use strict;
use warnings;

use lib 't/lib';
use Cwd;
use File::Path;
use JSON::PP;
use Test::More;
use Time::HiRes 'sleep';
use Engine;
use ErpTest ();
use Odoo;

sub dft;
sub deliver;
sub drained;
sub dead;
sub replay;
sub api;
sub put;
sub moves;
sub calls;
sub logins;
sub attempts_of;

$Mllp::Timeout = 60 if $Mllp::Timeout < 60;

my $conf = getcwd() . '/conf';
my %known = (login => 'hie@example.org', password => 'Pa"ss\\word',
             key => 'k3y0f0d00');

mkpath("$Mllp::Prefix-erp");

my $erp = Odoo->start("$Mllp::Prefix-erp", %known);
my $maps = Engine::contents("$conf/destinations/odoo_maps.conf");

$maps =~ s/127\.0\.0\.1:\d+/'127.0.0.1:' . $erp->port/e
    or die "no server in odoo_maps.conf\n";

my $ngx = Engine->start(
    workers => 1,
    files => {
        'keys/odoo.pw' => "$known{password}\n",
        'keys/odoo.key' => "$known{key}\n",
        'keys/patient.key' => '0123456789abcdef',
        'schemas' => \"$conf/schemas",
        'odoo.conf' => \"$conf/destinations/odoo.conf",
        'odoo_maps.conf' => $maps,
    },
    stream => 'server { listen 127.0.0.1:%%MLLP%%;
                        mllp_pass hie /hl7/$hl7_receiving_app; }',
    http => <<"EOF");
    erp_store path=%%DIR%%/store min_free=1m ballast=1m;
    canonical_key patient file=keys/patient.key id=k1;
    include $conf/maps/*.conf;
    include odoo_maps.conf;

    erp_breaker consecutive=3 open=200ms max_open=500ms;

    server {
        server_name hie;
        mllp_only;

        location /hl7/ {
            canonical_request dft_charge dft_supply_usage;
            erp_send /erp/odoo/charge when=charge
                     order_by=\$canonical_visit_id;
            erp_send /erp/odoo/usage  when=supply_usage
                     order_by=\$canonical_usage_id;
        }

        location /hl7/ODOO19 {
            canonical_request dft_charge;
            erp_send /erp/odoo19/charge order_by=\$canonical_visit_id;
        }

        include odoo.conf;
    }

    server {
        listen 127.0.0.1:%%HTTP%%;
        location /hie/ { erp_api; }
    }
EOF

ErpTest->of($ngx);

my $mllp = $ngx->client('MLLP');
my ($letter, $move);


# a charge with an implant, a credit, a payment

deliver 'M1', dft 'M1', id => 'T-1', item => 'IMP-4711', quantity => 2,
                        price => '1850.00';
drained;

($move) = @{ $erp->call('records', 'account.move') };
delete @$move{qw(id model)};
is_deeply($move, {
    state => 'posted', move_type => 'out_invoice', ref => 'T-1',
    company_id => 1, journal_id => 1, partner_id => 1,
    invoice_date => '2026-11-21', invoice_line_ids => [[0, 0, {
        name => 'Service', account_id => 1, quantity => 2,
        price_unit => 1850 }]] }, 'a charge is an invoice, posted');
is($erp->call('stock'), 8, 'and its implant a transfer, done');
is_deeply([calls 'T-1'], ['account.move create'], 'each step once');
is(logins, 1, 'by one login');
is(ErpTest::number('attempt WHERE outcome != 1'), 0, 'in one attempt each');
unlike(join('', map { $_->{body} } $erp->journal), qr/4711\^|EVERYWOMAN/,
       'without the patient');

deliver 'M2', dft 'M2', id => 'T-2', item => 'IMP-4711', type => 'CD';
drained;
is_deeply([moves 'T-2/CD'], ['out_refund posted'], 'a credit is a refund');
is($erp->call('stock'), 9, 'what came back is in stock');

deliver 'M3', dft 'M3', id => 'T-3', type => 'PY', visit => 'V-pay';
drained;
is(dead->{'T-3'}{reason}, 'rejected', 'a payment is a dead letter');
is_deeply([calls 'T-3'], [], 'which Odoo never saw');


# 200 with an error is a dead letter, with the words of Odoo

deliver 'R1', dft 'R1', id => 'U-1', date => '20191231', visit => 'V-2';
drained;
$letter = dead->{'U-1'};
is($letter->{reason}, 'rejected', 'a locked date: a dead letter');
is($letter->{code}, 'odoo.exceptions.UserError', 'with the name');
is($letter->{error}, 'You cannot add entries prior to the lock date '
                     . '2019-12-31.', 'and the message');
is_deeply([moves 'U-1'], ['out_invoice draft'], 'a draft');
is(attempts_of('U-1'), 1, 'after one attempt');

# the same draft is posted, when it can be

$erp->call('unlock');
replay $letter;
drained;
is_deeply([moves 'U-1'], ['out_invoice posted'], 'replayed: the same draft');
ok((grep { $_->{body} =~ /"posted"/ } $erp->journal),
   'replayed: asked whether it is posted');

deliver 'R2', dft 'R2', id => 'U-2', item => 'IMP-0000', visit => 'V-3';
drained;
like(dead->{'U-2'}{error}, qr/"product"/, 'no such item: a dead letter');
is_deeply([moves 'U-2'], ['out_invoice posted'], 'no such item: charged');

# a window is no success

$erp->set(asks => 1);
deliver 'R3', dft 'R3', id => 'U-3', item => 'IMP-4711', visit => 'V-4';
drained;
$letter = dead->{'U-3'};
is("$letter->{code} $letter->{error}",
   'stock.backorder.confirmation Create Backorder?',
   'a window: a dead letter');
$erp->set;
replay $letter;
drained;
is($erp->call('stock'), 8, 'replayed: the same transfer is done');
is(scalar(grep { $_->{origin} eq 'U-3' }
               @{ $erp->call('records', 'stock.picking') }), 1,
   'and there is no other one');


# the session has ended, which is 200 with code 100: another login

$erp->call('expire');
deliver 'S1', dft 'S1', id => 'W-1', visit => 'V-5';
drained;
is_deeply([moves 'W-1'], ['out_invoice posted'], 'expired: posted');
is(attempts_of('W-1'), 1, 'expired: in one attempt');
is(logins, 2, 'expired: by another login');

# also when it is asked what became of an attempt

$erp->next('call_kw', { status => 503, header => ['Retry-After: 600'],
                        body => 'restarting' });
deliver 'S2', dft 'S2', id => 'W-2', visit => 'V-5';
wait_for { $ngx->log =~ /"\/erp\/odoo\/charge".*down, status 503/ } '503';
$erp->call('expire');
api(POST => '/destinations/probe',
    { destination => '/erp/odoo/charge', reason => 'it is up again' });
drained;
is_deeply([moves 'W-2'], ['out_invoice posted'], 'expired, a probe: posted');
is(logins, 3, 'expired, a probe: by another login');
is_deeply([calls 'W-2'], [('account.move create', 'account.move search',
                           'account.move search', 'account.move create')],
          'expired, a probe: asked again, then created');


# no answer to the creation, nor to the button: it is asked

$erp->next('call_kw', 'lost');
deliver 'L1', dft 'L1', id => 'X-1', visit => 'V-6';
drained;
is_deeply([moves 'X-1'], ['out_invoice posted'], 'a lost answer: one move');
is_deeply([calls 'X-1'], ['account.move create', 'account.move search'],
          'a lost answer: it is found');

$erp->next('/action_post', 'lost');
deliver 'L2', dft 'L2', id => 'X-2', visit => 'V-6';
drained;
is_deeply([moves 'X-2'], ['out_invoice posted'], 'a lost posting: posted');
is(scalar(grep { $_ eq 'account.move action_post' } calls '.'),
   scalar(moves '.') + 1, 'a lost posting: not once more');
ok(!dead->{'X-2'}, 'a lost posting: no dead letter');


# a wrong password: nobody is at fault, and the new one is read

$erp->set(password => 'another one');
$erp->call('expire');
deliver 'P1', dft 'P1', id => 'Y-1', visit => 'V-7';
wait_for { $ngx->log =~ /erp_auth .* failed with status 200/ } 'the refusal';
ok(!dead->{'Y-1'}, 'a wrong password: no dead letter');
put 'keys/odoo.pw', 'another one';
drained;
is_deeply([moves 'Y-1'], ['out_invoice posted'], 'another password: posted');

# down, and back

$erp->down;
deliver 'P2', dft 'P2', id => 'Y-2', visit => 'V-7';
wait_for { $ngx->log =~ /"\/erp\/odoo\/charge".*down, status connect/ }
         'the refusal';
$erp->up;
drained;
is_deeply([moves 'Y-2'], ['out_invoice posted'], 'down and back: posted');
$erp->set;


# JSON-2

deliver 'J1', dft 'J1', id => 'J-1', to => 'ODOO19', visit => 'V-8';
drained;
is_deeply([moves 'J-1'], ['out_invoice posted'], 'JSON-2: posted');
is_deeply([map { $_->{path} } $erp->journal('/json/2/')],
          ['/json/2/account.move/create', '/json/2/account.move/action_post'],
          'JSON-2: each step once');

$erp->call('lock');
deliver 'J2', dft 'J2', id => 'J-2', to => 'ODOO19', date => '20191231',
                        visit => 'V-9';
drained;
$letter = dead->{'J-2'};
is("$letter->{code} $letter->{error}", 'odoo.exceptions.UserError You cannot'
   . ' add entries prior to the lock date 2019-12-31.',
   'JSON-2: 422 is a dead letter');

$erp->next('/json/2/account.move/create', 'lost');
deliver 'J3', dft 'J3', id => 'J-3', to => 'ODOO19', visit => 'V-8';
drained;
is_deeply([moves 'J-3'], ['out_invoice posted'], 'JSON-2: a lost answer');

$erp->next('/json/2/account.move/create',
           { status => 429, header => ['Retry-After: 1'], body => '' });
deliver 'J4', dft 'J4', id => 'J-4', to => 'ODOO19', visit => 'V-8';
drained;
is_deeply([moves 'J-4'], ['out_invoice posted'], 'JSON-2: 429 is waited for');

$erp->set(key => 'n3w');
deliver 'J5', dft 'J5', id => 'J-5', to => 'ODOO19', visit => 'V-8';
wait_for { $ngx->log =~ /"\/erp\/odoo19\/charge".*down, status 401/ }
         'the refusal';
ok(!dead->{'J-5'}, 'JSON-2: a key that has ended is no dead letter');
put 'keys/odoo.key', 'n3w';
drained;
is_deeply([moves 'J-5'], ['out_invoice posted'],
          'JSON-2: the new one is read');

$mllp->close;
$ngx->stop;
$erp->stop;
done_testing();


sub dft {
    my ($id, %charge) = @_;
    my %c = (price => '10.00', quantity => 1, type => 'CG', visit => 'V-1',
             item => '', date => '20261121', to => 'ODOO', %charge);
    my @f = ('') x 35;

    @f[1, 2, 4, 6, 7, 10, 12, 13, 34] =
        (1, $c{id}, $c{date}, $c{type}, 'X^Service', $c{quantity}, $c{price},
         'OR', $c{item});

    return join "\n",
        "MSH|^~\\&|OR|GHH|$c{to}|GHH|20261121100000||DFT^P03|$id|P|2.5",
        'PID|1||4711^^^GHH^MR||EVERYWOMAN^EVE',
        'PV1|1|I|OR' . '|' x 16 . $c{visit}, join '|', 'FT1', @f[1 .. 34];
}


sub deliver {
    my ($name, $text) = @_;

    $mllp->send($text);
    is(field($mllp->read, 'MSA-1'), 'AA', "$name is stored");
}


# all is delivered that does not wait for a dead letter

sub drained {
    wait_for {
        sleep 0.05;
        ErpTest::number("delivery WHERE ended IS NULL AND (order_hash IS NULL
            OR order_hash NOT IN (SELECT order_hash FROM delivery
                WHERE state = 3 AND order_hash IS NOT NULL))") == 0
    } 'the deliveries';
}


sub dead {
    return { map { $_->{object_key} => $_ }
             @{ api(GET => '/dead-letters?detail=1')->{dead_letters} } };
}


sub replay {
    my ($dead) = @_;

    is(api(POST => '/dead-letters/replay',
           { reason => 'mended', filter => { ids => [$dead->{id}] } })
           ->{replayed}, 1, "$dead->{object_key} is replayed");
}


sub api {
    my ($method, $uri, $body) = @_;

    open my $curl, '-|', 'curl', '-s', '-m', 10, '-X', $method,
         ($body ? ('-H', 'Content-Type: application/json',
                   '-d', encode_json($body)) : ()),
         'http://127.0.0.1:' . $ngx->port('HTTP') . "/hie/v1$uri"
        or die "curl: $!\n";

    local $/;
    return decode_json(scalar <$curl>);
}


sub put {
    my ($name, $text) = @_;
    my $path = $ngx->dir . "/conf/$name";

    open my $file, '>', "$path.new" or die "$path: $!\n";
    print $file "$text\n";
    close $file;
    rename "$path.new", $path or die "$path: $!\n";
}


# invoices with this reference

sub moves {
    my ($ref) = @_;

    return map { "$_->{move_type} $_->{state}" }
           grep { $_->{ref} =~ /^$ref$/ || $ref eq '.' }
                @{ $erp->call('records', 'account.move') };
}


# calls of account.move with this text in them

sub calls {
    my ($text) = @_;

    return map { "$_->{model} $_->{method}" }
           grep { $_->{model} eq 'account.move' }
           map { $_->{json}{params} }
           grep { $_->{body} =~ /$text/ } $erp->journal('call_kw');
}


sub logins {
    return scalar $erp->journal('/web/session/authenticate');
}


sub attempts_of {
    my ($key) = @_;

    return ErpTest::number("attempt WHERE delivery IN (SELECT d.id
        FROM delivery d JOIN body b ON b.id = d.body WHERE b.key = '$key')");
}
