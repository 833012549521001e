# SAP S/4HANA, by conf/destinations/sap.conf as it is shipped: supply usage
# becomes goods issues, orders become requisitions, each of them once.  SAP is
# a stand-in, see t/lib/Sap.pm.

use strict;
use warnings;

use lib 't/lib';
use POSIX 'strftime';
use Test::More;
use DestTest;
use Sap;

sub order;
sub curl;

my $erp = Sap->start("$Mllp::Prefix-sap", user => 'HIE:s3cret',
                     host => 's4.example',
                     stock => { map { ("IMP-$_" => 10) } 1 .. 30 });

my $ngx = DestTest->start('sap', workers => 1,
                          ports => { 44300 => $erp->port },
                          keys => { 'sap.pw' => 's3cret' },
                          flows => <<'EOF');
location /hl7/DFT/ {
    canonical_request dft_supply_usage;
    erp_send /erp/sap/usage order_by=$canonical_item_id;
}

location /hl7/OMS/ {
    canonical_request oms_requisition;
    erp_send /erp/sap/requisition order_by=$canonical_po_id;
}

location /hl7/ { return 404; }
EOF

my $post = qr/^POST /;
my $service = '/sap/opu/odata/sap/API_MATERIAL_DOCUMENT_SRV';
my $nothing = { status => 200, body => '{"d":{"results":[]}}',
                header => ['Content-Type: application/json'] };
my (@sent, $n);


# what the stand-in is strict about

like(curl('-I', "$service/"), qr/ 501 /, 'stand-in: no HEAD');
like(curl('-H', 'x-csrf-token: t', '-d', '{}', "$service/A_X"),
     qr/ 403 .*x-csrf-token: Required/s, 'stand-in: no token');

my @pair = map { [curl('-H', 'x-csrf-token: Fetch', "$service/")
                  =~ /^x-csrf-token: (\S+)|^Set-Cookie: ([^;]+)/mg] } 1, 2;

@pair = map { [grep { defined } @$_] } @pair;

for my $case ([0, 0, '1,2', 428], [1, 1, '1,2', 428], [0, 1, '1,2', 403],
              [1, 0, '1,2', 403], [0, 0, '1', 403], [0, 0, '2', 403])
{
    my ($token, $cookie, $which, $status) = @$case;
    my @cookies = grep { /=/ } @{ $pair[$cookie] };
    my ($t) = grep { !/^(SAP|sap)/ } @{ $pair[$token] };

    like(curl('-X', 'PATCH', '-H', "x-csrf-token: $t", '-H', 'Cookie: '
              . join('; ', map { $cookies[$_ - 1] } split /,/, $which),
              "$service/A_X('1')"), qr/^HTTP\S+ $status /,
         "stand-in: token $token, cookies $which of session $cookie: $status");
}

my $before = $erp->call('sessions');


# a goods issue

usage 'M1', 'U-1', 'IMP-1', 2;
drained;

is_deeply([map { "$_->{method} $_->{path} $_->{status}" } hie($erp->journal)],
          ["GET $service/ 200", "POST $service/A_MaterialDocumentHeader 201"],
          'issue: a token, then the document');

my ($fetch, $document) = hie($erp->journal);
my $h = $document->{header};

is_deeply($document->{json}, {
    GoodsMovementCode => '03', PostingDate => '2026-11-21T00:00:00',
    DocumentDate => '2026-11-21T00:00:00', ReferenceDocument => 'U-1',
    MaterialDocumentHeaderText => 'V-1', to_MaterialDocumentItem => [{
        GoodsMovementType => '201', Material => 'IMP-1', Plant => '1010',
        StorageLocation => 'OR01', CostCenter => '4100', EntryUnit => 'EA',
        QuantityInEntryUnit => '2.000' }] }, 'issue: the document');
like($document->{body}, qr/"QuantityInEntryUnit":"2\.000"/,
     'issue: its number is a string');
is($h->{accept}, 'application/json', 'issue: JSON is asked for');
is($h->{'content-type'}, 'application/json', 'issue: and sent');
is($fetch->{header}{'x-csrf-token'}, 'Fetch', 'issue: the token is fetched');
is($fetch->{body}, '', 'issue: without a body');
like($h->{cookie}, qr/sap-usercontext=sap-client=100.*SAP_SESSIONID_S4H_100=/,
     'issue: all cookies are sent');
like($h->{requestid}, qr/^[0-9a-f]{32}$/, 'issue: RequestID');
like($h->{repeatabilitycreation}, qr/ GMT$/, 'issue: RepeatabilityCreation');
is($erp->call('on_hand', 'IMP-1'), 8, 'issue: in effect');
is_deeply([attempts 'U-1'], ['done 201'], 'issue: in one attempt');

# the same again, others, and what comes back

usage 'M1', 'U-1', 'IMP-1', 2;
usage 'M2', 'U-2', 'IMP-1', 1;
usage 'M3', 'U-2', 'IMP-1', 1, type => 'CD';
drained;

is($erp->call('on_hand', 'IMP-1'), 8, 'the same again: no other document');
is_deeply([map { my ($i) = @{ $_->{to_MaterialDocumentItem} };
                 "$_->{ReferenceDocument} $i->{GoodsMovementType}" }
               @{ $erp->call('documents') }],
          ['U-1 201', 'U-2 201', 'U-2/CD 202'],
          'issue and return: in their order');

is($erp->call('sessions') - $before, 1, 'one session');

my %seen = map { $_->{c} => 1 } hie($erp->journal);
is(scalar keys %seen, 1, 'and one connection');


# a batch, and a serial number

usage 'M5', 'U-5', 'IMP-1', 1, lot => 'L77', serial => 'S-9';
drained;

my ($item) = @{ $erp->call('documents')->[3]{to_MaterialDocumentItem} };

is($item->{Batch}, 'L77', 'a batch');
is_deeply($item->{to_SerialNumbers}, [{ SerialNumber => 'S-9' }],
          'a serial number');


# the session ends: another pair, in the same attempt

$n = $erp->call('sessions');
$erp->news;
$erp->call('expire');
usage 'M4', 'U-4', 'IMP-2', 1;
drained;

is_deeply([attempts 'U-4'], ['done 201'], 'session ended: one attempt');
@sent = hie($erp->news);
is_deeply([map { "$_->{method} $_->{status}" } @sent],
          ['POST 403', 'GET 200', 'POST 201'],
          'session ended: refused, another token, sent again');
is($sent[0]{header}{requestid}, $sent[2]{header}{requestid},
   'session ended: the same RequestID');
is($erp->call('sessions'), $n + 1, 'session ended: one more');


# its answer is lost: it is looked for, and found

$erp->news;
$erp->next($post, 'lost');
usage 'L1', 'U/10', 'IMP-3', 1;
drained;

is_deeply([attempts 'U/10'], ['unknown 2', 'done 200'],
          'lost answer: found');
@sent = grep { $_->{query} } hie($erp->news);
is($erp->call('on_hand', 'IMP-3'), 9, 'lost answer: once in effect');
is_deeply([map { Sap->query($_)->{'$filter'} } @sent],
          ["ReferenceDocument eq 'U/10'"], 'lost answer: by its reference');

# it is not found, as the index is behind: SAP knows its RequestID

$erp->next($post, 'lost');
$erp->next(qr/24filter/, $nothing);
usage 'L2', 'U-11', 'IMP-3', 1;
drained;

@sent = grep { $_->{method} eq 'POST' } hie($erp->news);
is($sent[0]{header}{requestid}, $sent[1]{header}{requestid},
   'not found: sent again, with the same RequestID');
is($sent[0]{header}{repeatabilitycreation},
   $sent[1]{header}{repeatabilitycreation}, 'not found: and the same time');
is($erp->call('on_hand', 'IMP-3'), 8, 'not found: once in effect');
is_deeply([attempts 'U-11'], ['unknown 2', 'done 201'],
          'not found: the first answer once more');

# SAP knows it, and has forgotten what it has answered: a dead letter says so

$erp->set(outdated => 1);
$erp->next($post, 'lost');
$erp->next(qr/24filter/, $nothing);
usage 'L4', 'U-13', 'IMP-13', 1;
drained;
$erp->set;

is($erp->call('on_hand', 'IMP-13'), 9, 'outdated: once in effect');
is(dead->{'U-13'}{code}, '/IWBEP/CM_COS/005', 'outdated: its code');

# the search fails: it is neither sent nor given up

$erp->next($post, 'drop');
$erp->next(qr/24filter/, { status => 400, body => 'no' });
usage 'L3', 'U-12', 'IMP-3', 1;
drained;

is($erp->call('on_hand', 'IMP-3'), 7, 'no search: once in effect');
is_deeply([attempts 'U-12'], ['unknown 2', 'retry 400', 'done 201'],
          'no search: tried again');


# too much to do: not before the time that it says

$erp->news;
$erp->next($post, { status => 429, header => ['Retry-After: 1'] });
usage 'R1', 'U-20', 'IMP-4', 1;
drained;

@sent = grep { $_->{method} eq 'POST' } hie($erp->news);
is_deeply([attempts 'U-20'], ['down 429', 'done 201'], '429: sent again');
cmp_ok($sent[1]{at} - $sent[0]{at}, '>=', 1, '429: after that many seconds');

my $date = time + 2;

$erp->next($post, { status => 429,
                    header => [strftime('Retry-After: %a, %d %b %Y'
                                        . ' %H:%M:%S GMT', gmtime $date)] });
usage 'R2', 'U-21', 'IMP-4', 1;
drained;

@sent = grep { $_->{method} eq 'POST' } hie($erp->news);
cmp_ok($sent[1]{at}, '>=', $date, '429: after that date');

for my $status (502, 503, 504) {
    $erp->next($post, { status => $status });
    usage "R$status", "U-$status", 'IMP-5', 1;
    drained;
    is_deeply([attempts "U-$status"], ["down $status", 'done 201'],
              "$status: sent again");
}

$erp->next($post, { status => 500, body => 'x' });
usage 'R3', 'U-23', 'IMP-5', 1;
drained;
is_deeply([attempts 'U-23'], ['retry 500', 'done 201'], '500: sent again');
is($erp->call('on_hand', 'IMP-5'), 6, 'each of them once in effect');


# what SAP refuses is a dead letter, with what it says

usage 'E1', 'U-30', 'IMP-6', 11;
usage 'E2', 'U-31', 'IMP-6', 1;
usage 'E3', 'U-32', 'IMP-7', 1, date => '20250101';
usage 'E4', 'U-33', 'NONE', 1;
drained;

for (['U-30', 'M7/021', qr/^Deficit of SL Unrestricted-use 1 EA : IMP-6 /],
     ['U-32', 'M7/053', qr/^Posting only possible in periods 2026\/11/],
     ['U-33', 'M3/305', qr/^The material NONE does not exist/])
{
    my ($key, $code, $message) = @$_;
    my $dead = dead->{$key};

    is($dead->{code}, $code, "$code: its code");
    like($dead->{error}, $message, "$code: its message");
    is($dead->{attempts}, 1, "$code: after one attempt");
}

is_deeply([attempts 'U-31'], [], 'what is behind it waits');

$erp->call('receive', 'IMP-6', 5);
ok(replay('U-30'), 'put right, and replayed');
drained;
is($erp->call('on_hand', 'IMP-6'), 3, 'both are in effect');

# what cannot be sent is one as well

$erp->news;
usage 'E5', 'U-' . 'x' x 20, 'IMP-8', 1;
usage 'E6', 'U 35', 'IMP-9', 1;
usage 'E7', 'U-36', 'IMP-10', 1, unit => 'CARDIOLOGY';
usage 'E8', 'U-37', 'IMP-11', '0.0001';
drained;

is_deeply([map { dead->{$_}{error} =~ s/(?<=sap_maps.conf: )\d+/LINE/r }
               'U-' . 'x' x 20, 'U 35', 'U-37'],
          ['longer than max=: sap_maps.conf: LINE: ReferenceDocument',
           'required value is missing: sap_maps.conf: LINE: ReferenceDocument',
           'more digits than the scale: sap_maps.conf: LINE: '
           . 'to_MaterialDocumentItem[].QuantityInEntryUnit'],
          'refused by the map');
is($erp->call('on_hand', 'IMP-10'), 9,
   'a location that is not in the table: the default');
is(scalar(hie($erp->news)), 1, 'nothing of the others is sent');


# the password is another one

$erp->set(user => 'HIE:other');
usage 'P1', 'U-40', 'IMP-12', 1;
wait_for { grep { $_ eq 'down 401' } attempts 'U-40' } 'the refusal';
put('sap.pw', 'other');
drained;
is($erp->call('on_hand', 'IMP-12'), 9, '401: delivered with the new password');
is((grep { $_ eq 'done 201' } attempts 'U-40'), 1, '401: once');


# requisitions

$erp->news;
order 'O1', 'PO-1', ['IMP-1', 5, 'BX', '4100'], ['IMP-2', 2, 'EA', ''];
drained;

@sent = grep { $_->{method} eq 'POST' } hie($erp->news);

is_deeply($sent[0]{json}, {
    PurchaseRequisitionType => 'NB', PurReqnDescription => 'PO-1',
    to_PurchaseReqnItem => [
        { PurchaseRequisitionItem => '1', Material => 'IMP-1',
          RequestedQuantity => '5.000', BaseUnit => 'BX', Plant => '1010',
          CompanyCode => '1010', PurchasingGroup => '001',
          Supplier => '100234', RequisitionerName => '1122334',
          DeliveryDate => '2026-12-01T00:00:00',
          AccountAssignmentCategory => 'K',
          to_PurchaseReqnAcctAssgmt => [{ CostCenter => '4100' }] },
        { PurchaseRequisitionItem => '2', Material => 'IMP-2',
          RequestedQuantity => '2.000', BaseUnit => 'EA', Plant => '1010',
          CompanyCode => '1010', PurchasingGroup => '001',
          Supplier => '100234', RequisitionerName => '1122334',
          DeliveryDate => '2026-12-01T00:00:00' }] },
    'requisition: the document');

$erp->next($post, 'lost');
order 'O2', 'PO-2', ['IMP-1', 5, 'BX', '4100'];
drained;
is((grep { $_->{PurReqnDescription} eq 'PO-2' }
         @{ $erp->call('requisitions') }), 1, 'lost answer: one requisition');

order 'O3', 'PO-1', ['IMP-1', 5, 'BX', '4100', 'CA'];
drained;
is(dead->{'PO-1'}{status}, 422, 'a cancellation is for people');
is(@{ $erp->call('requisitions') }, 2, 'and not sent');

$ngx->stop;
$erp->stop;
done_testing();


sub order {
    my ($id, @more) = @_;

    ok(deliver(oms($id, @more)), "$id is stored");
}


# of these requests, what came from the engine

sub hie {
    return grep { $_->{header}{'x-correlation-id'}
                  || ($_->{header}{'x-csrf-token'} // '') eq 'Fetch'
                     && ($_->{header}{'user-agent'} // '') !~ /curl/ }
                @_;
}


sub curl {
    my ($uri, @options) = (pop, @_);

    open my $curl, '-|', 'curl', '-si', '-m', 10, '-u', 'HIE:s3cret',
         '-H', 'Host: s4.example', '-H', 'Accept: application/json', @options,
         'http://127.0.0.1:' . $erp->port . $uri or die "curl: $!\n";

    local $/;
    return scalar <$curl>;
}
