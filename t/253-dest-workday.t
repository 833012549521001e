# Workday, by the example in conf/destinations and a stand-in for it: what it
# gets of HL7 messages and of an invoice, once, whatever it answers.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use Test::More;
use Time::HiRes 'time';
use DestTest;
use Workday;

sub requisition;
sub invoice;
sub posted;
sub submitted;

my $journal = '^POST .*/Financial_Management/';

my %known = (user => 'ISU_HIE@acme', password => 'Workday <pw> & 1');
my $erp = Workday->start("$Mllp::Prefix-workday", %known);

my $ngx = DestTest->start('workday', plain => { 8443 => $erp->port },
    keys => { 'workday.pw' => $known{password} }, currency => '',
    breaker => 'consecutive=3 open=200ms max_open=500ms',
    http => 'location = /invoice { erp_send /erp/workday/invoice; }',
    flows => <<'EOF');
location /hl7/DFT/ {
    canonical_request dft_charge;
    erp_send /erp/workday/journal order_by=$canonical_visit_id;
}

location /hl7/OMS/ {
    canonical_request oms_requisition;
    erp_send /erp/workday/requisition order_by=$canonical_po_id;
}
EOF

my ($letter, $request);


# a charge, a credit and a requisition

charged 'M1', 'T-1', '1850.00', 2, service => 'Service \\T\\ care';
drained;

is_deeply(posted('Journal'), ['T-1'], 'a charge is a journal');
is_deeply($erp->call('document', 'Journal', 'T-1'), {
    Accounting_Journal_ID => 'T-1', Submit => 'true',
    Company_Reference => 'GHH', Currency_Reference => 'USD',
    Ledger_Type_Reference => 'Actuals', Accounting_Date => '2026-11-21',
    Journal_Source_Reference => 'HIE', Journal_Entry_Memo => 'Visit V-1',
    External_Reference_ID => 'GHH/M1', lines => [
        { Line_Order => 1, Ledger_Account_Reference => 1200, lines => [],
          Debit_Amount => '3700.00', Memo => 'Service & care' },
        { Line_Order => 2, Ledger_Account_Reference => 4010, lines => [],
          Credit_Amount => '3700.00', Memo => 'Service & care',
          Worktags_Reference => 4100 } ] }, 'of two lines');

($request) = $erp->journal($journal);
is($request->{header}{host}, 'wd2-impl-services1.workday.com',
   'by the name of its host');
unlike($request->{body}, qr/4711|EVERYWOMAN/, 'without the patient');
is(scalar(attempts('T-1')), 1, 'in one attempt');

charged 'M2', 'T-1', '1850.00', 1, type => 'CD';
drained;

is($erp->call('document', 'Journal', 'T-1/CD')->{lines}[0]{Credit_Amount},
   '1850.00', 'a credit is the other way round');

charged 'M3', 'T-2', '10.00', 1, type => 'PY', visit => 'V-pay';
drained;
is(dead->{'T-2'}{reason}, 'rejected', 'a payment is a dead letter');
is(scalar($erp->journal($journal)), 2, 'which Workday never saw');

ok(deliver(requisition 'M4', 'R-1', 'NW'), 'M4 is stored');
drained;

is_deeply(posted('Requisition'), ['R-1'], 'a requisition is one');
is_deeply($erp->call('document', 'Requisition', 'R-1'), {
    Submit => 'true', Requisition_Number => 'R-1',
    Requisition_Date => '2026-11-21', Company_Reference => 'GHH',
    Requester_Reference => 'HIE', Internal_Memo => 'For OR', lines => [
        { Item_Reference => 'GLOVE-M', Supplier_Reference => 'S-100',
          Spend_Category_Reference => 'Medical_Supplies', Quantity => 20,
          Unit_of_Measure_Reference => 'BX', Unit_Cost => '4.50',
          Requested_Delivery_Date => '2026-11-25', lines => [],
          Worktags_Reference => 4120 } ] }, 'with its line');

ok(deliver(requisition 'M5', 'R-1', 'CA'), 'M5 is stored');
drained;
is(dead->{'R-1'}{reason}, 'rejected', 'a cancellation is a dead letter');


# the invoice of a supplier, and one of ours

ErpTest::send_message('/invoice', 'i1', invoice 'I-1', 'supplier');
ErpTest::send_message('/invoice', 'i2', invoice 'I-2', 'customer');
drained;

is_deeply(posted('Invoice'), ['I-1'], 'the invoice of a supplier');
is($erp->call('document', 'Invoice', 'I-1')->{lines}[0]{Extended_Amount},
   '90.00', 'with its line');
is(scalar(values %{ dead() }), 3, 'not one of ours');


# what Workday refuses: a Fault with 500 is a dead letter at once

charged 'B1', 'U-1', '10.00', 1, unit => '4E', visit => 'V-2';
charged 'B2', 'U-2', '10.00', 1, unit => 'XX', visit => 'V-3';
drained;

$letter = dead->{'U-2'};
is($letter->{reason}, 'rejected', 'a wrong cost center: a dead letter');
is($letter->{code}, 'SOAP-ENV:Client.validationError', 'with the code');
like($letter->{error},
     qr{^Invalid\ ID\ value\.\ '9999'\ is\ not\ a\ valid\ ID\ value\ for
        \ type\ =\ 'Cost_Center_Reference_ID':\ .*:\ /wd:Request\[1\]$}x,
     'the message, and where it is');
is(scalar(attempts('U-2')), 1, 'after one attempt');
is(submitted('U-2'), 1, 'sent once');


# that which is Workday's own, and a plain 503, are tried again

$erp->next($journal, Workday->fault('SOAP-ENV:Server.processingError',
    'Processing error occurred.', '<wd:Processing_Fault/>'));
charged 'C1', 'V-1', '10.00', 1, visit => 'V-4';
drained;
is(submitted('V-1'), 2, 'a processing error: tried again');
is(scalar(attempts('V-1')), 2, 'in another attempt');

$erp->next($journal, { status => 503, header => ['Retry-After: 1'],
                       body => 'Workday is being updated' });
charged 'C2', 'V-2', '10.00', 1, visit => 'V-4';
drained;
is(submitted('V-2'), 2, 'an update: tried again');
is_deeply([grep { /^V/ } @{ posted('Journal') }], ['V-1', 'V-2'],
          'both are posted');


# no answer: it is sent again, refused by its ID, and found

$erp->next($journal, 'lost');
charged 'D1', 'W-1', '10.00', 1, visit => 'V-5';
drained;

is_deeply([map { $_->{body} =~ /:(\w+_Request) / ? $1 : '?' }
               grep { $_->{body} =~ />W-1</ } $erp->journal($journal)],
          ['Submit_Accounting_Journal_Request',
           'Submit_Accounting_Journal_Request', 'Get_Journals_Request'],
          'a lost answer: sent again, and looked for');
is(scalar(grep { $_ eq 'W-1' } @{ posted('Journal') }), 1, 'posted once');
ok(!dead->{'W-1'}, 'no dead letter');

# the same charge in another message

charged 'D2', 'W-1', '10.00', 1, visit => 'V-5';
drained;
is(scalar(grep { $_ eq 'W-1' } @{ posted('Journal') }), 1,
   'the same charge: posted once');
ok(!dead->{'W-1'}, 'and no dead letter');


# a wrong password is no fault of what is sent

$erp->set(password => 'another one');
charged 'E1', 'X-1', '10.00', 1, visit => 'V-6';

wait_for { $ngx->log =~ /to "\/erp\/workday\/journal".*down, status 401/ }
         'the refusal';

ok(!dead->{'X-1'}, 'a wrong password: no dead letter');
is((sql "SELECT max(d.attempts) FROM delivery d JOIN body b
            ON b.id = d.body WHERE b.key = 'X-1'")[0], 0,
   'no attempt is used up');
$erp->set(%known);
drained;
ok((grep { $_ eq 'X-1' } @{ posted('Journal') }), 'then it is posted');


# down, and back

$erp->down;
charged 'F1', 'Y-1', '10.00', 1, visit => 'V-7';
wait_for { $ngx->log =~ /to "\/erp\/workday\/journal".*down, status connect/ }
         'the refusal';
$erp->up;
drained;
is(submitted('Y-1'), 1, 'down and back: sent when it can be');


# no more than a tenant takes: of 12 the last one waits for more than a second

my $start = time;

charged "G$_", "Z-$_", '10.00', 1, visit => "V-$_" for 20 .. 31;
drained;

my @many = grep { $_->{body} =~ />Z-\d+</ } $erp->journal($journal);

is(scalar(@many), 12, 'many: all are sent');
cmp_ok($many[-1]{at} - $start, '>', 1, 'in their time');

$ngx->stop;
$erp->stop;
done_testing();


sub requisition {
    my ($id, $number, $control) = @_;

    return join "\n",
        "MSH|^~\\&|OR|GHH|HIE|GHH|20261121100000||OMS^O05|$id|P|2.5",
        "ORC|$control|$number", 'RQD|1|GLOVE-M|||20|BX|4120||OR|20261125',
        'RQ1|4.50|||S-100';
}


sub invoice {
    my ($id, $direction) = @_;

    return encode_json({ type => 'invoice', map => 'ap@1', key => $id,
        invoice_id => $id, direction => $direction, party => 'S-100',
        date => '2026-11-20', due => '2026-12-20', currency => 'USD',
        total => { value => '90.00', currency => 'USD' },
        lines => [{ line => 1, item_id => 'GLOVE-M', quantity => '20',
                    amount => { value => '90.00', currency => 'USD' },
                    cost_center => '4120' }] });
}


sub posted {
    return $erp->call('documents', @_);
}


sub submitted {
    my ($id) = @_;

    return scalar grep { $_->{body} =~ /<wd:Submit_.*>\Q$id\E</ }
                       $erp->journal($journal);
}
