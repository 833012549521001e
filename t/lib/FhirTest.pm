package FhirTest;

# Maps of FHIR: a resource is sent as JSON and as XML, alone and in a Bundle,
# and the objects must be the same.
#
#   use lib 't/lib';
#   use Test::More;
#   use FhirTest;                 # exports what MapTest does, and these
#
#   my $t = MapTest->start(shipped => 1, maps => [...]);
#   my ($object) = mapped($t, 'map', $json);          # the four ways
#   my @objects = mapped($t, 'map', bundle($json, $json2));   # two of them
#   refused_for($t, 'map', $json, qr/reason/, 'target');
#   fhir_xml($json)               the resource as XML
#
# Numbers keep their digits, members their order.

use strict;
use warnings;

use Exporter 'import';
use File::Basename;
use JSON::PP;
use Test::More ();

use lib dirname(__FILE__);
use MapTest;

our @EXPORT = (qw(mapped bundle fhir_xml refused_for), @MapTest::EXPORT);


sub bundle {
    return '{"resourceType":"Bundle","type":"collection","entry":['
           . join(',', map { '{"resource":' . $_ . '}' } @_) . ']}';
}


sub mapped {
    my ($t, $map, $json) = @_;

    my @objects = traced($t->objects($map, $t->json($json)));
    my @ways = (['XML', $t->xml(fhir_xml($json))]);

    if ($json !~ /"Bundle"/) {
        my $bundle = bundle($json);

        push @ways, ['a Bundle in JSON', $t->json($bundle)],
                    ['a Bundle in XML', $t->xml(fhir_xml($bundle))];
    }

    for my $way (@ways) {
        my ($name, @body) = @$way;

        Test::More::is_deeply([traced($t->objects($map, @body))], \@objects,
                              "$map: $name gives the same");
    }

    return @objects;
}


# each request has a correlation id of its own

sub traced {
    Test::More::ok(!grep({ !delete $_->{trace_id} } @_), 'objects are traced');
    return @_;
}


sub refused_for {
    my ($t, $map, $json, $reason, $target) = @_;

    for my $body ([$t->json($json)], [$t->xml(fhir_xml($json))]) {
        my ($status, $why) = $t->refused($map, @$body);

        Test::More::is($status, 422, "$map refuses it");
        Test::More::like($why->{detail} // '', $reason, "$map says why");
        Test::More::is($why->{target}, $target, "$map says where");
    }
}


# FHIR R4 2.6.1: values are attributes, a list is its element again and again

sub fhir_xml {
    my ($json) = @_;

    my $text = $json;
    my $tree = value(\$text);

    return '<?xml version="1.0" encoding="UTF-8"?>' . resource($tree, 1);
}


sub resource {
    my ($members, $root) = @_;

    my %members = map { @$_ } @$members;
    my $type = $members{resourceType};

    return "<$type" . ($root ? ' xmlns="http://hl7.org/fhir">' : '>')
           . join('', map { element(@$_, 1) }
                      grep { $_->[0] ne 'resourceType' } @$members)
           . "</$type>";
}


sub element {
    my ($name, $value, $of_resource) = @_;

    if (ref $value eq 'HASH') {
        return join '', map { element($name, $_) } @{ $value->{list} };
    }

    if ($name eq 'div') {
        return $value;
    }

    if (!ref $value) {
        return "<$name value=\"" . escape($value) . '"/>';
    }

    if (grep { $_->[0] eq 'resourceType' } @$value) {
        return "<$name>" . resource($value) . "</$name>";
    }

    my ($attributes, $elements) = ('', '');

    for my $member (@$value) {
        if ($member->[0] eq 'id'
            || ($member->[0] eq 'url' && $name eq 'extension'))
        {
            $attributes .= " $member->[0]=\"" . escape($member->[1]) . '"';

        } else {
            $elements .= element(@$member);
        }
    }

    return "<$name$attributes>$elements</$name>";
}


sub escape {
    return $_[0] =~ s/([&<"\n])/'&#' . ord($1) . ';'/ger;
}


# members as [name, value], a list as { list => [...] }, all else as text

sub value {
    my ($text) = @_;

    $$text =~ /\G\s*/gc;

    if ($$text =~ /\G\{/gc) {
        my @members;

        until ($$text =~ /\G\s*,?\s*\}/gc) {
            $$text =~ /\G[\s,]*("(?:[^"\\]|\\.)*")\s*:/gc
                or die "no member at " . pos($$text);
            my $name = $1;
            push @members, [string($name), value($text)];
        }

        return \@members;
    }

    if ($$text =~ /\G\[/gc) {
        my @list;

        until ($$text =~ /\G\s*\]/gc) {
            $$text =~ /\G\s*,/gc;
            push @list, value($text);
        }

        return { list => \@list };
    }

    if ($$text =~ /\G("(?:[^"\\]|\\.)*")/gc) {
        return string($1);
    }

    $$text =~ /\G([-+.\w]+)/gc or die "no value at " . (pos($$text) // 0);

    return $1;
}


sub string {
    return JSON::PP->new->allow_nonref->decode($_[0]);
}


1;
