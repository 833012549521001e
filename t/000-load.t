use lib 't/lib';
use Test::More;
use Engine;

# The built modules load into this nginx, in a configuration that says nothing
# of them.

my $ngx = Engine->start(http => 'server { listen 127.0.0.1:%%HTTP%%; }');

ok($ngx->workers, 'nginx started with the modules');
like($ngx->get('HTTP', '/nothing'), qr/^HTTP\/1.1 404/, 'and serves');

$ngx->stop;

done_testing();
