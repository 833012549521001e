# Workday, by the example in conf/destinations and a stand-in for it: what it
# gets of HL7 messages and of an invoice, once, whatever it answers.

use strict;
use warnings;

use lib 't/lib';
use Cwd;
use File::Path;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);
use Engine;
use ErpTest qw(rows);
use Workday;

sub dft;
sub oms;
sub invoice;
sub deliver;
sub put;
sub drained;
sub dead;
sub ask;
sub posted;
sub attempts_of;
sub submitted;

$Mllp::Timeout = 60 if $Mllp::Timeout < 60;

my $conf = getcwd() . '/conf';
my $journal = '^POST .*/Financial_Management/';

my %known = (user => 'ISU_HIE@acme', password => 'Workday <pw> & 1');
mkpath("$Mllp::Prefix-erp");

my $erp = Workday->start("$Mllp::Prefix-erp", %known);

my $maps = Engine::contents("$conf/destinations/workday_maps.conf");

$maps =~ s/127\.0\.0\.1:\d+/'127.0.0.1:' . $erp->port/e
    or die "no server in workday_maps.conf\n";

my $ngx = Engine->start(
    workers => 2,
    files => {
        'keys/workday.pw' => "$known{password}\n",
        'keys/patient.key' => '0123456789abcdef',
        'schemas' => \"$conf/schemas",
        'workday.conf' => \"$conf/destinations/workday.conf",
        'workday_maps.conf' => $maps,
    },
    stream => 'server { listen 127.0.0.1:%%MLLP%%;
                        mllp_pass hie /hl7/$hl7_message_type; }',
    http => <<"EOF");
    erp_store path=%%DIR%%/store min_free=1m ballast=1m;
    canonical_key patient file=keys/patient.key id=k1;
    include $conf/maps/*.conf;
    include workday_maps.conf;

    erp_breaker consecutive=3 open=200ms max_open=500ms;

    server {
        server_name hie;
        mllp_only;

        location = /hl7/DFT {
            canonical_request dft_charge;
            erp_send /erp/workday/journal order_by=\$canonical_visit_id;
        }

        location = /hl7/OMS {
            canonical_request oms_requisition;
            erp_send /erp/workday/requisition order_by=\$canonical_po_id;
        }

        include workday.conf;
    }

    server {
        listen 127.0.0.1:%%HTTP%%;
        location = /invoice { erp_send /erp/workday/invoice; }
        location /hie/ { erp_api; }
    }
EOF

ErpTest->of($ngx);

my $mllp = $ngx->client('MLLP');
my ($letter, $request);


# a charge, a credit and a requisition

deliver 'A charge', dft 'M1', id => 'T-1', price => '1850.00', quantity => 2;
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
is(attempts_of('T-1'), 1, 'in one attempt');

deliver 'A credit', dft 'M2', id => 'T-1', type => 'CD', price => '1850.00';
drained;

is($erp->call('document', 'Journal', 'T-1/CD')->{lines}[0]{Credit_Amount},
   '1850.00', 'a credit is the other way round');

deliver 'A payment', dft 'M3', id => 'T-2', type => 'PY', visit => 'V-pay';
drained;
is(dead->{'T-2'}{reason}, 'rejected', 'a payment is a dead letter');
is(scalar($erp->journal($journal)), 2, 'which Workday never saw');

deliver 'A requisition', oms 'M4', 'R-1', 'NW';
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

deliver 'A cancellation', oms 'M5', 'R-1', 'CA';
drained;
is(dead->{'R-1'}{reason}, 'rejected', 'a cancellation is a dead letter');


# the invoice of a supplier, and one of ours

put 'i1', invoice 'I-1', 'supplier';
put 'i2', invoice 'I-2', 'customer';
drained;

is_deeply(posted('Invoice'), ['I-1'], 'the invoice of a supplier');
is($erp->call('document', 'Invoice', 'I-1')->{lines}[0]{Extended_Amount},
   '90.00', 'with its line');
is(scalar(values %{ dead() }), 3, 'not one of ours');


# what Workday refuses: a Fault with 500 is a dead letter at once

deliver 'Another account', dft 'B1', id => 'U-1', unit => '4E',
                           visit => 'V-2';
deliver 'A wrong center', dft 'B2', id => 'U-2', unit => 'XX', visit => 'V-3';
drained;

$letter = dead->{'U-2'};
is($letter->{reason}, 'rejected', 'a wrong cost center: a dead letter');
is($letter->{code}, 'SOAP-ENV:Client.validationError', 'with the code');
like($letter->{error},
     qr{^Invalid\ ID\ value\.\ '9999'\ is\ not\ a\ valid\ ID\ value\ for
        \ type\ =\ 'Cost_Center_Reference_ID':\ .*:\ /wd:Request\[1\]$}x,
     'the message, and where it is');
is(attempts_of('U-2'), 1, 'after one attempt');
is(submitted('U-2'), 1, 'sent once');


# that which is Workday's own, and a plain 503, are tried again

$erp->next($journal, Workday->fault('SOAP-ENV:Server.processingError',
    'Processing error occurred.', '<wd:Processing_Fault/>'));
deliver 'A processing error', dft 'C1', id => 'V-1', visit => 'V-4';
drained;
is(submitted('V-1'), 2, 'a processing error: tried again');
is(attempts_of('V-1'), 2, 'in another attempt');

$erp->next($journal, { status => 503, header => ['Retry-After: 1'],
                       body => 'Workday is being updated' });
deliver 'An update', dft 'C2', id => 'V-2', visit => 'V-4';
drained;
is(submitted('V-2'), 2, 'an update: tried again');
is_deeply([grep { /^V/ } @{ posted('Journal') }], ['V-1', 'V-2'],
          'both are posted');


# no answer: it is sent again, refused by its ID, and found

$erp->next($journal, 'lost');
deliver 'A lost answer', dft 'D1', id => 'W-1', visit => 'V-5';
drained;

is_deeply([map { $_->{body} =~ /:(\w+_Request) / ? $1 : '?' }
               grep { $_->{body} =~ />W-1</ } $erp->journal($journal)],
          ['Submit_Accounting_Journal_Request',
           'Submit_Accounting_Journal_Request', 'Get_Journals_Request'],
          'a lost answer: sent again, and looked for');
is(scalar(grep { $_ eq 'W-1' } @{ posted('Journal') }), 1, 'posted once');
ok(!dead->{'W-1'}, 'no dead letter');

# the same charge in another message

deliver 'The same charge', dft 'D2', id => 'W-1', visit => 'V-5';
drained;
is(scalar(grep { $_ eq 'W-1' } @{ posted('Journal') }), 1,
   'the same charge: posted once');
ok(!dead->{'W-1'}, 'and no dead letter');


# a wrong password is no fault of what is sent

$erp->set(password => 'another one');
deliver 'A wrong password', dft 'E1', id => 'X-1', visit => 'V-6';

wait_for { $ngx->log =~ /to "\/erp\/workday\/journal".*down, status 401/ }
         'the refusal';

ok(!dead->{'X-1'}, 'a wrong password: no dead letter');
is((rows("SELECT max(d.attempts) AS n FROM delivery d JOIN body b
            ON b.id = d.body WHERE b.key = 'X-1'"))[0]{n}, 0,
   'no attempt is used up');
$erp->set(%known);
drained;
ok((grep { $_ eq 'X-1' } @{ posted('Journal') }), 'then it is posted');


# down, and back

$erp->down;
deliver 'Nobody there', dft 'F1', id => 'Y-1', visit => 'V-7';
wait_for { $ngx->log =~ /to "\/erp\/workday\/journal".*down, status connect/ }
         'the refusal';
$erp->up;
drained;
is(submitted('Y-1'), 1, 'down and back: sent when it can be');


# no more than a tenant takes: of 12 the last one waits for more than a second

my $start = time;

deliver "Many: $_", dft "G$_", id => "Z-$_", visit => "V-$_" for 20 .. 31;
drained;

my @many = grep { $_->{body} =~ />Z-\d+</ } $erp->journal($journal);

is(scalar(@many), 12, 'many: all are sent');
cmp_ok($many[-1]{at} - $start, '>', 1, 'in their time');

$mllp->close;
$ngx->stop;
$erp->stop;
done_testing();


sub dft {
    my ($id, %charge) = @_;
    my %c = (price => '10.00', quantity => 1, type => 'CG', visit => 'V-1',
             unit => 'OR', %charge);
    my @f = ('') x 35;

    @f[1, 2, 4, 6, 7, 10, 12, 13] =
        (1, $c{id}, '20261121', $c{type}, 'X^Service \\T\\ care',
         $c{quantity}, $c{price}, $c{unit});

    return join "\n",
        "MSH|^~\\&|OR|GHH|HIE|GHH|20261121100000||DFT^P03|$id|P|2.5",
        'PID|1||4711^^^GHH^MR||EVERYWOMAN^EVE',
        'PV1|1|I|OR' . '|' x 16 . $c{visit}, join '|', 'FT1', @f[1 .. 34];
}


sub oms {
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


sub deliver {
    my ($name, $text) = @_;

    $mllp->send($text);
    is(field($mllp->read, 'MSA-1'), 'AA', "$name is stored");
}


sub put {
    my ($id, $text) = @_;

    ErpTest::send_message('/invoice', $id, $text);
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
    return { map { $_->{object_key} || $_->{id} => $_ }
             @{ ask('/dead-letters?detail=1')->{dead_letters} } };
}


sub ask {
    my ($uri) = @_;
    my (undef, $body) = split /\r\n\r\n/, $ngx->get('HTTP', "/hie/v1$uri"), 2;

    return decode_json($body);
}


sub posted {
    return $erp->call('documents', @_);
}


sub attempts_of {
    my ($key) = @_;

    return ErpTest::number("attempt WHERE delivery IN (SELECT d.id
        FROM delivery d JOIN body b ON b.id = d.body WHERE b.key = '$key')");
}


sub submitted {
    my ($id) = @_;

    return scalar grep { $_->{body} =~ /<wd:Submit_.*>\Q$id\E</ }
                       $erp->journal($journal);
}
