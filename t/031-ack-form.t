use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;

# The bytes of an acknowledgement: MSH made anew, MSA-2 as received, an error
# in the form of the message's version.

sub like_ack;

my $ngx = Engine->start(workers => 2, stream => <<'EOS', http => <<'EOH');
    server {
        listen 127.0.0.1:%%MLLP%%;
        mllp_pass hie /$hl7_processing_id;
    }
EOS
    log_format pid '$pid';

    server {
        server_name hie;
        mllp_only;
        access_log logs/access.log pid;

        location / { return 200; }
        location /T { return 400; }
    }
EOH

my ($c, $ack, %seen);

$c = $ngx->client('MLLP');


# by version, accepted (P) and not (T); "TIME" and "ID" are ours

my $reason = 'message refused with status 400';
my $old = 'ERR|^^^207&Application internal error&HL70357';
my $new = "ERR|||207^Application internal error^HL70357|E||||$reason";

for my $case (['2.1', 'ACK', $old], ['2.2', 'ACK', $old],
              ['2.3', 'ACK^A01', $old], ['2.3.1', 'ACK^A01', $old],
              ['2.4', 'ACK^A01^ACK', $old], ['2.5', 'ACK^A01^ACK', $new],
              ['2.5.1', 'ACK^A01^ACK', $new], ['2.6', 'ACK^A01^ACK', $new],
              ['2.7', 'ACK^A01^ACK', $new], ['2.8', 'ACK^A01^ACK', $new],
              ['2.8.2', 'ACK^A01^ACK', $new], ['2.9', 'ACK^A01^ACK', $new],
              ['2.5^DEU^1', 'ACK^A01^ACK', $new], ['', 'ACK^A01^ACK', $new],
              ['x', 'ACK^A01^ACK', $new])
{
    my ($version, $type, $err) = @$case;
    my $head = 'MSH|^~\&|APP&1^X|FAC|LAB|WARD^2^ISO|2026||ADT^A01^ADT_A01|M1';
    my $answer = "MSH|^~\\&|LAB|WARD^2^ISO|APP&1^X|FAC|TIME||$type|ID";
    my $text = $err eq $old ? "|$reason" : '';

    like_ack "$head|P|$version\nPID|1\n",
             "$answer|P|$version\nMSA|AA|M1\n", "version '$version'";

    like_ack "$head|T|$version\nPID|1\n",
             "$answer|T|$version\nMSA|AE|M1$text\n$err\n",
             "version '$version', refused";
}


# what else is taken from the message

like_ack "MSH|^~\\&|A|B|C|D|2026||ADT^A01|M2|P|2.5|42\n",
         "MSH|^~\\&|C|D|A|B|TIME||ACK^A01^ACK|ID|P|2.5\nMSA|AA|M2||42\n",
         'MSH-13 is MSA-4';
like_ack "MSH|^~\\&|A|B|C|D|2026||ADT^A01|M2|T|2.3|42\n",
         "MSH|^~\\&|C|D|A|B|TIME||ACK^A01|ID|T|2.3\n"
         . "MSA|AE|M2|$reason|42\n$old\n",
         'MSH-13 beside a text';
like_ack "MSH|^~\\&|A|B|C|D|2026||ADT^A01|M2|P|2.5||||||UNICODE UTF-8\n",
         "MSH|^~\\&|C|D|A|B|TIME||ACK^A01^ACK|ID|P|2.5||||||UNICODE UTF-8\n"
         . "MSA|AA|M2\n", 'MSH-18';
like_ack "MSH|^~\\&|A|B|C|D|2026||ADT^A01|M2|P|2.5|||NE|AL\n",
         "MSH|^~\\&|C|D|A|B|TIME||ACK^A01^ACK|ID|P|2.5|||NE|NE\nMSA|AA|M2\n",
         'MSH-15 and 16 of an application acknowledgement';
like_ack "MSH|^~\\&|A|B|C|D|2026||ADT^A01|M2|P|2.5|||AL|NE\n",
         "MSH|^~\\&|C|D|A|B|TIME||ACK^A01^ACK|ID|P|2.5\nMSA|CA|M2\n",
         'none in an accept acknowledgement';
like_ack "MSH|^~\\&|||||2026||ADT|M2|P|2.5\n",
         "MSH|^~\\&|||||TIME||ACK|ID|P|2.5\nMSA|AA|M2\n", 'nothing there';


# MSA-2 is MSH-10 byte for byte

for my $id ('a b', ' ', 'A^B&C~D', '\F\\\\S\\', '\\', "\xe4\xf6\xfc",
            "\xc3\xa4\xe2\x82\xac", "\0", "\t\x01\x7f", '"', '"" ', "'<&>%00",
            'x' x 199, '0', '-1', '"x"')
{
    $c->write("\x0bMSH|^~\\&|A|B|C|D|2026||ADT^A01|$id|P|2.5\r\x1c\r");
    $ack = $c->read;
    is(field($ack, 'MSA-2'), Mllp::text($id), 'MSA-2 ' . Mllp::text($id));
    is(field($ack, 'MSA-1'), 'AA', 'accepted');
}


# delimiters are those of the message

like_ack "MSH#*!?@#A*1#B#C#D#2026##ADT*A01#M|^3#T#2.5\n",
         "MSH#*!?@#C#D#A*1#B#TIME##ACK*A01*ACK#ID#T#2.5\nMSA#AE#M|^3\n"
         . "ERR###207*Application internal error*HL70357#E####$reason\n",
         'others';
like_ack "MSH#*!?@#A#B#C#D#2026##ADT*A01#M3#T#2.3\n",
         "MSH#*!?@#C#D#A#B#TIME##ACK*A01#ID#T#2.3\nMSA#AE#M3#$reason\n"
         . "ERR#***207\@Application internal error\@HL70357\n", 'before 2.5';
like_ack "MSH|^~\\&#|A|B|C|D|2026||ADT^A01|M3|P|2.7\n",
         "MSH|^~\\&#|C|D|A|B|TIME||ACK^A01^ACK|ID|P|2.7\nMSA|AA|M3\n",
         'five of them';
like_ack "MSH|^~|A|B|C|D|2026||ADT^A01|M3|P|2.5\n",
         "MSH|^~\\&|C|D|A|B|TIME||ACK^A01^ACK|ID|P|2.5\nMSA|AA|M3\n",
         'two of them';
like_ack "MSH||A|B|C|D|2026||ADT^A01|M3|P|2.5\n",
         "MSH|^~\\&|C|D|A|B|TIME||ACK^A01^ACK|ID|P|2.5\nMSA|AA|M3\n", 'none';
like_ack "MSH\t^~\\&\tA\tB\tC\tD\t2026\t\tADT^A01\tM3\tP\t2.5\n",
         "MSH\\x09^~\\&\\x09C\\x09D\\x09A\\x09B\\x09TIME\\x09\\x09ACK^A01^ACK"
         . "\\x09ID\\x09P\\x092.5\nMSA\\x09AA\\x09M3\n", 'tabs';


# what every message must have

like_ack "MSH|^~\\&|A|B|C|D|2026||ADT^A01||P|2.5\nPID|1\n",
         "MSH|^~\\&|C|D|A|B|TIME||ACK^A01^ACK|ID|P|2.5\nMSA|AE|\n"
         . 'ERR||MSH^1^10|101^Required field missing^HL70357|E|||byte 31|'
         . "message control id is missing\n", 'no MSH-10';
like_ack "MSH|^~\\&|A|B|C|D|2026||ADT^A01||P|2.3\nPID|1\n",
         "MSH|^~\\&|C|D|A|B|TIME||ACK^A01|ID|P|2.3\n"
         . "MSA|AE||message control id is missing\n"
         . "ERR|MSH^1^10^101&Required field missing&HL70357\n",
         'no MSH-10 before 2.5';
like_ack "MSH|^~\\&|A|B|C|D|2026||ADT^A01|\"\"|P|2.5\n",
         "MSH|^~\\&|C|D|A|B|TIME||ACK^A01^ACK|ID|P|2.5\nMSA|AE|\"\"\n"
         . 'ERR||MSH^1^10|101^Required field missing^HL70357|E|||byte 31|'
         . "message control id is missing\n", 'MSH-10 is null';
like_ack "MSH|^~\\&|A|B|C|D|2026|||M4|P|2.5\n",
         "MSH|^~\\&|C|D|A|B|TIME||ACK|ID|P|2.5\nMSA|AR|M4\n"
         . 'ERR||MSH^1^9|200^Unsupported message type^HL70357|E|||byte 23|'
         . "message type is missing\n", 'no message type';
like_ack "MSH|^~\\&|A|B|C|D|2026||^A01|M4|P|2.5\n",
         "MSH|^~\\&|C|D|A|B|TIME||ACK^A01^ACK|ID|P|2.5\nMSA|AR|M4\n"
         . 'ERR||MSH^1^9|200^Unsupported message type^HL70357|E|||byte 23|'
         . "message type is missing\n", 'no MSH-9.1';
like_ack "MSH|^~\\&|A|B|C|D|2026||A/T^A01|M4|P|2.5\n",
         "MSH|^~\\&|C|D|A|B|TIME||ACK^A01^ACK|ID|P|2.5\nMSA|AR|M4\n"
         . 'ERR||MSH^1^9|200^Unsupported message type^HL70357|E|||byte 23|'
         . "message type is not a code\n", 'a type that is no code';
like_ack "MSH|^~\\&|A|B|C|D|2026||ADT^A.1|M4|P|2.5\n",
         "MSH|^~\\&|C|D|A|B|TIME||ACK^A.1^ACK|ID|P|2.5\nMSA|AR|M4\n"
         . 'ERR||MSH^1^9|201^Unsupported event code^HL70357|E|||byte 23|'
         . "trigger event is not a code\n", 'an event that is no code';
like_ack "MSH|^~\\&|A\n", "MSH|^~\\&|||A||TIME||ACK|ID||\nMSA|AE|\n"
         . 'ERR||MSH^1^10|101^Required field missing^HL70357|E|||byte 0|'
         . "message control id is missing\n", 'MSH is short';


# a header that cannot be read is answered without it

for my $case (["MSH\n", 'ERR||MSH^1^1|101^Required field missing^HL70357|E|||'
                        . 'byte 3|the field separator is missing'],
              ["MSHA^~\\&A\n", 'ERR||MSH^1^1|102^Data type error^HL70357|E|||'
                                . 'byte 3|the field separator cannot be one'],
              ["MSH|^^\\&|A|B|C|D|2026||ADT^A01|M5|P|2.5\n",
               'ERR||MSH^1^2|102^Data type error^HL70357|E|||byte 5|an encoding'
               . ' character is there twice'],
              ["PID|1\n", 'ERR||MSH^1|100^Segment sequence error^HL70357|E|||'
                          . 'byte 0|no MSH segment'],
              ['', 'ERR|||100^Segment sequence error^HL70357|E||||empty frame'])
{
    my ($text, $err) = @$case;

    like_ack $text, "MSH|^~\\&|||||TIME||ACK|ID|P|2.5\nMSA|AE|\n$err\n",
             'unreadable: ' . substr $text, 0, 9;
}


# MSH-10 of each is its own, of all workers, also of those after a reload

for my $round (1, 2) {

    for (1 .. 50) {
        my $client = $ngx->client('MLLP');

        $client->write(frame(hl7('ADT^A01', 'M6')) x 40);
        $seen{field($client->read, 'MSH-10')}++ for 1 .. 40;
    }

    $c->close;
    $ngx->wait_gone($ngx->reload) if $round == 1;
}

is(keys %seen, 4000, 'each has an id of its own');
is((grep { !/^[0-9a-f]{16,20}\z/ } keys %seen), 0, 'up to 20 characters');

my %pids = map { $_ => 1 } split /\n/, $ngx->access_log;
cmp_ok(keys %pids, '>', 1, 'of several workers');

$ngx->stop;
done_testing();


sub like_ack {
    my ($text, $want, $name) = @_;

    $text =~ s/\n/\r/g;
    $c->write("\x0b$text\x1c\r");
    $ack = $c->read;

    $want = join '[0-9a-f]{16,20}', map {
                join '\d{14}[+-]\d{4}', map { quotemeta } split /TIME/, $_, -1
            } split /(?<![A-Z])ID\b/, $want, -1;

    like($ack, qr/\A$want\z/, $name);
}
