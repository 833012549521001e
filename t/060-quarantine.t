use lib 't/lib';
use strict;
use warnings;
use Fcntl qw(:DEFAULT :flock :mode);
use Test::More;
use Engine;

# What cannot be parsed is kept, byte for byte, in a file of its own.  The
# threads take a lock of the directory: a test that holds it has writes under
# way for as long as it likes.

sub files;
sub kept;
sub content;
sub logged;
sub hold;
sub refused;

my $ngx = Engine->start(stream => <<'EOF', http => <<'EOF2');
    mllp_quarantine quarantine/;
    mllp_tolerate no_final_cr;

    server { listen 127.0.0.1:%%STRICT%%; mllp_pass hie /hl7/; }

    server {
        listen 127.0.0.1:%%FRAGMENT%%;
        mllp_pass hie /hl7/;
        mllp_tolerate vt_in_data;
    }

    server {
        listen 127.0.0.1:%%BOUNDS%%;
        mllp_pass hie /hl7/;
        mllp_max_size 1k;
        mllp_read_timeout 50ms;
    }

    server {
        listen 127.0.0.1:%%OFF%%;
        mllp_pass hie /hl7/;
        mllp_quarantine off;
    }

    server {
        listen 127.0.0.1:%%SMALL%%;
        mllp_pass hie /hl7/;
        mllp_quarantine small max=3;
    }

    server {
        listen 127.0.0.1:%%HELD%%;
        mllp_pass hie /hl7/;
        mllp_quarantine %%DIR%%/held/;
    }
EOF
    server { server_name hie; mllp_only; location /hl7/ { return 200; } }
EOF2

my $dir = $ngx->dir;
my ($pid) = $ngx->workers;
my $message = hl7('ADT^A01', 'ID', 'PID|1||SECRET');
my ($c, $lock, $mode, @files, @old);

(my $damaged = "??$message\r") =~ s/\n/\r/g;


# the reasons

$mode = (stat "$dir/quarantine")[2];
is(S_IMODE($mode), 0700, 'the directory is made, for its owner only');

$c = $ngx->client('FRAGMENT');
$c->write("\x0bMSH|^~\\&|SECRET" . frame(hl7('ADT^A01', 'M1')));
is(field($c->read, 'MSA-2'), 'M1', 'the message after a fragment is taken');

logged qr/15 bytes in "\S+-vt_in_data\.hl7"/;
@files = files 'quarantine';
is(@files, 1, 'a fragment makes one file');
like($files[0], qr/^\d{8}T\d{6}\.\d{3}-$pid-\d+-0-vt_in_data\.hl7$/, 'its name');
is(content("quarantine/$files[0]"), "MSH|^~\\&|SECRET", 'its bytes');

$mode = (stat "$dir/quarantine/$files[0]")[2];
is(S_IMODE($mode), 0600, 'it is for its owner only');
like($ngx->log, qr/\[warn\] .* \*\d+ mllp quarantine: 15 bytes in "$files[0]"$/m,
     'its name is in the log');

is(refused('STRICT', "\x0bMSH|^~\\&|A\x0b"), 'vt_in_data:MSH|^~\&|A',
   'a fragment that is refused');
is(refused('STRICT', "\x0b$damaged\x1c\r"), "damaged_start:$damaged",
   'a damaged start');
is(refused('STRICT', "\x0bhello\x1c\r"), 'damaged_start:hello', 'no HL7');
is(refused('STRICT', "\x0bM\0S\0H\0|\0\r\0\x1c\r"), "utf16:M\0S\0H\0|\0\r\0",
   'UTF-16, with zeros');
is(refused('STRICT', "\x0bMSH|^~\\&|B\rPID|"), "unreadable:MSH|^~\\&|B\rPID|",
   'a connection that ends inside a frame');
is(refused('BOUNDS', "\x0bMSH|^~\\&|C", 1), 'unreadable:MSH|^~\&|C',
   'a sender that falls silent inside a frame');
is(refused('BOUNDS', "\x0b" . 'x' x 1025), 'too_large:' . 'x' x 1024,
   'the allowed part of what is too large');


# none, off

@files = files 'quarantine';

for my $name ('STRICT', 'OFF') {
    $c = $ngx->client($name);
    $c->write($name eq 'OFF' ? "\x0b$damaged\x1c\r" : "\x0b\x1c\r");
    $c->half_close;
    1 while defined $c->read;
}


# max

$c = $ngx->client('SMALL');
$c->write("\x0b$damaged\x1c\r");
wait_for { kept('small') == 1 } 'the first file';

open my $note, '>', "$dir/small/note" or die "note: $!\n";

$c->write("\x0b$damaged\x1c\r" x 40);
$c->read for 1 .. 41;

logged qr/ bytes dropped, "$dir\/small" is full with 3 files/, 39;
wait_for { kept('small') == 2 } 'the second file';
is(files('small'), 3, 'no more than max files, whoever made them');
is(content("small/$_"), $damaged, 'a file in the full directory')
    for kept 'small';

unlink "$dir/small/note";
$c->write("\x0b$damaged\x1c\r");
wait_for { kept('small') == 3 } 'the third file';
pass('it goes on when an operator has made room');

unlink map { "$dir/small/$_" } files 'small';
rmdir "$dir/small";
$c->write("\x0b$damaged\x1c\r");
logged qr/\[error\] .* dropped, opendir\(\) in "$dir\/small" failed \(2: /;
pass('a directory that is gone is reported');
mkdir "$dir/small";


# writes under way

$lock = hold 'held';

$c = $ngx->client('HELD');
$c->write("\x0b$damaged\x1c\r" x 66);
is(field($c->read, 'MSA-1'), 'AE', 'a worker does not wait for the disk')
    for 1 .. 66;

logged qr/ dropped, 64 writes of \d+ bytes are under way/, 2;
is(files('held'), 0, 'nothing is written yet');

undef $lock;
wait_for { kept('held') == 64 } 'the files';
is(content("held/$_"), $damaged, 'a file that had to wait') for files 'held';


# the end of a worker

$lock = hold 'held';

$c->write("\x0bthese are the very last words\x1c\r");
$c->half_close;
1 while defined $c->read;
$c->close;

@old = $ngx->reload;
wait_for { $ngx->log =~ /$old[0]#\d+: gracefully shutting down/ } 'the reload';
unlike($ngx->log, qr/$old[0]#\d+: exiting/,
       'a worker that is to exit waits for what is under way');

undef $lock;
$ngx->wait_gone(@old);
like($ngx->log, qr/$old[0]#\d+: \*\d+ mllp quarantine: 29 bytes in/,
     'it has logged how that went');

$lock = hold 'held';

$c = $ngx->client('HELD');
$c->write("\x0bfamous last words\x1c\r" x 40);
$c->read for 1 .. 40;

($pid) = $ngx->workers;
$ngx->signal('TERM', $pid);
wait_for { $ngx->log =~ /$pid#\d+: exiting/ } 'the end of the worker';
undef $lock;
$ngx->wait_gone($pid);

is(grep({ content("held/$_") eq 'famous last words' } files 'held'), 40,
   'a worker that is terminated ends its writes');
is(kept('held'), files('held'), 'nothing temporary is left');

$ngx->stop;

is_deeply([files 'quarantine'], \@files, '"off" and an empty frame write nothing');
unlike($ngx->log, qr/SECRET/, 'no content in the log');


# a full disk: a limit of the size of files has write() fail half way as well

my $binary = $ENV{TEST_NGINX_BINARY} || 'nginx';

$ngx = Engine->start(binary => "ulimit -f 128; exec $binary",
                     stream => <<'EOF', http => <<'EOF2');
    mllp_quarantine quarantine;
    server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie /hl7/; }
EOF
    server { server_name hie; mllp_only; location /hl7/ { return 200; } }
EOF2

$c = $ngx->client('MLLP');
$c->write("\x0b" . 'x' x 200000 . "\x1c\r");
$c->half_close;
1 while defined $c->read;

logged qr/\[error\] .* 200000 bytes dropped, write\(\) in "\S+" failed \(27: /;
is(files('quarantine'), 0, 'a file that could not be written is removed');

$ngx->stop;


# the directive

for my $bad (['path max=0', qr/invalid parameter "max=0"/],
             ['path max=-1', qr/invalid parameter "max=-1"/],
             ['path size=1', qr/invalid parameter "size=1"/],
             ['""', qr/"mllp_quarantine" directive has an empty path/],
             ['off max=1', qr/directive has parameters after "off"/],
             ['off; mllp_quarantine off', qr/directive is duplicate/])
{
    my ($value, $error) = @$bad;

    eval { Engine->start(stream => "mllp_quarantine $value;") };
    like($@, $error, "mllp_quarantine $value");
}

done_testing();


# names of the files in a directory of the prefix

sub files {
    opendir my $handle, $ngx->dir . "/$_[0]" or return ();

    my @names = sort grep { !/^\./ } readdir $handle;

    return @names;
}


# those that are complete

sub kept {
    return grep { /\.hl7$/ } files $_[0];
}


sub content {
    open my $file, '<:raw', $ngx->dir . "/$_[0]" or return '';
    local $/;
    return scalar(<$file>) // '';
}


# waits until so many lines of the log match

sub logged {
    my ($pattern, $n) = @_;

    wait_for {
        grep({ $_ =~ $pattern } split /^/, $ngx->log) >= ($n || 1)
    } "log lines: $pattern";
}


# the lock of a directory, to be released by undef

sub hold {
    sysopen my $handle, $ngx->dir . "/$_[0]", O_RDONLY|O_DIRECTORY
        or die "$_[0]: $!\n";

    flock $handle, LOCK_EX or die "flock: $!\n";

    return $handle;
}


# what becomes of bytes that are sent: deviation and content of the file

sub refused {
    my ($name, $bytes, $open) = @_;
    my %old = map { $_ => 1 } kept 'quarantine';
    my $c = $ngx->client($name);
    my @new;

    $c->write($bytes);
    $c->half_close unless $open;
    1 while defined $c->read;

    wait_for { @new = grep { !$old{$_} } kept 'quarantine' } 'a file';

    my ($deviation) = $new[0] =~ /-(\w+)\.hl7$/;

    return "$deviation:" . content("quarantine/$new[0]");
}
