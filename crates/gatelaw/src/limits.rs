//! Every limit of gatelaw, in one place, each with its reason.

/// Bytes of one policy file: beyond this a policy is generated, and belongs in a list file.
pub const SOURCE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of the file of one list: a million entries of some 64 bytes.
pub const LIST_FILE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of an artifact: room for the largest policy and its lists, and far below what its `u32` offsets can reach.
pub const ARTIFACT_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Depth of parentheses, `not`, blocks and JSON in a policy: deeper is a mistake or an attack, and 64 fits any stack.
pub const NESTING_MAX: u32 = 64;
/// Rules of one policy: the plan numbers them in `u32` with room to spare.
pub const RULES_MAX: usize = 100_000;
/// Entries of one list.
pub const LIST_ENTRIES_MAX: usize = 1_000_000;
/// Bad lines of one list file that are told one by one: a wrong file has as many as it has lines. The others are counted.
pub const LIST_FAULTS_SHOWN_MAX: usize = 20;
/// Bytes of one name.
pub const NAME_BYTES_MAX: usize = 64;
/// Bytes of the text of one `matches` pattern.
pub const PATTERN_BYTES_MAX: usize = 1024;
/// Bytes of the automaton of one `matches` pattern.
pub const PATTERN_DFA_BYTES_MAX: usize = 64 * 1024;
/// Bytes of the text that a `respond` sends.
pub const RESPOND_TEXT_BYTES_MAX: usize = 256;
/// Seconds of a duration: ten years of 365 days.
pub const DURATION_S_MAX: i64 = 10 * 365 * 24 * 60 * 60;
/// Seconds of an issuer's leeway: clocks of servers agree to within seconds, and a token should not outlive its time.
pub const LEEWAY_S_MAX: i64 = 30;
/// Seconds beyond its issuer's leeway by which a token's times may be off for a wrong clock to be suspected: clocks that nobody keeps are off
/// by minutes, and Kerberos takes five for what a network's clocks may differ by (RFC 4120 §8.2).
pub const CLOCK_SKEW_SUSPECTED_S_MAX: i64 = 5 * 60;
/// Seconds between `iat` and `exp` where an issuer says nothing: a day, longer than any sound access token lives.
pub const TOKEN_AGE_S_DEFAULT: i64 = 24 * 60 * 60;

/// Bytes of a request's method: the longest registered one has 17 (IANA HTTP Method Registry).
pub const METHOD_BYTES_MAX: usize = 64;
/// Bytes of a request's host: the longest name that DNS can say (RFC 1035 §2.3.4).
pub const HOST_BYTES_MAX: usize = 253;
/// Bytes of one label of a host (RFC 1035 §2.3.4).
pub const LABEL_BYTES_MAX: usize = 63;
/// Bytes of a request's path: servers behind the gates stop at 8 KiB.
pub const PATH_BYTES_MAX: usize = 8 * 1024;
/// Segments of a request's path.
pub const SEGMENTS_MAX: usize = 128;
/// Bytes of one segment, as received.
pub const SEGMENT_BYTES_MAX: usize = 1024;
/// Bytes of a request's query, as written back.
pub const QUERY_BYTES_MAX: usize = 16 * 1024;
/// Pairs of a request's query.
pub const QUERY_PAIRS_MAX: usize = 100;
/// Header lines of a request.
pub const HEADER_LINES_MAX: usize = 200;
/// Bytes of all header names and values of a request.
pub const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a header's name that a refusal repeats: a name is kept in place, so that refusing allocates nothing.
pub const REFUSED_NAME_BYTES_MAX: usize = 64;
/// Bytes of a value that a `matches` tests: keeps the cost of a decision bounded.
pub const MATCHED_VALUE_BYTES_MAX: usize = 8 * 1024;
/// Bytes of a value that a `forward` sets: servers behind the gates stop near here.
pub const FORWARD_VALUE_BYTES_MAX: usize = 4 * 1024;
/// Bytes of the names and values of all headers that matching `forward` rules set: as much as a request may bring. No number of
/// rules, however they came into an artifact, makes a decision larger.
pub const FORWARD_BYTES_MAX: usize = HEADER_BYTES_MAX;
/// Bytes of the names and texts of all that matching `audit` rules keep: a record has to fit one line of a log.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;

/// Variables of one diagram: combining diagrams recurses as deep as this, and must fit a small stack.
pub const PART_VARIABLES_MAX: usize = 128;
/// Edges made while one part of the plan becomes a diagram; beyond this it becomes bit vectors.
pub const PART_EDGES_MAX: u64 = 1 << 17;
/// Edges that the smallest part may make, as a base, and more for each of its alternatives: a handful of rules is asked as
/// fast in bit vectors, which take a few words each, as in a diagram that is a thousand times as large.
pub const PART_EDGES_BASE: u64 = 2048;
/// Edges that a part may make more for each of its alternatives.
pub const ALTERNATIVE_EDGES_MAX: u64 = 128;
/// Edges made for all diagrams of a plan; beyond this the remaining parts become bit vectors.
pub const PLAN_EDGES_MAX: u64 = 1 << 24;
/// Steps that one decision may take at most for each word of its plan, whoever made that: what the compiler makes reads a word of
/// a class once in each reading, and a word of a route once for each of 129 segments, of which many words are never read.
pub const DECISION_STEPS_PER_WORD: u64 = 64;
/// Steps that one decision may take whatever the size of its plan: milliseconds.
pub const DECISION_STEPS_BASE: u64 = 1 << 20;
/// Rows that one rule may take in bit vectors; beyond this it is asked as one program.
pub const RULE_ROWS_MAX: usize = 32;
/// Total length of the signatures of one classifier; beyond this its tests are split into several.
pub const SIGNATURES_MAX: usize = 1 << 22;
/// States of the route automaton for one set of hosts, beyond a small multiple of its patterns' segments.
pub const ROUTE_STATES_MAX: usize = 1 << 16;
/// Segments such as `*.json` beside each other in one place of the route automaton; beyond this its routes become bit vectors.
pub const ROUTE_AFFIXES_MAX: usize = 4;
/// Combinations of diagrams that are remembered while a policy is compiled; a table of so many takes some 35 MB.
pub const DIAGRAM_RESULTS_MAX: usize = 1 << 20;
/// Bytes of one automaton for patterns on an attribute.
pub const DFA_BYTES_MAX: usize = 256 * 1024;
/// States that the automaton of several patterns may have beyond twice those that they have alone: so many that a handful of patterns
/// that match anywhere are one.
pub const PRODUCT_STATES_FEW: usize = 1024;
/// States of the automaton of one pattern in which equal ones are looked for.
pub const MINIMISED_STATES_MAX: usize = 512;
/// Moves of single patterns while the automaton of several is built: tens of milliseconds. Beyond this they are split.
pub const PRODUCT_STEPS_MAX: usize = 1 << 22;
/// Automata that patterns on an attribute may take, all walked with each value; beyond this those of few patterns are walked only where a
/// literal of theirs occurs.
pub const AUTOMATA_FEW: usize = 4;
/// Patterns of an automaton that is better walked for each alone, where its literal occurs.
pub const AUTOMATON_PATTERNS_FEW: usize = 4;
/// Patterns `*literal*` on an attribute, or `*literal`, that are automata like others: each more doubles their states.
pub const LITERAL_PATTERNS_FEW: usize = 6;
/// Bytes of a literal that is the whole of a pattern, and is looked for among many.
pub const LITERAL_BYTES_MAX: usize = 32;
/// Bytes of a literal that must occur before a pattern's automaton is walked: more tell few values apart, and take states.
pub const GUARD_BYTES_MAX: usize = 8;
/// Bytes of the automaton that looks for many literals: beyond this there are several.
pub const SCAN_BYTES_MAX: usize = 1024 * 1024;
/// Literals in a block of bit vectors, which are passed over at once where none of them occurs.
pub const BLOCK_LITERALS_MAX: usize = 32;
/// Literals for which a block is worth its own question.
pub const BLOCK_LITERALS_MIN: usize = 4;
/// Tests of one rule once defines stand for themselves: defines of defines can double with every line.
pub const EXPANDED_TESTS_MAX: u32 = 100_000;
/// Tests that defines stand for in all rules together: what they say is repeated in each rule, and takes some 300 bytes a test.
pub const EXPANDED_POLICY_TESTS_MAX: u32 = 1_000_000;
/// Depth of one rule once defines stand for themselves: what walks it recurses as deep, and must fit a small stack.
pub const EXPANDED_DEPTH_MAX: u32 = 128;
/// Edges made while rules are compared for warnings; beyond this warnings may be missing.
pub const ANALYSIS_EDGES_MAX: u64 = 1 << 21;
/// Pairs of rules that are compared for warnings; beyond this warnings may be missing.
pub const ANALYSIS_PAIRS_MAX: usize = 200_000;
/// Requests that are tried as a witness for two rules.
pub const ANALYSIS_WITNESSES_MAX: u32 = 64;
/// Depth of the JSON of a request line: claims are flat, and 32 fits any stack.
pub const JSON_DEPTH_MAX: u32 = 32;
/// Bytes of one request line: headers of 64 KiB and claims of 1 MiB, escaped, with room to spare.
pub const REQUEST_LINE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bytes of a token: servers stop near 8 KiB of one header, and a token of an identity provider has at most a few.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Depth of the JSON of a token: claims of real providers have four levels.
pub const TOKEN_DEPTH_MAX: u32 = 16;
/// Bytes of a key's id in a token.
pub const KEY_ID_BYTES_MAX: usize = 256;
/// Bits of an RSA key that may verify (RFC 7518 §3.3).
pub const RSA_BITS_MIN: usize = 2048;
/// Bits of an RSA key at most: a signature of a larger one costs milliseconds.
pub const RSA_BITS_MAX: usize = 8192;
/// Bytes of a key set.
pub const KEY_SET_BYTES_MAX: usize = 256 * 1024;
/// Keys of a key set.
pub const KEYS_MAX: usize = 64;
/// Seconds for which fetched keys are fresh, whatever their endpoint says: at least, so that no endpoint is asked at each request.
pub const KEYS_FRESH_S_MIN: i64 = 5 * 60;
/// Seconds for which fetched keys are fresh at most, so that a revoked key doesn't live on.
pub const KEYS_FRESH_S_MAX: i64 = 24 * 60 * 60;
/// Seconds for which fetched keys are fresh where their endpoint says nothing.
pub const KEYS_FRESH_S_DEFAULT: i64 = 10 * 60;
/// Seconds between two fetches of one issuer's keys, whatever tokens ask for.
pub const KEYS_COOL_DOWN_S: i64 = 30;
/// Milliseconds that a fetch of keys takes, what says where they are included: a request may be waiting for them.
pub const FETCH_MILLISECONDS_MAX: u64 = 5_000;
/// Seconds after which a fetch that never ended counts as failed: twice a host's time-out.
pub const KEYS_FETCH_S_MAX: i64 = 10;
/// Verified tokens that a gate remembers, where it is not told otherwise.
pub const TOKENS_REMEMBERED_DEFAULT: usize = 10_000;
/// Bytes that remembered tokens take, those that are kept whole included, however many may be: a caller with ten thousand groups must
/// not cost a gate its memory, and a hundred thousand usual ones fit.
pub const TOKENS_REMEMBERED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Tokens whose signature JavaScript verifies at one time: a host that drops a request meanwhile leaves one behind, of up to 32 KiB.
pub const TOKENS_PENDING_MAX: usize = 512;
/// Tokens that are kept whole, so that they are compared instead of digested.
pub const TOKENS_RECENT: usize = 2048;
/// Bytes of a token that is kept whole: with [`TOKENS_RECENT`], 10 MiB.
pub const TOKEN_RECENT_BYTES_MAX: usize = 5 * 1024;
/// Bytes of a `traceparent`: 55, and room for what a later version adds.
pub const TRACE_PARENT_BYTES_MAX: usize = 256;
/// Members of a `tracestate` (W3C Trace Context §3.3.1.1).
pub const TRACE_MEMBERS_MAX: usize = 32;
/// Bytes of a member's key in a `tracestate` (W3C Trace Context §3.3.1.3.1).
pub const TRACE_KEY_BYTES_MAX: usize = 256;
/// Bytes of a member's value in a `tracestate` (W3C Trace Context §3.3.1.3.2).
pub const TRACE_VALUE_BYTES_MAX: usize = 256;
