package ConfTest;

# What nginx -t says of a configuration, beside an engine that runs.
#
#   ConfTest->of($ngx);
#
#   my ($ok, $out) = check($text)       whether it is content, what it says;
#                                       paths are those of the engine
#   refused($name, $line, $error, $text)
#              a test: it is not, for this reason (a regex), at this line; ''
#              is for a reason without a place, or with another
#   accepted($name, $text)              a test: it is, and warns of nothing

use strict;
use warnings;

use Exporter 'import';
use Test::More ();

our @EXPORT = qw(check refused accepted);

my $ngx;


sub of {
    (undef, $ngx) = @_;
}


sub check {
    my ($text) = @_;
    my $dir = $ngx->dir;
    my $load = join '', map { "load_module $_; " }
                        split ' ', $ENV{TEST_NGINX_LOAD_MODULES} || '';

    $ngx->put('check.conf',
              "$load$text\nevents { }\npid $dir/conf/check.conf.pid;\n");

    # the log of the tests is not to have these alarms
    my $out = `$ngx->{binary} -t -e stderr -p $dir -c conf/check.conf 2>&1`;

    return ($? == 0, $out);
}


sub refused {
    my ($name, $line, $error, $text) = @_;
    my ($ok, $out) = check($text);
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    $name =~ s/\s+/ /g;
    $error = "(?:$error).* in \\S+check\\.conf:$line\$" if $line;

    Test::More::ok(!$ok && $out =~ /\[emerg\].*$error/m, "refused: $name")
        or Test::More::diag("want $error\n$out");
}


sub accepted {
    my ($name, $text) = @_;
    my ($ok, $out) = check($text);
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    Test::More::ok($ok && $out !~ /\[(?:warn|error|alert)\]/,
                   "accepted: $name")
        or Test::More::diag($out);
}


1;
