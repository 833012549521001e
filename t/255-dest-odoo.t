# Odoo, by the example in conf/destinations and a stand-in for it: JSON-RPC
# with a session, where an error and the end of the session are 200 as well,
# and JSON-2 with a key; all of it once.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use DestTest;
use Odoo;

sub moves;
sub calls;
sub logins;

my %known = (login => 'hie@example.org', password => 'Pa"ss\\word',
             key => 'k3y0f0d00');

my $erp = Odoo->start("$Mllp::Prefix-odoo", %known);
my $ngx = DestTest->start('odoo', plain => { 8069 => $erp->port },
    keys => { 'odoo.pw' => $known{password}, 'odoo.key' => $known{key} },
    workers => 1, currency => '',
    breaker => 'consecutive=3 open=200ms max_open=500ms',
    flows => <<'EOF');
location /hl7/ {
    canonical_request dft_charge dft_supply_usage;
    erp_send /erp/odoo/charge when=charge order_by=$canonical_visit_id;
    erp_send /erp/odoo/usage  when=supply_usage
             order_by=$canonical_usage_id;
}

# JSON-2
location /hl7/DFT/P11 {
    canonical_request dft_charge;
    erp_send /erp/odoo19/charge order_by=$canonical_visit_id;
}
EOF

my ($letter, $move);


# a charge with an implant, a credit, a payment

charged 'M1', 'T-1', '1850.00', 2, item => 'IMP-4711';
drained;

($move) = @{ $erp->call('records', 'account.move') };
delete @$move{qw(id model)};
is_deeply($move, {
    state => 'posted', move_type => 'out_invoice', ref => 'T-1',
    company_id => 1, journal_id => 1, partner_id => 1,
    invoice_date => '2026-11-21', invoice_line_ids => [[0, 0, {
        name => 'Service T-1', account_id => 1, quantity => 2,
        price_unit => 1850 }]] }, 'a charge is an invoice, posted');
is($erp->call('stock'), 8, 'and its implant a transfer, done');
is_deeply([calls 'T-1'], ['account.move create'], 'each step once');
is(logins, 1, 'by one login');
is((sql 'SELECT count(*) FROM attempt WHERE outcome != 1')[0], 0,
   'in one attempt each');
unlike(join('', map { $_->{body} } $erp->journal), qr/4711\^|EVERYWOMAN/,
       'without the patient');

charged 'M2', 'T-2', '10.00', 1, item => 'IMP-4711', type => 'CD';
drained;
is_deeply([moves 'T-2/CD'], ['out_refund posted'], 'a credit is a refund');
is($erp->call('stock'), 9, 'what came back is in stock');

charged 'M3', 'T-3', '10.00', 1, type => 'PY', visit => 'V-pay';
drained;
is(dead->{'T-3'}{reason}, 'rejected', 'a payment is a dead letter');
is_deeply([calls 'T-3'], [], 'which Odoo never saw');


# 200 with an error is a dead letter, with the words of Odoo

charged 'R1', 'U-1', '10.00', 1, date => '20191231', visit => 'V-2';
drained;
$letter = dead->{'U-1'};
is($letter->{reason}, 'rejected', 'a locked date: a dead letter');
is($letter->{code}, 'odoo.exceptions.UserError', 'with the name');
is($letter->{error}, 'You cannot add entries prior to the lock date '
                     . '2019-12-31.', 'and the message');
is_deeply([moves 'U-1'], ['out_invoice draft'], 'a draft');
is(scalar(attempts('U-1')), 1, 'after one attempt');

# the same draft is posted, when it can be

$erp->call('unlock');
ok(replay($letter->{object_key}), 'replayed');
drained;
is_deeply([moves 'U-1'], ['out_invoice posted'], 'replayed: the same draft');
ok((grep { $_->{body} =~ /"posted"/ } $erp->journal),
   'replayed: asked whether it is posted');

charged 'R2', 'U-2', '10.00', 1, item => 'IMP-0000', visit => 'V-3';
drained;
like(dead->{'U-2'}{error}, qr/"product"/, 'no such item: a dead letter');
is_deeply([moves 'U-2'], ['out_invoice posted'], 'no such item: charged');

# a window is no success

$erp->set(asks => 1);
charged 'R3', 'U-3', '10.00', 1, item => 'IMP-4711', visit => 'V-4';
drained;
$letter = dead->{'U-3'};
is("$letter->{code} $letter->{error}",
   'stock.backorder.confirmation Create Backorder?',
   'a window: a dead letter');
$erp->set;
ok(replay($letter->{object_key}), 'replayed');
drained;
is($erp->call('stock'), 8, 'replayed: the same transfer is done');
is(scalar(grep { $_->{origin} eq 'U-3' }
               @{ $erp->call('records', 'stock.picking') }), 1,
   'and there is no other one');


# the session has ended, which is 200 with code 100: another login

$erp->call('expire');
charged 'S1', 'W-1', '10.00', 1, visit => 'V-5';
drained;
is_deeply([moves 'W-1'], ['out_invoice posted'], 'expired: posted');
is(scalar(attempts('W-1')), 1, 'expired: in one attempt');
is(logins, 2, 'expired: by another login');

# also when it is asked what became of an attempt

$erp->next('call_kw', { status => 503, header => ['Retry-After: 600'],
                        body => 'restarting' });
charged 'S2', 'W-2', '10.00', 1, visit => 'V-5';
wait_for { $ngx->log =~ /"\/erp\/odoo\/charge".*down, status 503/ } '503';
$erp->call('expire');
ask(POST => '/destinations/probe',
    { destination => '/erp/odoo/charge', reason => 'it is up again' });
drained;
is_deeply([moves 'W-2'], ['out_invoice posted'], 'expired, a probe: posted');
is(logins, 3, 'expired, a probe: by another login');
is_deeply([calls 'W-2'], [('account.move create', 'account.move search',
                           'account.move search', 'account.move create')],
          'expired, a probe: asked again, then created');


# no answer to the creation, nor to the button: it is asked

$erp->next('call_kw', 'lost');
charged 'L1', 'X-1', '10.00', 1, visit => 'V-6';
drained;
is_deeply([moves 'X-1'], ['out_invoice posted'], 'a lost answer: one move');
is_deeply([calls 'X-1'], ['account.move create', 'account.move search'],
          'a lost answer: it is found');

$erp->next('/action_post', 'lost');
charged 'L2', 'X-2', '10.00', 1, visit => 'V-6';
drained;
is_deeply([moves 'X-2'], ['out_invoice posted'], 'a lost posting: posted');
is(scalar(grep { $_ eq 'account.move action_post' } calls '.'),
   scalar(moves '.') + 1, 'a lost posting: not once more');
ok(!dead->{'X-2'}, 'a lost posting: no dead letter');


# a wrong password: nobody is at fault, and the new one is read

$erp->set(password => 'another one');
$erp->call('expire');
charged 'P1', 'Y-1', '10.00', 1, visit => 'V-7';
wait_for { $ngx->log =~ /erp_auth .* failed with status 200/ } 'the refusal';
ok(!dead->{'Y-1'}, 'a wrong password: no dead letter');
put 'odoo.pw', 'another one';
drained;
is_deeply([moves 'Y-1'], ['out_invoice posted'], 'another password: posted');

# down, and back

$erp->down;
charged 'P2', 'Y-2', '10.00', 1, visit => 'V-7';
wait_for { $ngx->log =~ /"\/erp\/odoo\/charge".*down, status connect/ }
         'the refusal';
$erp->up;
drained;
is_deeply([moves 'Y-2'], ['out_invoice posted'], 'down and back: posted');
$erp->set;


# JSON-2

charged 'J1', 'J-1', '10.00', 1, event => 'P11', visit => 'V-8';
drained;
is_deeply([moves 'J-1'], ['out_invoice posted'], 'JSON-2: posted');
is_deeply([map { $_->{path} } $erp->journal('/json/2/')],
          ['/json/2/account.move/create', '/json/2/account.move/action_post'],
          'JSON-2: each step once');

$erp->call('lock');
charged 'J2', 'J-2', '10.00', 1, event => 'P11', date => '20191231',
        visit => 'V-9';
drained;
$letter = dead->{'J-2'};
is("$letter->{code} $letter->{error}", 'odoo.exceptions.UserError You cannot'
   . ' add entries prior to the lock date 2019-12-31.',
   'JSON-2: 422 is a dead letter');

$erp->next('/json/2/account.move/create', 'lost');
charged 'J3', 'J-3', '10.00', 1, event => 'P11', visit => 'V-8';
drained;
is_deeply([moves 'J-3'], ['out_invoice posted'], 'JSON-2: a lost answer');

$erp->next('/json/2/account.move/create',
           { status => 429, header => ['Retry-After: 1'], body => '' });
charged 'J4', 'J-4', '10.00', 1, event => 'P11', visit => 'V-8';
drained;
is_deeply([moves 'J-4'], ['out_invoice posted'], 'JSON-2: 429 is waited for');

$erp->set(key => 'n3w');
charged 'J5', 'J-5', '10.00', 1, event => 'P11', visit => 'V-8';
wait_for { $ngx->log =~ /"\/erp\/odoo19\/charge".*down, status 401/ }
         'the refusal';
ok(!dead->{'J-5'}, 'JSON-2: a key that has ended is no dead letter');
put 'odoo.key', 'n3w';
drained;
is_deeply([moves 'J-5'], ['out_invoice posted'],
          'JSON-2: the new one is read');

$ngx->stop;
$erp->stop;
done_testing();


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
