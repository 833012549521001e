package ErpServer;

# A stand-in (see Standin.pm) for what all ERPs have in common: it takes a key
# once, the same again is answered, and has no effect.  It looks at no message,
# so that it can be sent many.
#
#   my $erp = ErpServer->start($dir, delay => 0.02);
#   ... proxy_pass http://127.0.0.1:@{[$erp->port]};
#
#   $erp->set(status => 503, body => '{"error":"x"}');
#                         drop => 0.1   of the requests are in effect, but not
#                                       answered: the connection is closed
#                         delay => 0.02 seconds before the answer
#                         header => 'Retry-After: 3'
#                         bad => 'regex'      bodies that are answered 422
#                         again => 'regex'    that are answered 500
#                         hang => 'regex'     that are never answered
#                         status => 200       what all others are answered
#   my @seen = $erp->journal;           # of { key, sum, attempt, order, id,
#                                       #      effect, answer, time, trace }
#
# These are from the headers Idempotency-Key, X-Attempt, X-Order, X-Id and
# traceparent.

use strict;
use warnings;

use Digest::SHA 'sha256_hex';

use parent 'Standin';


sub respond {
    my ($self, $request) = @_;
    my ($set, $body) = ($self->{set}, $request->{body});
    my $status = $set->{status} // 200;
    my $text = $set->{body} // '{"ok":true}';

    if (defined $set->{bad} && $body =~ $set->{bad}) {
        $status = 422;
        $text = '{"error":{"code":"M7/021","message":"no"}}';
    }

    $status = 500 if defined $set->{again} && $body =~ $set->{again};

    return 'hang' if defined $set->{hang} && $body =~ $set->{hang};

    $request->{effect} = 1
        if $status =~ /^2/
           && !$self->{taken}{$request->{header}{'idempotency-key'} // ''}++;

    return 'drop' if rand() < ($set->{drop} || 0);

    return { status => $status, body => $text, delay => $set->{delay},
             header => ['Content-Type: application/json',
                        $set->{header} // ()] };
}


# there may be millions of them

sub line {
    my ($self, $request) = @_;
    my @named = map { $_ // '' }
                @{ $request->{header} }{qw(idempotency-key x-attempt x-order
                                           x-id traceparent)};

    return join "\t", @named, sha256_hex($request->{body}),
                      $request->{effect} // 0, @$request{qw(status at)};
}


sub entry {
    my ($self, $line) = @_;
    my %entry;

    @entry{qw(key attempt order id trace sum effect answer time)} =
        split /\t/, $line, -1;

    return \%entry;
}


1;
