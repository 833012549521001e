# Writing and fsync fail, at the n-th call, now and then, and always: scenario
# 5.  Needs strace, and the right to trace.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes 'sleep';
use Chaos;

plan skip_all => 'no strace'
    if system('strace -qq -o /dev/null -e trace=fdatasync'
              . ' -e inject=fdatasync:error=EIO true 2>/dev/null') != 0;

my $chaos = Chaos->start(workers => 2,
                         allow => qr/disk I\/O error|\bfull\b|exited with
                                     |failed|cannot/x);
my $sender = $chaos->sender(rate => 300, http_rate => 100);
my $strace;

END { kill 'KILL', $strace if $strace }

for my $error (qw(EIO ENOSPC)) {

    # never a positive answer then

    inject("fdatasync,fsync:error=$error");
    sleep 0.3;

    my $acked = $sender->acked;
    sleep 0.5;
    is($sender->acked, $acked, "nothing is acknowledged while fsync has"
                               . " $error");
    released();
    taken("$error of all");

    # the n-th once, and with each 7th after it

    for (my $n = 1; $n <= 200; $n += FULL ? 1 / FULL : 67) {
        inject('fdatasync,fsync,pwrite64:error=' . $error . ':when=' . $n
               . ($n % 2 ? '' : '+7'));
        sleep(FULL ? 0.2 + $n / 500 : 0.2);
        released();
        taken("$error at $n");
    }
}

$sender->stop;
$chaos->drain;
$chaos->laws($sender);
$chaos->stop;
done_testing();


sub inject {
    my ($what) = @_;
    my $pid = $chaos->store_pid;
    my $log = "$chaos->{dir}/strace";

    $strace = fork // die "fork: $!\n";

    if ($strace == 0) {
        exec 'strace', '-qq', '-f', '-o', $log, '-e',
             'trace=fdatasync,fsync,pwrite64', '-e', "inject=$what",
             '-p', $pid or exit 1;
    }

    wait_for {
        Engine::contents("/proc/$pid/status") =~ /^TracerPid:\s+$strace$/m
    } 'strace to be there';
}


sub released {
    kill 'INT', $strace;
    waitpid $strace, 0;
    $strace = undef;
}


sub taken {
    my ($what) = @_;
    my $acked = $sender->acked;

    wait_for { $sender->acked > $acked } "messages to be taken after $what";
    pass("messages are taken after $what");
}
