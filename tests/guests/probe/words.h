/* Memory, words and the line that is being said: what C without a library lacks. */
#pragma once
#include "abi.h"

/* What is taken lasts until the outermost callback returns, but for what is kept. */
#define MEMORY (16u << 20)
static u8 memory[MEMORY];
static u32 memory_used, memory_kept, depth;

static u8 *memory_take(u32 size) {
    u32 start = (memory_used + 15) & ~15u;
    if (size > MEMORY || start > MEMORY - size) __builtin_trap();
    memory_used = start + size;
    return memory + start;
}
static void memory_reset(void) { memory_used = memory_kept; }
static void memory_keep(void) { memory_kept = memory_used; }

struct word { const u8 *data; u32 size; };

static u32 text_size(const char *text) {
    u32 size = 0;
    while (text[size]) size++;
    return size;
}

static int same(const u8 *a, const u8 *b, u32 size) {
    for (u32 i = 0; i < size; i++) if (a[i] != b[i]) return 0;
    return 1;
}

static int word_is(struct word word, const char *text) {
    return word.size == text_size(text) && same(word.data, (const u8 *)text, word.size);
}

static u32 hexadecimal(u8 c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

/* The next word of a line: bare, or in quotes; \n, \0, \xNN, \" and \\ mean what they do in C. */
static struct word next_word(const u8 **line, const u8 *end) {
    const u8 *at = *line;
    while (at < end && *at == ' ') at++;
    int quoted = at < end && *at == '"';
    at += quoted;
    u8 *data = memory_take((u32)(end - at) + 1);
    u32 size = 0;
    while (at < end && *at != (quoted ? '"' : ' ')) {
        u8 c = *at++;
        if (c == '\\' && at < end) {
            c = *at++;
            if (c == 'n') c = '\n';
            else if (c == '0') c = 0;
            else if (c == 'x' && end - at >= 2) {
                c = (u8)(hexadecimal(at[0]) << 4 | hexadecimal(at[1]));
                at += 2;
            }
        }
        data[size++] = c;
    }
    *line = at + (quoted && at < end);
    return (struct word){data, size};
}

/* The line that is said next, at the level info. */
#define LINE 65536
static u8 line_said[LINE];
static u32 line_size;

static void say_byte(u8 byte) { if (line_size < LINE) line_said[line_size++] = byte; }
static void say_text(const char *text) { while (*text) say_byte((u8)*text++); }

static void say_digits(u64 number) {
    u8 digits[20];
    u32 count = 0;
    do { digits[count++] = (u8)('0' + number % 10); number /= 10; } while (number);
    while (count) say_byte(digits[--count]);
}
static void say_begin(const char *text) { line_size = 0; say_text(text); }
static void say_number(u64 number) { say_byte(' '); say_digits(number); }

/* Quoted; what is no printable ASCII as \xNN. Long ones are cut, their size is told. */
static void say_bytes(const u8 *data, u32 size) {
    say_text(" \"");
    for (u32 i = 0; i < size && i < 400; i++) {
        u8 c = data[i];
        if (c == '"' || c == '\\') { say_byte('\\'); say_byte(c); }
        else if (c >= 32 && c < 127) say_byte(c);
        else {
            say_text("\\x");
            say_byte((u8)"0123456789abcdef"[c >> 4]);
            say_byte((u8)"0123456789abcdef"[c & 15]);
        }
    }
    say_byte('"');
    if (size > 400) { say_text("... of"); say_number(size); }
}
static void say_end(void) { proxy_log(2, line_said, line_size); }

/* Numbers in words: `max` is the largest, `$stream`, `$previous` and `$root` are contexts. */
static u32 root_context, stream_context, previous_context, last_queue, last_metric, last_cas;
static u32 last_call;

static u32 number(struct word word) {
    if (word_is(word, "max")) return 0xffffffffu;
    if (word_is(word, "$stream")) return stream_context;
    if (word_is(word, "$previous")) return previous_context;
    if (word_is(word, "$root")) return root_context;
    if (word_is(word, "$queue")) return last_queue;
    if (word_is(word, "$metric")) return last_metric;
    if (word_is(word, "$cas")) return last_cas;
    if (word_is(word, "$call")) return last_call;
    u32 sum = 0, i = word.size > 0 && word.data[0] == '-';
    u32 negative = i;
    for (; i < word.size; i++) sum = sum * 10 + (word.data[i] - '0');
    return negative ? 0u - sum : sum;
}
