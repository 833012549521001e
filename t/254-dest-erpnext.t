# ERPNext, by the example in conf/destinations and a stand-in for it: supply
# usage is a stock entry, a charge an invoice, submitted, and once, whatever
# it answers.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use DestTest;
use Erpnext;

sub documents;
sub booked;
sub requests;

my %known = (key => 'a1b2c3', secret => 'd4e5f6');
my $erp = Erpnext->start("$Mllp::Prefix-erpnext", %known);

my $ngx = DestTest->start('erpnext', plain => { 8000 => $erp->port },
    keys => { 'erpnext.key' => "$known{key}:$known{secret}" }, currency => '',
    breaker => 'consecutive=3 open=200ms max_open=500ms',
    flows => <<'EOF');
location /hl7/ {
    canonical_request dft_charge dft_supply_usage;
    erp_send /erp/erpnext/charge when=charge order_by=$canonical_visit_id;
    erp_send /erp/erpnext/usage  when=supply_usage
             order_by=$canonical_usage_id;
}
EOF

my ($letter, @sent, $entry, $charge);


# what was used, and what is on the bill

charged 'M1', 'T-1', '1850.00', 2, item => 'IMP-4711';
drained;

($entry) = documents 'Stock Entry';
is_deeply($entry, {
    doctype => 'Stock Entry', name => 'MAT-STE-2026-00001', docstatus => 1,
    custom_source_key => 'T-1', company => 'General Hospital',
    stock_entry_type => 'Material Issue', posting_date => '2026-11-21',
    set_posting_time => 1, remarks => 'GHH/M1', items => [
        { item_code => 'IMP-4711', qty => 2, s_warehouse => 'OR - GHH',
          cost_center => '4100 - GHH' } ] },
    'an implant is a stock entry, submitted');
is($erp->call('stock', 'IMP-4711', 'OR - GHH'), 8, 'the stock has two less');

($charge) = documents 'Sales Invoice';
is_deeply($charge, {
    doctype => 'Sales Invoice', name => 'ACC-SINV-00001', docstatus => 1,
    custom_source_key => 'T-1', company => 'General Hospital',
    customer => 'Self payers', currency => 'USD', set_posting_time => 1,
    posting_date => '2026-11-21', due_date => '2026-11-21',
    remarks => 'Visit V-1', items => [
        { item_code => 'IMP-4711', qty => 2, rate => 1850,
          description => 'Service T-1', cost_center => '4100 - GHH' } ] },
    'and an invoice, submitted');

is_deeply([map { "$_->{method} $_->{uri}" }
               grep { $_->{uri} =~ /Stock/ } $erp->journal],
          ['POST /api/resource/Stock%20Entry',
           'PUT /api/resource/Stock%20Entry/MAT-STE-2026-00001'],
          'the URIs, encoded');
is_deeply([map { $_->{status} } $erp->journal], [(200) x 6],
          'each step once');
unlike(join('', map { $_->{body} } $erp->journal), qr/4711\^|EVERYWOMAN/,
       'without the patient');
is((sql 'SELECT count(*) FROM attempt WHERE outcome != 1')[0], 0,
   'in one attempt each');

# back again

charged 'M2', 'T-2', '10.00', 1, item => 'IMP-4711', type => 'CD';
drained;

($entry) = grep { $_->{custom_source_key} eq 'T-2/CD' }
                documents 'Stock Entry';
is($entry->{stock_entry_type}, 'Material Receipt', 'a return is a receipt');
is($erp->call('stock', 'IMP-4711', 'OR - GHH'), 9, 'of one');
($charge) = grep { $_->{custom_source_key} eq 'T-2/CD' }
                 documents 'Sales Invoice';
is("$charge->{is_return} $charge->{items}[0]{qty}", '1 -1',
   'and an invoice of less than nothing');

charged 'M3', 'T-3', '10.00', 1, type => 'PY', visit => 'V-pay';
drained;
is(dead->{'T-3'}{reason}, 'rejected', 'a payment is a dead letter');
is(booked('T-3'), 0, 'which ERPNext never saw');


# names that have to be encoded

$erp->set(series => "STE 50%/a?b#\xe9 ");
charged 'N1', 'N-1', '10.00', 1, item => 'GLOVE-M', visit => 'V-N';
drained;

($entry) = grep { $_->{custom_source_key} eq 'N-1' } documents 'Stock Entry';
is($entry->{docstatus}, 1, 'a name with a space and worse: submitted');
like(($erp->journal('^PUT /api/resource/Stock'))[-1]{uri},
     qr{^/api/resource/Stock%20Entry/STE%2050%25/a%3Fb%23%C3%A9%20000\d\d$},
     'by the right URI');
$erp->set;


# what ERPNext refuses is a dead letter at once, with its words

charged 'R1', 'U-1', '10.00', 1, item => 'IMP-0000', visit => 'V-2';
drained;
$letter = dead->{'U-1'};
is("$letter->{reason} $letter->{code}", 'rejected LinkValidationError',
   'an unknown item: a dead letter');
is($letter->{error}, 'frappe.exceptions.LinkValidationError: Could not find'
                     . ' Row #1: item_code: IMP-0000', 'with the message');
is($letter->{attempts}, 1, 'after one attempt');

# the draft is there, and what cannot be submitted is submitted when it can

charged 'R2', 'U-2', '10.00', 11, item => 'GLOVE-M', visit => 'V-3';
drained;
$letter = dead->{'U-2'};
is($letter->{code}, 'NegativeStockError', 'too little stock: a dead letter');
is(booked('U-2', 0), 1, 'too little stock: a draft');

charged 'R3', 'U-3', '10.00', 5, item => 'GLOVE-M', type => 'CD',
        visit => 'V-3b';
drained;
ok(replay($letter->{object_key}), 'replayed');
drained;
is(booked('U-2', 1), 2, 'replayed: it is submitted, as the invoice was');
is(booked('U-2', 0), 0, 'and there is no other one');

# without tracebacks the words are in another place

$erp->set(traceback => 0);
charged 'R4', 'U-4', '10.00', 1, item => 'IMP-0000', visit => 'V-4';
drained;
is(dead->{'U-4'}{code}, 'LinkValidationError', 'no traceback: the code');
like(dead->{'U-4'}{error}, qr/Could not find Row #1: item_code: IMP-0000/,
     'no traceback: the message');

$erp->set(forbidden => 'Sales Invoice');
charged 'R5', 'U-5', '10.00', 1, visit => 'V-5';
drained;
is(dead->{'U-5'}{code}, 'PermissionError', 'not permitted: a dead letter');
$erp->set;


# what is waited for

$erp->next('^POST .*Invoice', { status => 429, header => ['Retry-After: 1'],
                                body => 'Too Many Requests' });
charged 'S1', 'W-1', '10.00', 1, visit => 'V-6';
drained;
is(booked('W-1', 1), 1, '429: booked when it is taken');

@sent = requests 'W-1', 'POST .*/Sales';
is(scalar(@sent), 2, '429: sent twice');
cmp_ok($sent[1]{at} - $sent[0]{at}, '>=', 0.9, '429: by its Retry-After');

$erp->next('^POST .*Invoice', $erp->json(500, {
    exc_type => 'OperationalError',
    exception => 'OperationalError: (2013)' }));
charged 'S2', 'W-2', '10.00', 1, visit => 'V-6';
drained;
is(booked('W-2', 1), 1, '500: booked');
is(scalar(requests('W-2', 'POST .*/Sales')), 2, '500: sent twice');


# no answer: to the draft, to its submission; all is there once

$erp->next('^POST .*/Sales', 'lost');
$erp->next('^PUT .*/Sales', 'lost');
charged 'L1', 'X-1', '10.00', 1, visit => 'V-7';
drained;
is(booked('X-1', 1), 1, 'lost answers: booked');
is(booked('X-1', 0), 0, 'lost answers: once');
is_deeply([map { $_->{status} } requests('X-1', 'POST .*/Sales')],
          ['lost', 417], 'lost answers: refused by its key');
is(scalar($erp->journal("^PUT .*/$_")), 2, 'lost answers: submitted twice')
    for map { $_->{name} } grep { $_->{custom_source_key} eq 'X-1' }
            documents 'Sales Invoice';

# another message with the same charge

charged 'L2', 'X-1', '10.00', 1, visit => 'V-7';
drained;
is(booked('X-1', 1), 1, 'the same charge: booked once');
ok(!dead->{'X-1'}, 'the same charge: no dead letter');

# where documents are named by the key it is another error

$erp->set(naming => 'key');
charged 'L3', 'X-2', '10.00', 1, visit => 'V-7';
charged 'L4', 'X-2', '10.00', 1, visit => 'V-7';
drained;
is_deeply([map { $_->{status} } requests('X-2', 'POST .*/Sales')],
          [200, 409], 'named by the key: 409');
is(booked('X-2', 1), 1, 'named by the key: booked once');
ok(!dead->{'X-2'}, 'named by the key: no dead letter');
$erp->set;

# one that was cancelled in ERPNext is not booked again

charged 'L5', 'X-3', '10.00', 1, visit => 'V-8';
drained;
$erp->call('cancel', 'Sales Invoice', $_->{name})
    for grep { $_->{custom_source_key} eq 'X-3' } documents 'Sales Invoice';
charged 'L6', 'X-3', '10.00', 1, visit => 'V-8';
drained;
is(dead->{'X-3'}{code}, 'DocstatusTransitionError',
   'cancelled: a dead letter');


# a key that is not known any more: it waits, and the new one is read

$erp->set(secret => 'another');
charged 'K1', 'Y-1', '10.00', 1, visit => 'V-9';
wait_for { $ngx->log =~ /to "\/erp\/erpnext\/charge".*down, status 401/ }
         'the refusal';
ok(!dead->{'Y-1'}, 'a wrong key: no dead letter');
put 'erpnext.key', "$known{key}:another";
drained;
is(booked('Y-1', 1), 1, 'another key: booked');

# down, and back

$erp->down;
charged 'K2', 'Y-2', '10.00', 1, visit => 'V-9';
wait_for { $ngx->log =~ /to "\/erp\/erpnext\/charge".*down, status connect/ }
         'the refusal';
$erp->up;
drained;
is(booked('Y-2', 1), 1, 'down and back: booked');

$ngx->stop;
$erp->stop;
done_testing();


sub documents {
    return @{ $erp->call('documents', @_) };
}


# how many documents of either kind have this key, and this docstatus

sub booked {
    my ($key, $docstatus) = @_;

    return scalar grep { ($_->{custom_source_key} // '') eq $key
                         && (!defined $docstatus
                             || $_->{docstatus} == $docstatus) }
                       documents('Stock Entry'), documents('Sales Invoice');
}


sub requests {
    my ($body, $uri) = @_;

    return grep { $_->{body} =~ /$body/ } $erp->journal($uri);
}
