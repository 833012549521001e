use lib 't/lib';
use strict;
use warnings;
use File::Path;
use Test::More;
use Engine;

# No memory: each allocation on the way of some messages fails once.  The
# worker lives, holds no slot for ever, and accepts nothing that it has not
# processed: a message is refused, or its connection is closed.

sub message;
sub control;
sub run;
sub is_elf;

plan skip_all => 'needs an allocator of its own'
    unless $ENV{TEST_NGINX_LOAD_MODULES} && is_elf($ENV{TEST_NGINX_BINARY});

my $dir = "$Mllp::Prefix-preload";

rmtree($dir);
mkpath($dir);

is(system('cc', '-shared', '-fPIC', '-o', "$dir/oom.so", 't/tools/oom.c'), 0,
   'what is preloaded');

open my $control, '+>', "$dir/control" or die "control: $!\n";
control 0, 0;

my $back = Engine->backend(sub {
    my ($sock, $request) = @_;
    my $id = $request =~ /\|(M\d)\|P\|/ ? $1 : '';
    my $ack = "MSH|^~\\&|A|B|C|D|2026||ACK|1|P|2.5\rMSA|AA|$id\r";

    print $sock "HTTP/1.0 200 OK\r\nContent-Type: application/hl7-v2\r\n",
                'Content-Length: ', length $ack, "\r\n\r\n", $ack;
});

my $ngx = do {
    local @ENV{qw(LD_PRELOAD OOM_CONTROL MALLOC_PERTURB_)}
        = ("$dir/oom.so", "$dir/control", 165);

    Engine->start(allow => qr{(?:malloc|posix_memalign)\([\d, ]+\) failed},
                  stream => <<'EOS', http => <<"EOH");
    log_format session '$hl7_control_id $hl7_field_MSH_3';
    access_log logs/session.log session;

    server {
        listen 127.0.0.1:%%MLLP%%;
        mllp_pass hie /$hl7_receiving_facility?id=$hl7_control_id;
        mllp_buffer_size 1k;
        mllp_tolerate default multi_msh;
    }
EOS
    log_format status '\$hl7_control_id \$status';

    server {
        server_name hie;
        mllp_only;
        access_log logs/access.log status;
        post_action /after;

        location /return { return 200; }
        location /refuse { return 500; }
        location /after { post_action off; proxy_pass http://127.0.0.1:$back; }

        location /proxy {
            proxy_set_header X-Patient \$hl7_utf8_PID_5;
            proxy_pass http://127.0.0.1:$back;
        }
    }

    server {
        listen 127.0.0.1:%%HTTP%%;
        location = /status { stub_status; access_log off; }
    }
EOH
};

my ($worker) = $ngx->workers;

$ngx->get('HTTP', '/status');       # it has all that it needs to start

my @messages = (message('return', 'M1'), message('proxy', 'M2'),
                message('refuse', 'M3'));

run 'messages', @messages;
run 'a batch', join "\n", 'BHS|^~\&|A|B|C|D', @messages, 'BTS|3';
run 'several in a frame', join "\n", @messages;
run 'a large one', message 'proxy', 'M4', 'ZZZ|' . 'x' x 10000;

is(join(' ', $ngx->workers), $worker, 'the worker lives');

wait_for { $ngx->get('HTTP', '/status') =~ /^Active connections: 1 $/m }
    'all requests to end';

$ngx->stop;

done_testing();


sub run {
    my ($name, @texts) = @_;
    my ($count, $n, @false) = (0, 0);

    do {
        my $c = $ngx->client('MLLP');
        my %code;

        control $worker, ++$n;

        $c->send(@texts);
        $c->half_close;

        while ($c->fill) { }

        $code{$2} = $1 while $c->{in} =~ /\rMSA\|(\w\w)\|(\w+)/g;
        $count = control 0, 0;
        $c->close;

        push @false, "$n: M3 $code{M3}" if ($code{M3} // 'AR') eq 'AA';

    } while ($count >= $n);

    is("@false", '', "$name: nothing is accepted that is refused");
    cmp_ok($n, '>', 10, "$name: $n allocations");
}


sub control {
    my (@values) = @_;
    my $old;

    sysseek $control, 0, 0;
    sysread $control, $old, 24;

    sysseek $control, 0, 0;
    syswrite $control, pack 'q3', @values, 0;

    return length($old // '') ? (unpack 'q3', $old)[2] : 0;
}


sub message {
    my ($location, $id, @more) = @_;
    my $text = hl7('ADT^A01', $id, 'PID|1||4711||Muster^Eva', @more);

    $text =~ s/ERP/$location/;

    return $text;
}


# sanitizers and valgrind run it with a script

sub is_elf {
    my ($path) = @_;

    open my $file, '<:raw', $path or return 0;
    read $file, my $magic, 4;

    return $magic eq "\x7fELF";
}
