use lib 't/lib';
use strict;
use warnings;
use Cwd 'abs_path';
use File::Basename;
use Test::More;
use Engine;

# Messages of others, when they are there: ../shared/corpus/hl7 beside the
# project.  Each is sent as it is, goes to its location and is acknowledged.

sub messages;
sub send_all;

my $corpus = abs_path(dirname(__FILE__) . '/../..') . '/shared/corpus/hl7';

plan skip_all => 'no ../shared/corpus/hl7' unless -d $corpus;

my $ngx = Engine->start(stream => <<'EOS', http => <<'EOH');
    server {
        listen 127.0.0.1:%%MLLP%%;

        # some ask for two acknowledgements in MSH-15 and 16, or for none
        mllp_ack original;
        mllp_pass hie /hl7/$hl7_message_type/$hl7_trigger_event;
    }
EOS
    log_format message '$uri';

    server {
        server_name hie;
        mllp_only;
        access_log logs/messages.log message;
        location /hl7/ { return 200; }
    }
EOH

my $all = 0;
my @uris;


# a folder: how to find its messages, their number at least

my %folders = (
    'simhospital' => [qr/\n/, 100],              # CR in a message, LF between
    'microsoft-fhir-converter' => [undef, 90]    # a file each, LF inside
);

for my $folder (sort keys %folders) {
    my ($separator, $least) = @{$folders{$folder}};
    my @messages = map { messages $_, $separator } glob "$corpus/$folder/*.*";

    cmp_ok(@messages, '>=', $least, "$folder: messages");
    send_all $folder, @messages;
    $all += @messages;
}

@uris = split /\n/, Engine::contents($ngx->dir . '/logs/messages.log');
is(@uris, $all, 'each was a request');
is(grep({ !m{^/hl7/[A-Z0-9]{3}/[A-Z0-9]*$} } @uris), 0, 'by its type and event');

$ngx->stop;

done_testing();


sub messages {
    my ($path, $separator) = @_;

    open my $file, '<:raw', $path or die "$path: $!\n";
    local $/;

    my $text = <$file>;

    return grep { /MSH/ } $separator ? split $separator, $text : $text;
}


# one connection; a window of messages is on the way

sub send_all {
    my ($name, @messages) = @_;
    my $c = $ngx->client('MLLP');
    my (@wrong, @sent);

    for my $message (@messages) {
        my ($id) = $message =~ /MSH.{5}\|(?:[^|]*\|){7}([^|]*)/;

        $c->write("\x0b$message\x1c\r");
        push @sent, $id;

        push @wrong, answer($c, shift @sent) if @sent == 8;
    }

    push @wrong, answer($c, shift @sent) while @sent;
    $c->close;

    is(@wrong, 0, "$name: " . @messages . ' messages are acknowledged')
        or diag(@wrong);
}


# nothing, or what is wrong with the answer to a message

sub answer {
    my ($c, $id) = @_;
    my $ack = $c->read;
    my $got = join '|', map { field($ack, $_) } qw(MSA-1 MSA-2);

    return $got eq "AA|$id" ? () : "$got for $id\n";
}
