package MllpTest;

# Test::Nginx blocks that speak MLLP.
#
#   use lib 't/lib';
#   use MllpTest;
#
#   run_tests();
#
#   __DATA__
#
#   === TEST 1: a message is a request
#   --- config
#       location /hl7/ { return 200; }
#   --- hl7
#   MSH|^~\&|LAB|WARD|HIE|ERP|20260301120000||ADT^A01|1|P|2.5
#   PID|1||4711
#   --- ack
#   MSH|^~\&|HIE|ERP|LAB|WARD|...||ACK^A01^ACK|...|P|2.5
#   MSA|AA|1
#
# All sections of Test::Nginx::Socket work; no plan is needed.  The http
# server of --- config is called "hie".  These are added:
#
#   --- hl7          what to send.  A blank line ends a frame; segments get
#                    their CR, frames their VT and FS CR.  A line "!packet"
#                    starts another packet.  With "--- hl7 eval" a string that
#                    holds a VT, or an array of packets, goes as is (frame()
#                    and hl7() of Mllp.pm help)
#   --- split: 1     send in packets of so many bytes
#   --- delay: 0.02  seconds between packets
#   --- open         do not half-close after sending: the engine shall close
#   --- mllp         directives of the stream server; "listen" and
#                    "mllp_pass hie /hl7/;" are there unless given
#   --- stream       more of stream{}, before that server
#
#   --- ack          the acknowledgements, a blank line between them.  "..."
#                    stands for any text in a line, as a line for any lines.
#                    Empty: nothing may come
#   --- ack_like     a regex for the same text (flags ms)
#   --- msa          only the MSA segments, one line each: AA|1
#
# Sockets: $TEST_NGINX_MLLP_PORT is the listener, $TEST_NGINX_SERVER_PORT the
# http server, $TEST_NGINX_PORT_1 to _4 are free for other servers.  A block
# with --- request talks to the http server as usual.
#
# Each block fails when its error.log, up to the exit of nginx, has a line of
# level alert, emerg or crit, a process that died, or a sanitizer's report.
# "--- allow: regex" exempts lines.  The log level is info; --- log_level.

use File::Basename;
use File::Path;

use lib dirname(__FILE__);
use Mllp;

our ($mllp_port, $root);

BEGIN {
    $root = $Mllp::Prefix;
    mkpath dirname($root);

    (my $http, $mllp_port, my @more) = free_ports(6);

    $ENV{TEST_NGINX_SERVROOT} = $root;
    $ENV{TEST_NGINX_SERVER_PORT} = $http;
    $ENV{TEST_NGINX_CLIENT_PORT} = $http;
    $ENV{TEST_NGINX_MLLP_PORT} = $mllp_port;
    $ENV{TEST_NGINX_STREAM_PORT} = $mllp_port;
    $ENV{"TEST_NGINX_PORT_$_"} = $more[$_ - 1] for 1 .. 4;
}

use Test::Nginx::Socket -Base;

sub prepare ($);
sub stream ($);
sub packets ($);
sub check ($$$$$);
sub check_log ($$);
sub pattern ($);

our @EXPORT = qw(frame frames hl7 field);

server_port("127.0.0.1:$ENV{TEST_NGINX_SERVER_PORT}");
server_name('hie');
worker_connections(512);
workers(1);
master_on();
log_level($ENV{TEST_NGINX_LOG_LEVEL} || 'info');
no_shuffle();
no_long_string();
check_accum_error_log();
plan('no_plan');

add_block_preprocessor(\&prepare);
add_response_body_check(\&check);
$Test::Nginx::Util::CheckShutdownErrorLog = \&check_log;


sub prepare ($) {
    my ($block) = @_;

    remove_leftovers();

    $block->set_value(config => "location /hl7/ { return 200; }\n")
        unless defined $block->config;

    # makes Test::Nginx call check_log() when this block's nginx has ended
    $block->set_value(no_shutdown_error_log => '')
        unless defined $block->must_die;

    if (defined $block->mllp || defined $block->hl7) {
        $block->set_value(main_config =>
                          ($block->main_config // '') . stream($block));
    }

    if (!defined $block->hl7) {
        server_port_for_client($ENV{TEST_NGINX_CLIENT_PORT});
        return;
    }

    server_port_for_client($mllp_port);

    my @packets = packets($block);

    $block->set_value(http09 => '');
    $block->set_value(raw_request => \@packets);
    $block->set_value(raw_request_middle_delay => $block->delay // 0.02);
    $block->set_value(shutdown => 1) unless defined $block->open;
}


# what a test left in the prefix besides the files of Test::Nginx

sub remove_leftovers() {
    for my $path (glob "$root/*") {
        rmtree($path) unless $path =~ m{/(?:logs|conf|html|\w+_temp)$};
    }
}


sub stream ($) {
    my ($block) = @_;
    my $more = $block->stream // '';
    my $mllp = $block->mllp // '';

    $mllp = "listen 127.0.0.1:$mllp_port;\n$mllp" if $mllp !~ /^\s*listen\b/m;
    $mllp .= "\nmllp_pass hie /hl7/;" if $mllp !~ /^\s*(?:mllp_pass|proxy_pass|return)\b/m;

    return "stream {\n$more\nserver {\n$mllp\n}\n}\n";
}


sub packets ($) {
    my ($block) = @_;
    my $hl7 = $block->hl7;
    my @packets;

    if (ref $hl7) {
        @packets = @$hl7;

    } elsif ($hl7 =~ /\x0b/) {
        @packets = $hl7;

    } else {
        @packets = map { join '', map { frame($_) } grep { /\S/ } split /\n\n+/ }
                   split /^!packet\n/m, $hl7;
    }

    if (defined $block->split) {
        my $size = $block->split;
        @packets = map { unpack "(a$size)*", $_ } @packets;
    }

    return @packets;
}


sub check ($$$$$) {
    my ($block, $body, $request, $repeated, $dry_run) = @_;

    return if $dry_run || !defined $block->hl7;

    my $name = $block->name;
    my $got = join "\n", frames($body);

    if (defined $block->ack) {
        (my $want = $block->ack) =~ s/\n+\z/\n/;
        $want = '' if $want !~ /\S/;

        Test::More::ok($got =~ pattern($want), "$name - ack")
            or Test::More::diag("got:\n${got}expected:\n$want");
    }

    if (defined $block->ack_like) {
        chomp(my $like = $block->ack_like);
        Test::More::like($got, qr/$like/ms, "$name - ack");
    }

    if (defined $block->msa) {
        my $want = $block->msa;
        my $msa = join '', map { "$_\n" } $got =~ /^MSA\|(.*)$/mg;
        Test::More::is($msa, $want, "$name - MSA");
    }
}


sub check_log ($$) {
    my ($block, $dry_run) = @_;
    my $name = $block->name;
    my @alarms = alarms("$root/logs/error.log", $block->allow);

    Test::More::ok(!@alarms, "$name - no alarm in error.log")
        or Test::More::diag(@alarms);
}


sub pattern ($) {
    my ($text) = @_;
    my $re = '';

    for my $line (split /\n/, $text, -1) {
        $re .= $line eq '...' ? '(?:.*\n)*?'
                              : join('.*', map { quotemeta } split /\.\.\./, $line, -1)
                                . '\n';
    }

    $re =~ s/\\n\z//;

    return qr/\A$re\z/;
}


1;
