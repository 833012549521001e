# Dynamics 365, by conf/destinations/dynamics.conf as it is shipped: charges
# become journals of Finance & Operations, or posted lines of Business Central.
# Both are a stand-in, see t/lib/Dynamics.pm.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use DestTest;
use Dynamics;

sub journals;
sub entries;

my $client = '00000000-0000-0000-0000-000000000001';
my $erp = Dynamics->start("$Mllp::Prefix-dynamics",
    secret => { $client => 's3cr&t' }, blocked => '40190',
    hosts => { fo => 'fo.example', entra => 'login.microsoftonline.com',
               bc => 'api.businesscentral.dynamics.com' });

my $ngx = DestTest->start('dynamics',
    ports => { map { $_ => $erp->port } 44320 .. 44322 },
    keys => { 'dynamics.secret' => 's3cr&t' },
    change => sub { s/(table bc_revenue \{[^\n]*\n)/$1    4300 40190;\n/ },
    flows => <<'EOF');
location /hl7/DFT/P03 {
    canonical_request dft_charge;
    erp_send /erp/dynamics/charge order_by=$canonical_visit_id;
}

location /hl7/DFT/P11 {
    canonical_request dft_charge;
    erp_send /erp/dynamics/bc/charge order_by=$canonical_visit_id;
}

location /hl7/ { return 404; }
EOF

my $header = qr{^POST /data/LedgerJournalHeaders};
my $line = qr{^POST /data/LedgerJournalLines};
my $search = qr{^GET /data/};
my @sent;


# Finance & Operations: a journal, and its line

charged 'M1', 'C/1', '1850.50', 2;
drained;

@sent = $erp->news;
is_deeply([map { "$_->{method} $_->{path} $_->{status}" } @sent],
          ['POST /00000000-0000-0000-0000-000000000002/oauth2/v2.0/token 200',
           'POST /data/LedgerJournalHeaders 201',
           'POST /data/LedgerJournalLines 201'],
          'journal: a token, the journal, its line');
like($sent[0]{body}, qr{scope=https%3A%2F%2Ffo\.example%2F\.default}i,
     'journal: the scope of the token');
is_deeply($sent[1]{json},
          { dataAreaId => 'ghh', JournalName => 'HIE', Description => 'C/1' },
          'journal: the journal');
is_deeply($sent[2]{json}, {
    dataAreaId => 'ghh', JournalBatchNumber => '00000001',
    AccountType => 'Ledger', AccountDisplayValue => '130100--',
    OffsetAccountType => 'Ledger',
    OffsetAccountDisplayValue => '401100-4100-',
    TransDate => '2026-11-21T12:00:00Z', CurrencyCode => 'EUR',
    Text => 'Service C/1', Document => 'V-1', DebitAmount => 3701,
    CreditAmount => 0 }, 'journal: its line, with the number of the journal')
    or diag $sent[2]{body};
like($sent[2]{body}, qr/"DebitAmount":3701\.00?,/,
     'journal: an amount is a number, with its digits');
is_deeply([attempts 'C/1'], ['done 201'], 'journal: in one attempt');

charged 'M1', 'C/1', '1850.50', 2;
charged 'M2', 'C/1', '1850.50', 1, type => 'CD';
drained;

is_deeply([journals], ['C/1 3701 0', 'C/1/CD 0 1850.5'],
          'the same again, and a credit');


# answers are lost: what is there is found, and not made again

charged 'L0', 'C-10', '10.00', 1;
drained;

$erp->next($header, 'lost');
charged 'L1', 'C-11', '11.00', 1;
drained;

$erp->next($line, 'lost');
charged 'L2', 'C-12', '12.00', 1;
drained;

$erp->next($header, 'lost');
$erp->next($line, 'lost');
charged 'L3', 'C-13', '13.00', 1;
drained;

is_deeply([grep { /^C-1/ } journals],
          ['C-10 10 0', 'C-11 11 0', 'C-12 12 0', 'C-13 13 0'],
          'lost answers: each of them once');
is_deeply([attempts 'C-11'], ['unknown 2', 'done 201'],
          'lost: the journal was found, the line is made');
is_deeply([attempts 'C-12'], ['unknown 2', 'done 200'],
          'lost: the line was found');

# they never came

$erp->next($header, 'drop');
$erp->next($line, 'drop');
charged 'L4', 'C-14', '14.00', 1;
drained;
is_deeply([grep { /^C-14/ } journals], ['C-14 14 0'],
          'not found: sent again, once');

# the search fails

$erp->next($header, 'lost');
$erp->next($search, { status => 400, body => 'x' }, { status => 503 });
charged 'L5', 'C-15', '15.00', 1;
drained;
is_deeply([grep { /^C-15/ } journals], ['C-15 15 0'],
          'no search: neither sent nor given up');


# too much to do

$erp->news;
$erp->next($line, { status => 429, header => ['Retry-After: 1'] });
charged 'R1', 'C-20', '20.00', 1;
drained;

@sent = grep { $_->{method} eq 'POST' } $erp->news;
is_deeply([map { "$_->{path} $_->{status}" } @sent],
          ['/data/LedgerJournalHeaders 201', '/data/LedgerJournalLines 429',
           '/data/LedgerJournalLines 201'], '429: goes on with the line');
cmp_ok($sent[2]{at} - $sent[1]{at}, '>=', 1, '429: after that many seconds');


# the token has ended

$erp->call('forget_tokens');
charged 'T1', 'C-21', '21.00', 1;
drained;
is_deeply([attempts 'C-21'], ['done 201'], 'no token: in the same attempt');


# what is refused is a dead letter, with what is said inside

charged 'E1', 'C-30', '30.00', 1, unit => '4E', visit => 'V-2';
charged 'E2', 'C-31', '0.00', 1, visit => 'V-3';
charged 'E3', 'C-32', '32.00', 1, visit => 'V-4', type => 'PY';
charged 'E4', 'C-33', '33.00', 1, visit => 'V-5', unit => 'CARDIOLOGY';
charged 'E5', 'C-' . 'x' x 60, '34.00', 1, visit => 'V-6';
charged 'E6', "C'35", '35.00', 1, visit => 'V-7';
drained;

like(dead->{'C-30'}{error},
     qr/^Write failed .*'LedgerJournalLineEntity'.* 401100-4120- is not valid/,
     'refused: its message');
is(dead->{'C-30'}{attempts}, 1, 'refused: after one attempt');
like(dead->{'C-31'}{error}, qr/specify an amount/, 'no amount: refused');
ok(dead->{$_}, "$_: not sent") for 'C-32', 'C-33', 'C-' . 'x' x 60, "C'35";

# a draft is there: a replay goes on with its line

$erp->set(valid => '401100-4120-');
ok(replay('C-30'), 'put right, and replayed');
drained;
is((grep { /^C-32/ } journals), 0, 'a payment: no journal');
is((grep { /^C-30/ } journals), 1, 'replayed: there is no second journal');
is((attempts 'C-30')[-1], 'done 201', 'replayed: delivered');


# Business Central: a line, and the journal is posted

$erp->news;
charged 'B1', 'B/1', '1850.50', 2, event => 'P11';
drained;

@sent = $erp->news;
is_deeply([map { "$_->{method} $_->{status} "
                 . $_->{path} =~ s/.*journals\([0-9a-f-]+\)//r }
               grep { $_->{path} !~ /token/ } @sent],
          ['POST 201 /journalLines', 'POST 204 /Microsoft.NAV.post'],
          'posted: a line, and the journal');
like((grep { $_->{path} =~ /token/ } @sent)[0]{body},
     qr/scope=https.*businesscentral/, 'posted: another scope');
is_deeply($sent[-2]{json}, {
    accountType => 'G/L Account', accountNumber => '40100',
    postingDate => '2026-11-21', documentNumber => 'B/1',
    externalDocumentNumber => 'V-1', description => 'Service B/1',
    amount => -3701 }, 'posted: the line') or diag $sent[-2]{body};
is($sent[-1]{body}, '', 'posted: the action has no body');
is($sent[-1]{header}{'content-length'}, '0', 'posted: and says so');
is_deeply([attempts 'B/1'], ['done 204'], 'posted: in one attempt');

charged 'B2', 'B/1', '1850.50', 1, event => 'P11', type => 'CD';
drained;
is_deeply([entries], ['B/1 -3701', 'B/1/CD 1850.5'], 'posted: and a credit');

# answers are lost

my $post = qr/Microsoft\.NAV\.post$/;

$erp->next(qr{^POST .*journalLines$}, 'lost');
charged 'B3', 'B-3', '3.00', 1, event => 'P11';
drained;
$erp->next($post, 'lost');
charged 'B4', 'B-4', '4.00', 1, event => 'P11';
drained;
$erp->next($post, 'drop');
charged 'B5', 'B-5', '5.00', 1, event => 'P11';
drained;

is_deeply([grep { /^B-/ } entries], ['B-3 -3', 'B-4 -4', 'B-5 -5'],
          'lost answers: each of them once');
is_deeply([attempts 'B-4'], ['unknown 2', 'done 200'],
          'lost: the entry was found');

# without Retry-After the back-off counts

$erp->next($post, { status => 429 }, { status => 504 });
charged 'B6', 'B-6', '6.00', 1, event => 'P11';
drained;
is_deeply([attempts 'B-6'], ['down 429', 'down 504', 'done 204'],
          '429 and 504: goes on with the action');

# too long is refused before it is sent: half of it would not be found

$erp->news;
charged 'B7', 'B-' . '7' x 20, '7.00', 1, event => 'P11', visit => 'V-7';
charged 'B8', 'B-8', '8.00', 1, event => 'P11', visit => 'V' x 21;
charged 'B9', 'B-9', '9.00', 1, event => 'P11', visit => 'V-9', type => 'PY';
drained;
ok(dead->{$_}, "$_: not sent") for 'B-' . '7' x 20, 'B-8', 'B-9';
is(scalar($erp->news), 0, 'nothing of them is sent');

# an account that is blocked: its line is there, and cannot be posted, nor can
# what comes behind it

charged 'BA', 'B-10', '10.00', 1, event => 'P11', visit => 'V-10',
        unit => 'RAD-1';
drained;
charged 'BB', 'B-11', '11.00', 1, event => 'P11', visit => 'V-11';
drained;

for (qw(B-10 B-11)) {
    is(dead->{$_}{code}, 'Application_DialogException', "$_: its code");
    like(dead->{$_}{error}, qr/^Blocked must be equal to 'No'/,
         "$_: its message");
}

$erp->call('mend', '40100');
ok(replay('B-11'), 'mended, and the second one replayed');
drained;
ok(replay('B-10'), 'and the first one');
drained;

is_deeply([grep { /^B-1/ } entries], ['B-10 -10', 'B-11 -11'],
          'mended: each of them once');
is(@{ $erp->call('lines') }, 0, 'mended: nothing is left in the journal');

$ngx->stop;
$erp->stop;
done_testing();


sub journals {
    return map {
        my ($n, @lines) = ($_->{Description}, @{ $_->{lines} });

        @lines ? map { join ' ', $n, $_->{DebitAmount} + 0,
                                 $_->{CreditAmount} + 0 } @lines
               : "$n empty";
    } @{ $erp->call('journals') };
}


sub entries {
    return map { "$_->{documentNumber} " . ($_->{amount} + 0) }
               @{ $erp->call('entries') };
}
