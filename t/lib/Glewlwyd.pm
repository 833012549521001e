package Glewlwyd;

# A real provider of OAuth 2, of Debian's package glewlwyd, on loopback, with
# one client that gets tokens by its id and secret.
#
#   Glewlwyd->there or plan skip_all => 'no glewlwyd';
#   my $provider = Glewlwyd->start($dir, life => 5);    # of a token, seconds
#   $provider->url              "http://127.0.0.1:PORT/api/oidc/token"
#   $provider->client, ->secret, ->scope      what the client asks with
#   $provider->claims($token)   what is in an access token, if it has signed it
#   $provider->stop; $provider->again

use strict;
use warnings;

use Digest::SHA 'hmac_sha256';
use File::Basename;
use File::Path;
use JSON::PP;
use MIME::Base64 qw(encode_base64url decode_base64url);

use lib dirname(__FILE__);
use Child ();
use Mllp ();

my $tables = '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3';
my $modules = '/usr/lib/glewlwyd';
my $key = 'signs the tokens of a test';
my $json = JSON::PP->new->utf8;


sub there {
    return grep({ -x "$_/glewlwyd" } split /:/, $ENV{PATH}) && -f $tables;
}


sub start {
    my ($class, $dir, %options) = @_;

    rmtree($dir);
    mkpath($dir);

    my $self = bless { dir => $dir, port => Mllp::free_ports(1) }, $class;

    $self->{api} = "http://127.0.0.1:$self->{port}/api";

    system("sqlite3 $dir/db <$tables") == 0 or die "glewlwyd: no database\n";
    $self->configure;
    $self->again;
    $self->set_up($options{life});

    return $self;
}


sub configure {
    my ($self) = @_;

    open my $conf, '>', "$self->{dir}/conf" or die "conf: $!\n";
    print $conf <<EOF;
port=$self->{port}
bind_address="127.0.0.1"
external_url="http://127.0.0.1:$self->{port}"
api_prefix="api"
log_mode="file"
log_level="INFO"
log_file="$self->{dir}/log"
cookie_secure=0
session_expiration=3600
session_key="session"
login_api_enabled=true
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="$modules/user"
client_module_path="$modules/client"
user_auth_scheme_module_path="$modules/scheme"
plugin_module_path="$modules/plugin"
database = { type = "sqlite3"; path = "$self->{dir}/db"; };
EOF
    close $conf;
}


# the endpoints of OpenID Connect, a scope, and the client

sub set_up {
    my ($self, $life) = @_;

    # as the tables have it at first

    $self->api('auth/', { username => 'admin', password => 'password' });

    $self->api('mod/plugin/', {
        module => 'oidc', name => 'oidc', display_name => 'oidc',
        parameters => {
            iss => "$self->{api}/oidc", 'jwt-type' => 'sha',
            'jwt-key-size' => '256', key => $key,
            'access-token-duration' => $life,
            'refresh-token-duration' => 3600, 'code-duration' => 600,
            'refresh-token-rolling' => JSON::PP::false,
            'allow-non-oidc' => JSON::PP::true,
            'auth-type-client-enabled' => JSON::PP::true,
            map({ ("auth-type-$_-enabled" => JSON::PP::false) }
                qw(code token id-token none password device refresh)),
            'subject-type' => 'public',
            map({ ("$_-claim" => 'no') } qw(name email scope)),
            'address-claim' => { type => 'no' },
            'allowed-scope' => ['openid'],
        },
    });

    $self->api('scope/', {
        name => $self->scope, password_required => JSON::PP::false,
        scheme => {},
    });

    $self->api('client/', {
        client_id => $self->client, client_secret => $self->secret,
        name => 'the engine', enabled => JSON::PP::true,
        confidential => JSON::PP::true, scope => [$self->scope],
        authorization_type => ['client_credentials'],
        token_endpoint_auth_method => ['client_secret_basic'],
        redirect_uri => ["http://127.0.0.1/"],
    });
}


sub api {
    my ($self, $path, $body) = @_;
    my $cookies = "$self->{dir}/cookies";

    open my $curl, '-|', 'curl', '-sS', '-m', 10, '-w', '%{http_code}',
         '-b', $cookies, '-c', $cookies,
         '-H', 'Content-Type: application/json', '-d', $json->encode($body), "$self->{api}/$path"
        or die "curl: $!\n";

    local $/;
    my $answer = <$curl> // '';

    die "glewlwyd: $path: $answer\n" if $answer !~ /200\z/;
}


sub again {
    my ($self) = @_;

    $self->{pid} = Child::server($self->{port}, "$self->{dir}/out",
                                 'glewlwyd',
                                 "--config-file=$self->{dir}/conf");
}


sub stop {
    my ($self) = @_;

    Child::stop($self->{pid});
}


sub url { return "$_[0]{api}/oidc/token" }
sub client { return 'engine' }
sub secret { return 'only-for-a-test' }
sub scope { return 'erp.post' }


# undef: it is none of ours

sub claims {
    my ($self, $token) = @_;
    my ($head, $body, $sign) =
        ($token // '') =~ /^([\w-]+)\.([\w-]+)\.([\w-]+)$/ or return;

    return if $sign ne encode_base64url(hmac_sha256("$head.$body", $key));

    return $json->decode(decode_base64url($body));
}


1;
