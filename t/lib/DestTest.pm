package DestTest;

# A destination of conf/destinations as it is shipped, for a test: with the
# ports, the CA and the times of back-off that a test needs, behind TLS as in
# life where the file has it, between an MLLP listener and a stand-in
# (Standin.pm).
#
#   my $ngx = DestTest->start('sap', ports => { 44300 => $erp->port },
#                             keys => { 'sap.pw' => 'secret' },
#                             flows => 'location /hl7/ { ... }',
#                             change => sub { s/.../.../ }, workers => 2);
#                               an Engine; "ports" are those of the upstreams
#                               in *_maps.conf, "change" is called with the
#                               text of each file; also: "plain", as "ports"
#                               without TLS, "http", locations, "breaker", and
#                               "currency" of charges, EUR
#   ok(deliver($text))          a message is acknowledged with AA
#   charged($id, $charge, $price, $quantity, ...)
#   usage($id, $charge, $item, $quantity, ...)
#                               a DFT of one charge(), a test that it is stored
#   dft($id, @charges)          a DFT^P03: charge($id, $price, $quantity,
#                               item => .., type => 'CD', unit => .., date =>
#                               .., visit => .., lot => .., serial => ..,
#                               service => .., event => 'P11')
#   oms($id, $po, @lines)       an OMS^O05, with [item, quantity, unit, cost
#                               center, ORC-1 if it is the first]
#   drained                     waits until nothing waits, but for what stands
#                               behind a dead letter
#   attempts($key)              'outcome status' of each, in order
#   dead->{$key}                { reason, code, error, attempts, id }
#   replay($key)                this dead letter
#   ask($method, $uri, $body)   the API
#   sql($sql)                   what the store answers, its lines
#   put($key, $text)            another file keys/$key

use strict;
use warnings;

use Cwd;
use Exporter 'import';
use File::Basename;
use File::Temp 'tempdir';
use Test::More ();

use lib dirname(__FILE__);
use Engine;
use ErpTest qw(sql ask drained dead);

our @EXPORT = (qw(deliver charged usage dft charge oms drained attempts dead
                  replay ask sql put),
               @Engine::EXPORT);

my ($ngx, $mllp, $currency);


sub start {
    my ($class, $name, %o) = @_;
    my $conf = getcwd() . '/conf';
    my @files = map { "destinations/$name$_.conf" } '', '_maps';
    my %text = map { $_ => Engine::contents("$conf/$_") } @files;
    my (%tls, %names, %plain);

    $o{$_} //= {} for qw(ports plain);
    $Mllp::Timeout = 60 if $Mllp::Timeout < 60;
    $currency = $o{currency} // 'EUR';

    for (values %text) {
        s{(127\.0\.0\.1:)(\d+)}
         {$1 . (($plain{$2} = $o{plain}{$2})
                // ($tls{$2} //= free_ports(1)))}gex;
        s{/etc/ssl/certs/ca-certificates\.crt}{erp.pem}g;
        s{\bbase=\d+s max=\d+[sm]}{base=50ms max=200ms}g;

        $names{$1} = 1 while /^map\ ""\ \$\w+_host\s+\{\ default\ ([^;]+);/gmx;

        $o{change}->() if $o{change};
    }

    $o{breaker} //= 'consecutive=20 minimum=100 open=100ms max_open=100ms';
    $o{http} //= '';

    my $stream = 'server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie'
                 . ' /hl7/$hl7_message_type/$hl7_trigger_event; }';

    for (keys %{ $o{plain} }) {
        die "no port $_ in $files[1]\n" if !$plain{$_};
    }

    for (sort keys %{ $o{ports} }) {
        die "no port $_ in $files[1]\n" if !$tls{$_};

        $stream .= "server { listen 127.0.0.1:$tls{$_} ssl;"
                   . ' ssl_certificate erp.pem; ssl_certificate_key erp.pem;'
                   . " proxy_pass 127.0.0.1:$o{ports}{$_}; }\n";
    }

    $ngx = Engine->start(
        workers => $o{workers} // 2,
        files => {
            %text,
            %{ $o{ports} } ? ('erp.pem' => certificate(sort keys %names))
                           : (),
            'schemas' => \"$conf/schemas",
            'keys/patient.key' => '0123456789abcdef',
            map { ("keys/$_" => "$o{keys}{$_}\n") } keys %{ $o{keys} },
        },
        stream => $stream,
        http => <<"EOF");
erp_store path=%%DIR%%/store min_free=1m ballast=1m;

# what a peer keeps is never freed by NGINX
proxy_ssl_session_reuse off;

canonical_key patient file=keys/patient.key id=k1;
include $conf/maps/*.conf;
include $files[1];

erp_breaker $o{breaker};

server {
    server_name hie;
    mllp_only;

    $o{flows}

    include $files[0];
}

server {
    listen 127.0.0.1:%%HTTP%%;
    $o{http}
    location /hie/ { erp_api; }
}
EOF

    ErpTest->of($ngx);
    $mllp = $ngx->client('MLLP');

    return $ngx;
}


# for all of these names, signed by itself

sub certificate {
    my (@names) = @_;
    my $dir = tempdir(CLEANUP => 1);
    my $san = join ',', map { "DNS:$_" } @names;

    system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=erp"
           . " -addext subjectAltName=$san -keyout $dir/key -out $dir/crt"
           . ' 2>/dev/null') == 0
        or die "openssl failed\n";

    return Engine::contents("$dir/key") . Engine::contents("$dir/crt");
}


sub deliver {
    my ($text) = @_;

    $mllp->send($text);
    return field($mllp->read, 'MSA-1') eq 'AA';
}


sub charged {
    my ($id, @charge) = @_;

    Test::More::ok(deliver(dft($id, charge(@charge))), "$id is stored");
}


sub usage {
    my ($id, $usage, $item, $quantity, %more) = @_;

    charged($id, $usage, '10.00', $quantity, item => $item, %more);
}


sub charge {
    my ($id, $price, $quantity, %more) = @_;

    return { id => $id, price => $price, quantity => $quantity,
             date => '20261121', type => 'CG', visit => 'V-1', unit => 'OR',
             item => '', service => "Service $id", event => 'P03', %more };
}


sub dft {
    my ($id, @charges) = @_;
    my $n = 0;

    return join "\n",
        "MSH|^~\\&|OR|GHH|HIE|GHH|20261121100000||DFT^$charges[0]{event}|$id"
        . '|P|2.5', 'PID|1||4711^^^GHH^MR||EVERYWOMAN^EVE',
        segment('PV1', 1 => 1, 2 => 'I', 3 => 'OR', 19 => $charges[0]{visit}),
        map {
            (segment('FT1', 1 => ++$n, 2 => $_->{id}, 4 => $_->{date},
                     6 => $_->{type}, 7 => "X^$_->{service}",
                     10 => $_->{quantity},
                     12 => join('&', $_->{price}, $currency || ()),
                     13 => $_->{unit}, 34 => $_->{item}),
             $_->{lot} || $_->{serial}
                 ? segment('PRT', 2 => 'AD', 4 => 'EQUIP', 19 => $_->{lot},
                           20 => $_->{serial})
                 : ())
        } @charges;
}


sub oms {
    my ($id, $po, @lines) = @_;
    my $n = 0;

    return join "\n",
        "MSH|^~\\&|OR|GHH|HIE|GHH|20261121100000||OMS^O05|$id|P|2.5",
        segment('ORC', 1 => $lines[0][4] // 'NW', 2 => $po, 12 => '1122334'),
        map {
            my ($item, $quantity, $unit, $center) = @$_;

            (segment('RQD', 1 => ++$n, 4 => $item, 5 => $quantity, 6 => $unit,
                     7 => $center, 9 => 'OR', 10 => '20261201'),
             segment('RQ1', 1 => '4.50', 4 => '100234'));
        } @lines;
}


sub attempts {
    my ($key) = @_;

    return map { tr/|/ /r }
           sql("SELECT o.name, a.status FROM attempt a
                  JOIN outcome o ON o.number = a.outcome
                  JOIN delivery d ON d.id = a.delivery
                  JOIN body b ON b.id = d.body
                 WHERE b.key = '$key' ORDER BY d.id, a.number");
}


sub replay {
    my ($key) = @_;
    my $dead = dead()->{$key} or die "$key is no dead letter\n";

    return ask(POST => '/dead-letters/replay',
               { reason => 'put right', filter => { ids => [$dead->{id}] } })
           ->{replayed} == 1;
}


sub put {
    my ($name, $text) = @_;

    $ngx->put("keys/$name", "$text\n");
}


1;
