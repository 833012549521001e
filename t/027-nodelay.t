# An acknowledgement that waits for TCP to acknowledge the one before takes up
# to 40 ms: NGINX sets the stock tcp_nodelay, on by default, before mllp_pass.

use lib 't/lib';
use MllpTest;

run_tests();

__DATA__

=== TEST 1: no delay is the default
--- log_level: debug
--- hl7
MSH|^~\&|LAB|WARD|HIE|ERP|20260301120000||ADT^A01|1|P|2.5
--- msa
AA|1
--- error_log
tcp_nodelay



=== TEST 2: tcp_nodelay off
--- log_level: debug
--- mllp
tcp_nodelay off;
--- hl7
MSH|^~\&|LAB|WARD|HIE|ERP|20260301120000||ADT^A01|1|P|2.5
--- msa
AA|1
--- no_error_log
tcp_nodelay
