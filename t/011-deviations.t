use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;

# What senders do against the letter, each by its word of mllp_tolerate: with
# the word alone it is accepted, without it is not; both ways it is in the log
# with name, count, offset and client.  What cannot be a message never gets a
# positive answer, whatever is tolerated.

sub msh;
sub message;
sub answers;
sub deviation;

# word => bytes, where "@" is the offset that is logged, and stands for
# nothing; how often; which message has it in $hl7_deviations; the answers
# with the word and without it, "close" where the engine closes then.

my $m1 = message 'M1';
my $m2 = message 'M2';

my @cases = (
    lf_segments => "\x0b" . msh('M1') . '@' . "\nPID|1\n\x1c\r", 2, 'M1',
        'AA M1', 'AE M1',
    lf_segments => "\x0b" . msh('M1') . "\r" . '@' . "\nPID|1\r\n\x1c\r", 2,
        'M1', 'AA M1', 'AE M1',
    empty_segments => "\x0b" . msh('M1') . "\r" . '@' . "\r\rPID|1\r\x1c\r", 2,
        'M1', 'AA M1', 'AE M1',
    empty_segments => "\x0b" . msh('M1') . "\rPID|1\r" . '@' . "\r\x1c\r", 1,
        'M1', 'AA M1', 'AE M1',
    no_final_cr => "\x0b" . msh('M1') . "\rPID|1" . '@' . "\x1c\r", 1, 'M1',
        'AA M1', 'AE M1',
    no_final_cr => "\x0b" . msh('M1') . '@' . "\x1c\r", 1, 'M1',
        'AA M1', 'AE M1',
    short_delimiters => "\x0bMSH|" . '@' . "^~|A|B|C|D|2026||ADT^A01|M1|P|2.5"
        . "\r\x1c\r", 1, 'M1', 'AA M1', 'AE M1',
    short_delimiters => "\x0bMSH|" . '@' . "|A|B|C|D|2026||ADT^A01|M1|P|2.5"
        . "\r\x1c\r", 1, 'M1', 'AA M1', 'AE M1',
    bom => "\x0b" . '@' . "\xef\xbb\xbf" . substr($m1, 1), 1, 'M1',
        'AA M1', 'AE M1',

    lf_after_fs => "$m1" . '@' . "\n$m2", 1, 'M2',
        'AA M1, AA M2', 'AA M1, close',
    junk_between => '@' . "\0\0$m1", 1, 'M1', 'AA M1', 'close',
    junk_between => "$m1" . '@' . " text \r\n\0$m2\0$m1", 1, 'M2',
        'AA M1, AA M2, AA M1', 'AA M1, close',
    vt_in_data => "\x0b" . msh('M1') . "\rPID|1" . '@' . $m2, 1, 'M2',
        'AA M2', 'AR M1, close',
    vt_in_data => "\x0b" . msh('M1') . "\rPID|" . '@' . "\x0bPID|1\r$m2", 2,
        'M2', 'AA M2', 'AR M1, close',
    double_frame => "\x0b" . '@' . $m1, 1, 'M1', 'AA M1', 'close',
    double_frame => $m1 . '@' . "\x1c\r\x1c\r$m2", 2, 'M2',
        'AA M1, AA M2', 'AA M1, close',

    fs_only => substr($m1, 0, -2) . '@' . "\x1c" . $m2, 1, 'M2',
        'AA M1, AA M2', 'AR M1, AA M2',
    fs_in_data => "\x0b" . msh('M1') . "\rPID|" . '@' . "\x1c" . "1\r\x1c\r$m2",
        1, 'M1', 'AA M1, AA M2', 'AR M1, AA M2',
    fs_in_data => "\x0b" . msh('M1') . "\rPID|" . '@' . "\x1c\x1c" . "1\r"
        . "\x1c\r", 2, 'M1', 'AA M1', 'AR M1',
    no_vt => '@' . substr($m1, 1), 1, 'M1', 'AA M1', 'close',
    no_vt => $m1 . '@' . substr($m2, 1), 1, 'M2',
        'AA M1, AA M2', 'AA M1, close',
    multi_msh => "\x0b" . msh('M1') . "\rPID|1\r" . '@' . msh('M2')
        . "\rPID|2\r\x1c\r", 1, 'M1', 'AA M1, AA M2', 'AE M1',
    damaged_start => "\x0b" . '@' . "SH|^~\r\n" . substr($m1, 1), 1, 'M1',
        'AA M1', 'AE M1',
);

# the word that the log has when FS alone is not tolerated
my %refused_as = (fs_only => 'fs_in_data');

# never tolerated
my @never = (
    utf16 => "\x0b" . '@' . join('', map { "$_\0" } split //, msh 'M1')
        . "\r\0\x1c\r", 'AR ',
    utf16 => "\x0b" . '@' . "\xfe\xff" . join('', map { "\0$_" } split //,
        msh 'M1') . "\0\r\x1c\r", 'AR ',
    empty_frame => "\x0b" . '@' . "\x1c\r", 'AE ',
    too_large => "\x0b" . msh('M1') . "\r" . ('x' x (1999 - length msh 'M1'))
        . '@' . "x\x1c\r", 'AR M1, close',
    too_much_junk => ('x' x 100) . '@' . 'x', 'close',
    tls => '@' . "\x16\x03\x01\x02", 'close',
    http => '@' . "GET / HTTP/1.1\r\nHost: example\r\n\r\n", 'close',
);

my @words = do { my %seen; grep { /^[a-z]\w+$/ && !$seen{$_}++ }
                           map { $cases[$_ * 6] } 0 .. $#cases / 6 };
my @default = qw(lf_segments empty_segments no_final_cr lf_after_fs
                 junk_between vt_in_data double_frame short_delimiters bom);

my $servers = join '', map { "server { listen 127.0.0.1:%%\U$_->[0]%%;"
                             . " mllp_tolerate $_->[1]; mllp_pass hie /; }\n" }
                       (map { [$_, $_] } @words, 'none'),
                       ['all1', join ' ', grep { $_ ne 'fs_only' } @words],
                       ['all2', join ' ', grep { $_ ne 'fs_in_data' } @words];

my $ngx = Engine->start(stream => <<"EOS", http => <<'EOH');
    mllp_max_size 2000;
    mllp_max_junk 100;

    $servers

    server { listen 127.0.0.1:%%DEFAULT%%; mllp_pass hie /; }
    server {
        listen 127.0.0.1:%%MORE%%;
        mllp_tolerate default no_vt;
        mllp_pass hie /;
    }
EOS
    log_format deviations '$hl7_control_id "$hl7_deviations"';

    server {
        server_name hie;
        mllp_only;
        access_log logs/access.log deviations;
        location / { return 200; }
    }
EOH

my ($c, %default, $n);

@default{@default} = ();

while (my ($word, $bytes, $count, $id, $with, $without) = splice @cases, 0, 6)
{
    my $offset = index $bytes, '@';
    my $name = "$word, case " . ++$n;

    $bytes =~ s/@//;

    my ($log, $access) = answers "\U$word", $bytes, $with, $name;
    deviation $log, $word, $count, $offset, $name;
    like($access, qr/^$id "$word"$/m, "$name in \$hl7_deviations");

    my $refused_as = $refused_as{$word} // $word;

    ($log, $access) = answers 'NONE', $bytes, $without, "$name refused";
    like($log, qr/MLLP\ deviations:\ .*\b$refused_as\ x\d+\ at\ byte\ $offset
                  [ ,].*client:\ 127\.0\.0\.1/x, "$name refused, logged");
    like($log, qr/frame refused|sent no MLLP/, "$name refused, said so");

    answers 'DEFAULT', $bytes, exists $default{$word} ? $with : $without,
            "$name by default";
}

while (my ($word, $bytes, $want) = splice @never, 0, 3) {
    my $offset = index $bytes, '@';

    $bytes =~ s/@//;

    for my $listener (qw(NONE ALL1 ALL2)) {

        # to a listener that takes no junk, all of it is too much
        next if $word eq 'too_much_junk' && $listener eq 'NONE';

        my ($log) = answers $listener, $bytes, $want, "$word, $listener";
        like($log, qr/deviations:\ .*\b$word\ x1\ at\ byte\ $offset[ ,]
                      .*client:\ 127/x, "$word, $listener, logged");
    }
}


# a list has the words of the default with others

answers 'MORE', substr($m1, 1) . "\n" . $m2, 'AA M1, AA M2', 'default no_vt';


# once is a warning, for each kind and connection

$c = $ngx->client('DEFAULT');
my $seen = length $ngx->log;

for my $content ("L1\n", "L2\n", "L3\n\nPID|1\r", "L4\n\nPID|1\r") {
    my ($id, $rest) = $content =~ /(..)(.*)/s;

    $c->write("\x0b" . msh($id) . "$rest\x1c\r");
    $c->read;
}

my @lines = substr($ngx->log, $seen)
                =~ /\[(\w+)\] .*MLLP deviations: (.*) while/g;
is_deeply(\@lines, [
    warn => 'lf_segments x1 at byte 59',
    info => 'lf_segments x1 at byte 121',
    warn => 'lf_segments x2 at byte 183, empty_segments x1 at byte 184',
    info => 'lf_segments x2 at byte 252, empty_segments x1 at byte 253'
], 'each kind is a warning once') or diag explain \@lines;

my ($log) = answers 'DEFAULT', "\x0b" . msh('L5') . "\n\x1c\r", 'AA L5',
                    'another connection';
like($log, qr/\[warn\] .*lf_segments x1/, 'is another sender');


# whatever is tolerated: what cannot be a message is not accepted

my @none = (
    '', "\r", "\n", "\0", "\x06\x06", 'x', 'MSH', "MSH\r", 'MSH|', 'MSHx|',
    "MSH\x1b^~\\&|A|B|C|D|2026||ADT^A01|N|P|2.5\r", "PID|1\r", "ZSH|^~\\&\r",
    "MSHA^~\\&AXABACADA2026AAADT^A01ANAPA2.5\r",
    "MSH|^^\\&|A|B|C|D|2026||ADT^A01|N|P|2.5\r",
    "MSH|^~\\&|A|B|C|D|2026||ADT^A01||P|2.5\rPID|1\r",
    "MSH|^~\\&|A|B|C|D|2026||ADT^A01|\"\"|P|2.5\rPID|1\r",
    "MSH|^~\\&|A|B|C|D|2026|||N|P|2.5\rPID|1\r",
    "MSH|^~\\&|A|B|C|D|2026||^A01|N|P|2.5\rPID|1\r",
    "MSH|^~\\&|A|B|C|D|2026||../x|N|P|2.5\rPID|1\r",
    "FHS\r", 'BHS', "BHS|^~\\&\rPID|1\rBTS|0\r", "BTS|1\r",
    "BHS|^~\\&\r" . msh('N') . "\rBTS|1\rPID|1\r",
    "\xff\xfe" . join('', map { "$_\0" } split //, msh('N') . "\r"),
);

for my $listener (qw(DEFAULT NONE ALL1 ALL2)) {
    my @positive;

    for my $content (@none) {
        $c = $ngx->client($listener);
        $c->write("\x0b$content\x1c\r");
        $c->half_close;

        while (my $ack = $c->read) {
            push @positive, [$content, $ack] if $ack =~ /^MSA\|[AC]A/m;
        }
    }

    is_deeply(\@positive, [], "no message is accepted: $listener");
}

my @positive;

for my $listener (qw(DEFAULT ALL1)) {
    for my $length (0 .. length($m1) - 1) {
        $c = $ngx->client($listener);
        $c->write(substr $m1, 0, $length);
        $c->half_close;

        while (my $ack = $c->read) {
            push @positive, [$length, $ack] if $ack !~ /^MSA\|[AC][ER]/m;
        }
    }
}

is_deeply(\@positive, [], 'nor is the beginning of one');


# FS in a field that is repeated: no acknowledgement is cut by it

$c = $ngx->client('FS_IN_DATA');
$c->write("\x0b" . msh("M\x1c1") . "\r\x1c\r" . frame(msh('M2')));
is(field($c->read, 'MSA-2'), 'M 1', 'FS of the message is a space in its ack');
is(field($c->read, 'MSA-2'), 'M2', 'the next one begins where it should');
$c->close;

$ngx->stop;
done_testing();


sub msh {
    my ($id) = @_;

    return "MSH|^~\\&|LAB|WARD|HIE|ERP|20260301120000||ADT^A01|$id|P|2.5";
}


sub message {
    my ($id) = @_;

    return frame(msh($id), 'PID|1||4711');
}


# sends and compares what is answered; returns what was logged meanwhile

sub answers {
    my ($listener, $bytes, $want, $name) = @_;
    my @start = (length $ngx->log, length $ngx->access_log);
    my $client = $ngx->client($listener);
    my @got;

    $client->write($bytes);
    $client->half_close unless $want =~ /close/;

    while (defined(my $ack = $client->read)) {
        push @got, field($ack, 'MSA-1') . ' ' . field($ack, 'MSA-2');
    }

    push @got, 'close' if $want =~ /close/;

    is(join(', ', @got), $want, $name);

    return (substr($ngx->log, $start[0]), substr $ngx->access_log, $start[1]);
}


sub deviation {
    my ($log, $word, $count, $offset, $name) = @_;

    like($log, qr/\[warn\]\ .*MLLP\ deviations:\ $word\ x$count
                  \ at\ byte\ $offset[ ,].*client:\ 127\.0\.0\.1/x,
         "$name, logged");
}
