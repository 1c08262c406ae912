/*
 * A filter that does what its configuration says and logs what came of it, so that the
 * log is the transcript of a host's behaviour. It is written against the bare ABI: no SDK
 * stands between the host and what is seen.
 *
 * The configuration is a list of blocks, each headed by the name of a callback, which may
 * be narrowed to its n-th call in the same context (`request_body@2`) or to the one that
 * ends the stream (`request_body@end`). The operations of a block stand one a line,
 * indented; `operations.h` lists them. A block without operations is fine.
 *
 *     request_headers
 *       get 0 :path
 *       set 0 x-seen "by the probe"
 *       when 0 x-trap
 *       trap
 *     request_body@1
 *       return 1
 */
#include "words.h"
#include "operations.h"

static u8 *script;
static u32 script_size;

/* How often each callback came in each context; the oldest context is forgotten. */
#define CONTEXTS 256
static struct { u32 context; u32 calls[CALLBACKS]; } seen[CONTEXTS];

static u32 count_call(u32 context, u32 callback) {
    u32 slot = context % CONTEXTS;
    if (seen[slot].context != context) {
        seen[slot].context = context;
        for (u32 i = 0; i < CALLBACKS; i++) seen[slot].calls[i] = 0;
    }
    return ++seen[slot].calls[callback];
}

/* Does the head of a block, as `request_body@2`, mean this call? */
static int head_matches(const u8 *line, u32 size, const char *name, u32 call, int end) {
    u32 length = text_size(name);
    if (size < length || !same(line, (const u8 *)name, length)) return 0;
    if (size == length) return 1;
    if (line[length] != '@') return 0;
    struct word rest = {line + length + 1, size - length - 1};
    if (word_is(rest, "end")) return end;
    if (word_is(rest, "more")) return !end;
    return number(rest) == call;
}

/* Runs every block that means this call; the action is the last `return`, else Continue. */
static u32 run(u32 callback, u32 context, int end) {
    u32 call = count_call(context, callback);
    u32 action = 0;
    int active = 0;
    depth++;
    for (u32 at = 0; at < script_size;) {
        u32 stop = at;
        while (stop < script_size && script[stop] != '\n') stop++;
        const u8 *line = script + at;
        u32 size = stop - at;
        at = stop + 1;
        if (size == 0 || line[0] == '#') continue;
        if (line[0] != ' ') {
            active = head_matches(line, size, callback_names[callback], call, end);
        } else if (active) {
            operate(line, size, context, &action);
            active = !skip_rest;
            skip_rest = 0;
        }
    }
    if (--depth == 0) memory_reset();
    return action;
}

/* Logs the call with its arguments, then does what the script asks for. */
static u32 tell(u32 callback, u32 context, u32 a, u32 b, u32 arguments, int end) {
    say_begin(callback_names[callback]);
    say_number(context);
    if (arguments > 0) say_number(a);
    if (arguments > 1) say_number(b);
    say_end();
    return run(callback, context, end);
}

EXPORT("proxy_abi_version_0_2_1") void abi(void) {}
EXPORT("_initialize") void initialize(void) {}
EXPORT("proxy_on_memory_allocate") u8 *allocate(u32 size) { return memory_take(size); }

EXPORT("proxy_on_context_create") void on_context_create(u32 context, u32 parent) {
    if (parent == 0) root_context = context;
    else { previous_context = stream_context; stream_context = context; }
    tell(CREATE, context, parent, 0, 1, 0);
}

/* The script of what comes before the configuration may be the VM's. */
static void take_script(u32 buffer, u32 size) {
    u8 *data = 0;
    u32 length = 0;
    if (size == 0 || proxy_get_buffer_bytes(buffer, 0, size, &data, &length) != 0) return;
    script = data;
    script_size = length;
    memory_keep();
}

EXPORT("proxy_on_vm_start") u32 on_vm_start(u32 context, u32 size) {
    take_script(6, size);
    tell(VM_START, context, size, 0, 1, 0);
    return 1;
}

EXPORT("proxy_on_configure") u32 on_configure(u32 context, u32 size) {
    take_script(7, size);
    tell(CONFIGURE, context, 0, 0, 0, 0);
    return refuse_configuration ? 0 : 1;
}

EXPORT("proxy_on_tick") void on_tick(u32 context) { tell(TICK, context, 0, 0, 0, 0); }

EXPORT("proxy_on_request_headers") u32 on_request_headers(u32 context, u32 count, u32 end) {
    return tell(REQUEST_HEADERS, context, count, end, 2, end);
}
EXPORT("proxy_on_request_body") u32 on_request_body(u32 context, u32 size, u32 end) {
    return tell(REQUEST_BODY, context, size, end, 2, end);
}
EXPORT("proxy_on_request_trailers") u32 on_request_trailers(u32 context, u32 count) {
    return tell(REQUEST_TRAILERS, context, count, 0, 1, 1);
}
EXPORT("proxy_on_response_headers") u32 on_response_headers(u32 context, u32 count, u32 end) {
    return tell(RESPONSE_HEADERS, context, count, end, 2, end);
}
EXPORT("proxy_on_response_body") u32 on_response_body(u32 context, u32 size, u32 end) {
    return tell(RESPONSE_BODY, context, size, end, 2, end);
}
EXPORT("proxy_on_response_trailers") u32 on_response_trailers(u32 context, u32 count) {
    return tell(RESPONSE_TRAILERS, context, count, 0, 1, 1);
}
EXPORT("proxy_on_http_call_response")
void on_http_call_response(u32 context, u32 call, u32 headers, u32 body, u32 trailers) {
    say_begin(callback_names[HTTP_CALL_RESPONSE]);
    say_number(context);
    say_number(headers);
    say_number(body);
    say_number(trailers);
    say_end();
    (void)call;
    run(HTTP_CALL_RESPONSE, context, 1);
}
EXPORT("proxy_on_grpc_receive_initial_metadata")
void on_grpc_initial(u32 context, u32 call, u32 count) {
    (void)call;
    tell(GRPC_INITIAL, context, count, 0, 1, 0);
}
EXPORT("proxy_on_grpc_receive") void on_grpc_receive(u32 context, u32 call, u32 size) {
    (void)call;
    tell(GRPC_RECEIVE, context, size, 0, 1, 0);
}
EXPORT("proxy_on_grpc_receive_trailing_metadata")
void on_grpc_trailing(u32 context, u32 call, u32 count) {
    (void)call;
    tell(GRPC_TRAILING, context, count, 0, 1, 0);
}
EXPORT("proxy_on_grpc_close") void on_grpc_close(u32 context, u32 call, u32 status) {
    (void)call;
    tell(GRPC_CLOSE, context, status, 0, 1, 0);
}
EXPORT("proxy_on_queue_ready") void on_queue_ready(u32 context, u32 queue) {
    last_queue = queue;
    tell(QUEUE_READY, context, 0, 0, 0, 0);
}
EXPORT("proxy_on_foreign_function") void on_foreign(u32 context, u32 function, u32 size) {
    tell(FOREIGN_FUNCTION, context, function, size, 2, 0);
}
EXPORT("proxy_on_done") u32 on_done(u32 context) {
    u32 action = tell(DONE, context, 0, 0, 0, 0);
    return action == 0;
}
EXPORT("proxy_on_log") void on_log(u32 context) { tell(LOG, context, 0, 0, 0, 0); }
EXPORT("proxy_on_delete") void on_delete(u32 context) { tell(DELETE, context, 0, 0, 0, 0); }
