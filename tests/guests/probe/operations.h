/*
 * What a line of the script can ask for. Each logs its name, its first arguments, the
 * status code and what the host gave.
 */
#pragma once
#include "words.h"

enum callback {
    CREATE, VM_START, CONFIGURE, TICK, REQUEST_HEADERS, REQUEST_BODY, REQUEST_TRAILERS,
    RESPONSE_HEADERS, RESPONSE_BODY, RESPONSE_TRAILERS, HTTP_CALL_RESPONSE, GRPC_INITIAL,
    GRPC_RECEIVE, GRPC_TRAILING, GRPC_CLOSE, QUEUE_READY, FOREIGN_FUNCTION, DONE, LOG, DELETE,
    CALLBACKS
};
static const char *const callback_names[CALLBACKS] = {
    "create", "vm_start", "configure", "tick", "request_headers", "request_body",
    "request_trailers", "response_headers", "response_body", "response_trailers",
    "http_call_response", "grpc_initial", "grpc_receive", "grpc_trailing", "grpc_close",
    "queue_ready", "foreign_function", "done", "log", "delete"};

static int refuse_configuration;
/* `when` found no such header: the rest of the block is for other requests. */
static int skip_rest;

/* `a=b,c=d` as the ABI's pairs: count, sizes, then keys and values, each ended by NUL. */
static struct word pairs_of(struct word text) {
    u32 count = 0;
    for (u32 i = 0; i < text.size; i++) count += text.data[i] == ',' || i == 0;
    u8 *data = memory_take(4 + 8 * count + text.size + 2 * count + 8);
    u32 *sizes = (u32 *)data;
    u8 *at = data + 4 + 8 * count;
    *sizes++ = count;
    for (u32 i = 0; i < text.size; i++) {
        u32 size = 0;
        for (; i < text.size && text.data[i] != '='; i++, size++) *at++ = text.data[i];
        *at++ = 0;
        *sizes++ = size;
        for (size = 0, i++; i < text.size && text.data[i] != ','; i++, size++) *at++ = text.data[i];
        *at++ = 0;
        *sizes++ = size;
    }
    return (struct word){data, (u32)(at - data)};
}

static void say_pairs(const u8 *data, u32 size) {
    if (size < 4) { say_bytes(data, size); return; }
    u32 count = *(const u32 *)data;
    say_number(count);
    if (size < 4 + 8 * (u64)count) return;
    const u32 *sizes = (const u32 *)(data + 4);
    const u8 *at = data + 4 + 8 * count;
    for (u32 i = 0; i < count; i++) {
        say_text(i ? ", " : " ");
        for (u32 j = 0; j < sizes[2 * i]; j++) say_byte(*at++);
        say_text("=");
        for (u32 j = 0; j < sizes[2 * i + 1]; j++) say_byte(at[1 + j]);
        at += sizes[2 * i + 1] + 2;
    }
}

/* A path of a property: its segments stand apart by `.`, a dot in one is `\x2e`… as `~`. */
static struct word path_of(struct word text) {
    u8 *data = memory_take(text.size);
    for (u32 i = 0; i < text.size; i++)
        data[i] = text.data[i] == '.' ? 0 : text.data[i] == '~' ? '.' : text.data[i];
    return (struct word){data, text.size};
}

struct line { const u8 *at, *end; u32 context; u32 *action; };
static struct word take(struct line *line) { return next_word(&line->at, line->end); }
static u32 take_number(struct line *line) { return number(take(line)); }

static void say_status(u32 status) { say_text(" ->"); say_number(status); }
static void say_word(struct word word) {
    say_byte(' ');
    for (u32 i = 0; i < word.size && i < 60; i++) say_byte(word.data[i]);
}

static void map_operation(struct word name, struct line *line) {
    u32 map = take_number(line), status, size = 0;
    u8 *data = 0;
    say_number(map);
    if (word_is(name, "pairs")) {
        say_status(status = proxy_get_header_map_pairs(map, &data, &size));
        if (status == 0) say_pairs(data, size);
    } else if (word_is(name, "pairs_size")) {
        say_status(proxy_get_header_map_size(map, &size));
        say_number(size);
    } else if (word_is(name, "set_pairs")) {
        struct word pairs = pairs_of(take(line));
        say_status(proxy_set_header_map_pairs(map, pairs.data, pairs.size));
    } else {
        struct word key = take(line);
        say_word(key);
        if (word_is(name, "get")) {
            say_status(status = proxy_get_header_map_value(map, key.data, key.size, &data, &size));
            if (data) say_bytes(data, size);
        } else if (word_is(name, "del")) {
            say_status(proxy_remove_header_map_value(map, key.data, key.size));
        } else {
            struct word value = take(line);
            say_status(
                word_is(name, "add")
                    ? proxy_add_header_map_value(map, key.data, key.size, value.data, value.size)
                    : proxy_replace_header_map_value(
                          map, key.data, key.size, value.data, value.size));
        }
    }
    say_end();
}

static void buffer_operation(struct word name, struct line *line) {
    u32 buffer = take_number(line), size = 0, flags = 0;
    u8 *data = 0;
    say_number(buffer);
    if (word_is(name, "buffer_status")) {
        say_status(proxy_get_buffer_status(buffer, &size, &flags));
        say_number(size);
        say_number(flags);
    } else {
        u32 start = take_number(line), count = take_number(line);
        say_number(start);
        say_number(count);
        if (word_is(name, "buffer")) {
            say_status(proxy_get_buffer_bytes(buffer, start, count, &data, &size));
            if (data) say_bytes(data, size);
        } else {
            struct word value = take(line);
            say_status(proxy_set_buffer_bytes(buffer, start, count, value.data, value.size));
        }
    }
    say_end();
}

static void property_operation(struct word name, struct line *line) {
    struct word text = take(line), path = path_of(text);
    say_word(text);
    if (word_is(name, "property")) {
        u8 *data = 0;
        u32 size = 0;
        say_status(proxy_get_property(path.data, path.size, &data, &size));
        if (data) say_bytes(data, size);
    } else {
        struct word value = take(line);
        say_status(proxy_set_property(path.data, path.size, value.data, value.size));
    }
    say_end();
}

static void call_operation(struct word name, struct line *line) {
    struct word upstream = take(line);
    u32 status;
    say_word(upstream);
    if (word_is(name, "http_call")) {
        struct word headers = pairs_of(take(line));
        u32 timeout = take_number(line);
        struct word body = take(line);
        status = proxy_http_call(upstream.data, upstream.size, headers.data, headers.size,
                                 body.data, body.size, 0, 0, timeout, &last_call);
    } else {
        struct word service = take(line), method = take(line), metadata = pairs_of(take(line));
        if (word_is(name, "grpc_call")) {
            u32 timeout = take_number(line);
            struct word message = take(line);
            status = proxy_grpc_call(upstream.data, upstream.size, service.data, service.size,
                                     method.data, method.size, metadata.data, metadata.size,
                                     message.data, message.size, timeout, &last_call);
        } else {
            status = proxy_grpc_stream(upstream.data, upstream.size, service.data, service.size,
                                       method.data, method.size, metadata.data, metadata.size,
                                       &last_call);
        }
    }
    say_status(status);
    say_end();
}

static void shared_operation(struct word name, struct line *line) {
    struct word key = take(line);
    say_word(key);
    u8 *data = 0;
    u32 size = 0;
    if (word_is(name, "shared_set")) {
        struct word value = take(line);
        u32 cas = take_number(line);
        say_status(proxy_set_shared_data(key.data, key.size, value.data, value.size, cas));
    } else if (word_is(name, "shared_get")) {
        say_status(proxy_get_shared_data(key.data, key.size, &data, &size, &last_cas));
        if (data) say_bytes(data, size);
        say_number(last_cas);
    } else if (word_is(name, "queue_register")) {
        say_status(proxy_register_shared_queue(key.data, key.size, &last_queue));
    } else if (word_is(name, "queue_resolve")) {
        struct word queue = take(line);
        say_status(
            proxy_resolve_shared_queue(key.data, key.size, queue.data, queue.size, &last_queue));
    } else if (word_is(name, "queue_push")) {
        struct word value = take(line);
        say_status(proxy_enqueue_shared_queue(number(key), value.data, value.size));
    } else {
        say_status(proxy_dequeue_shared_queue(number(key), &data, &size));
        if (data) say_bytes(data, size);
    }
    say_end();
}

static void metric_operation(struct word name, struct line *line) {
    u32 first = take_number(line);
    say_number(first);
    if (word_is(name, "metric_define")) {
        struct word metric = take(line);
        say_word(metric);
        say_status(proxy_define_metric(first, metric.data, metric.size, &last_metric));
    } else if (word_is(name, "metric_get")) {
        u64 value = 0;
        say_status(proxy_get_metric(first, &value));
        say_number(value);
    } else if (word_is(name, "metric_record")) {
        say_status(proxy_record_metric(first, take_number(line)));
    } else {
        say_status(proxy_increment_metric(first, (i32)take_number(line)));
    }
    say_end();
}

/* For calls in which the host may call back, which says lines of its own. */
static void say_result(const char *name, u32 value, u32 status) {
    say_begin(name);
    say_number(value);
    say_status(status);
    say_end();
}

static void local_operation(struct line *line) {
    u32 status = take_number(line);
    struct word details = take(line), body = take(line), headers = pairs_of(take(line));
    struct word grpc = take(line);
    u32 result = proxy_send_local_response(status, details.data, details.size, body.data, body.size,
                                           headers.data, headers.size,
                                           grpc.size ? (i32)number(grpc) : -1);
    say_result("local", status, result);
}

static void foreign_operation(struct line *line) {
    struct word function = take(line), arguments = take(line);
    u8 *data = 0;
    u32 size = 0;
    say_word(function);
    say_status(proxy_call_foreign_function(function.data, function.size, arguments.data,
                                           arguments.size, &data, &size));
    if (data) say_bytes(data, size);
    say_end();
}

static void wasi_operation(struct word name, struct line *line) {
    u32 count = 0, size = 0;
    if (word_is(name, "environment")) {
        say_status(environ_sizes_get(&count, &size));
        say_number(count);
        u8 **places = (u8 **)memory_take(4 * count);
        u8 *data = memory_take(size);
        say_status(environ_get(places, data));
        say_bytes(data, size);
    } else if (word_is(name, "arguments")) {
        say_status(args_sizes_get(&count, &size));
        say_number(count);
        say_number(size);
    } else if (word_is(name, "write")) {
        u32 fd = take_number(line), written = 0;
        struct word text = take(line);
        say_number(fd);
        say_status(fd_write(fd, &text, 1, &written));
        say_number(written);
    } else if (word_is(name, "clock")) {
        u32 clock = take_number(line);
        u64 time = 0;
        say_number(clock);
        say_status(clock_time_get(clock, 0, &time));
        say_number(time != 0);
    } else {
        size = take_number(line);
        say_number(size);
        say_status(random_get(memory_take(size), size));
    }
    say_end();
}

/* What takes no more than a number. */
static int short_operation(struct word name, struct line *line) {
    if (word_is(name, "return")) { *line->action = take_number(line); return 1; }
    if (word_is(name, "refuse")) { refuse_configuration = 1; return 1; }
    if (word_is(name, "trap")) __builtin_trap();
    if (word_is(name, "loop")) for (volatile u32 i = 0;; i++) {}
    u32 value, code = 0, size = 0;
    u64 time = 0;
    u8 *data = 0;
    if (word_is(name, "continue")) {
        value = take_number(line);
        say_result("continue", value, proxy_continue_stream(value));
        return 1;
    }
    if (word_is(name, "close")) {
        value = take_number(line);
        say_result("close", value, proxy_close_stream(value));
        return 1;
    }
    if (word_is(name, "effective")) {
        value = take_number(line);
        say_number(value);
        say_status(proxy_set_effective_context(value));
    } else if (word_is(name, "done")) say_status(proxy_done());
    else if (word_is(name, "period")) {
        value = take_number(line);
        say_number(value);
        say_status(proxy_set_tick_period_milliseconds(value));
    } else if (word_is(name, "level")) {
        say_status(proxy_get_log_level(&code));
        say_number(code);
    } else if (word_is(name, "time")) {
        say_status(proxy_get_current_time_nanoseconds(&time));
        say_number(time > 0);
    } else if (word_is(name, "status")) {
        say_status(proxy_get_status(&code, &data, &size));
        say_number(code);
        say_bytes(data, size);
    } else return 0;
    say_end();
    return 1;
}

static int starts(struct word name, const char *text) {
    u32 size = text_size(text);
    return name.size >= size && same(name.data, (const u8 *)text, size);
}

static void operate(const u8 *data, u32 size, u32 context, u32 *action) {
    struct line line = {data, data + size, context, action};
    struct word name = take(&line);
    if (name.size == 0) return;
    line_size = 0;
    if (word_is(name, "when")) {
        u8 *value = 0;
        u32 value_size = 0, map = take_number(&line);
        struct word key = take(&line);
        skip_rest = proxy_get_header_map_value(map, key.data, key.size, &value, &value_size) != 0;
        return;
    }
    for (u32 i = 0; i < name.size; i++) say_byte(name.data[i]);
    if (word_is(name, "say")) {
        u32 level = take_number(&line);
        struct word text = take(&line);
        u32 status = proxy_log(level, text.data, text.size);
        if (status) { say_status(status); say_end(); }
    } else if (short_operation(name, &line)) {
    } else if (starts(name, "property") || starts(name, "set_property")) {
        property_operation(name, &line);
    } else if (starts(name, "buffer") || starts(name, "set_buffer")) {
        buffer_operation(name, &line);
    } else if (starts(name, "shared") || starts(name, "queue")) {
        shared_operation(name, &line);
    } else if (starts(name, "metric")) {
        metric_operation(name, &line);
    } else if (word_is(name, "local")) {
        local_operation(&line);
    } else if (word_is(name, "foreign")) {
        foreign_operation(&line);
    } else if (word_is(name, "grpc_send")) {
        struct word message = take(&line);
        say_status(proxy_grpc_send(last_call, message.data, message.size, take_number(&line)));
        say_end();
    } else if (word_is(name, "grpc_cancel") || word_is(name, "grpc_close")) {
        say_status(word_is(name, "grpc_close") ? proxy_grpc_close(last_call)
                                               : proxy_grpc_cancel(last_call));
        say_end();
    } else if (starts(name, "http_call") || starts(name, "grpc")) {
        call_operation(name, &line);
    } else if (starts(name, "environment") || starts(name, "arguments") || starts(name, "write")
               || starts(name, "clock") || starts(name, "random")) {
        wasi_operation(name, &line);
    } else {
        map_operation(name, &line);
    }
}
