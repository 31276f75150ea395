/* test_io_json -- the JSON reader and writer, rule by rule. */
#include "check.h"
#include "../ref/io/io.h"

#include <math.h>
#include <stdlib.h>

void test_io_json(struct check *c);

static void refused_bytes(struct check *c, const char *text, size_t n, const char *phrase)
{
    struct json_document d;
    struct err e = { OK, "" };
    char *exact = malloc(n ? n : 1);            /* so that a sanitizer sees a read behind it */
    if (!exact) return;
    memcpy(exact, text, n);
    CHECK_STATUS(json_parse(&d, "doc.json", exact, n, 0, &e), E_DATA);
    CHECK_STATUS(e.code, E_DATA);
    CHECK_HAS(e.text, "doc.json: byte ");
    CHECK_HAS(e.text, phrase);
    json_free(&d);
    free(exact);
}

static void refused(struct check *c, const char *text, const char *phrase)
{
    refused_bytes(c, text, strlen(text), phrase);
}

static int parses(const char *text, struct json_document *d)
{
    struct err e;
    return json_parse(d, "doc.json", text, strlen(text), 0, &e) == OK;
}

static void test_values(struct check *c)
{
    struct json_document d;
    check_case(c, "io: json values");
    CHECK(parses(" {\"a\": [1, -2.5e3, true, false, null], \"b\\u0000\": {}, \"\": \"x\"}\r\n\t", &d));
    const struct json *a = json_get(d.root, "a");
    CHECK(d.root->type == JSON_OBJECT && d.root->count == 3 && a && a->count == 5 && a->offset == 7);
    if (a) {
        const struct json *v = a->first;
        CHECK(v->type == JSON_NUMBER && v->number == 1 && !v->key && v->offset == 8);
        v = v->next;
        CHECK(v->number == -2500);
        CHECK_STR(v->digits, "-2.5e3");
        v = v->next;
        CHECK(v->type == JSON_TRUE && v->next->type == JSON_FALSE && v->next->next->type == JSON_NULL);
    }
    CHECK(d.root->first->next->key_length == 2 && json_get(d.root, "b") == NULL);
    CHECK(json_get(d.root, "") && json_get(d.root, "c") == NULL);
    json_free(&d);

    check_case(c, "io: json strings");
    CHECK(parses("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00 \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \x7f\"", &d));
    CHECK_STR(d.root->string, "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \x7f");
    json_free(&d);
    CHECK(parses("\"\\u07ff\\u0800\\uffff\\udbff\\udfff \xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"", &d));
    CHECK_STR(d.root->string, "\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf \xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
    json_free(&d);
    CHECK(parses("\"\\u0000x\"", &d) && d.root->length == 2 && d.root->string[0] == 0 && d.root->string[1] == 'x');
    json_free(&d);

    check_case(c, "io: json numbers");
    static const struct { const char *text; double value; } numbers[] = {
        { "0", 0 }, { "-0", 0 }, { "0.0", 0 }, { "1e5", 1e5 }, { "1E+5", 1e5 }, { "12.5e-1", 1.25 }, { "1e-999", 0 },
        { "1.7976931348623157e308", 1.7976931348623157e308 }, { "5e-324", 5e-324 }, { "9007199254740993", 9007199254740992.0 },
    };
    for (size_t i = 0; i < LEN(numbers); i++) {
        CHECK(parses(numbers[i].text, &d) && d.root->number == numbers[i].value);
        CHECK_STR(d.root->digits, numbers[i].text);
        json_free(&d);
    }
}

static void test_sizes(struct check *c)
{
    struct json_document d;
    size_t n = 0;
    static const char *const not_sizes[] = { "-1", "-0", "1.0", "1e3", "18446744073709551616", "\"1\"", "null", "[1]" };
    check_case(c, "io: json sizes");
    CHECK(parses("18446744073709551615", &d) && (sizeof n < 8 || (json_size(d.root, SIZE_MAX, &n) && n == SIZE_MAX)));
    json_free(&d);
    CHECK(parses("255", &d) && json_size(d.root, 255, &n) && n == 255 && !json_size(d.root, 254, &n) && !json_size(d.root, 0, &n));
    json_free(&d);
    CHECK(parses("7", &d) && !json_size(d.root, 6, &n));
    json_free(&d);
    for (size_t i = 0; i < LEN(not_sizes); i++) {
        CHECK(parses(not_sizes[i], &d) && !json_size(d.root, SIZE_MAX, &n));
        json_free(&d);
    }
}

static void test_refused(struct check *c)
{
    static const char *const grammar[][2] = {
        { "", "ends where a JSON value should be" }, { " \n", "ends where" }, { "[1,]", "expected a value, found ']'" },
        { "[1", "ends where" }, { "[1 2]", "expected ',' or ']'" }, { "{\"a\" 1}", "expected ':'" }, { "{\"a\":}", "expected a value" },
        { "{\"a\":1,}", "expected a key" }, { "{a:1}", "expected a key" }, { "{\"a\":1]", "expected ',' or '}'" },
        { "[1}", "expected ',' or ']'" }, { "{", "ends where" }, { "tru", "expected a value" }, { "True", "expected a value" },
        { "nul", "expected a value" }, { "NaN", "expected a value" }, { "Infinity", "expected a value" }, { "1 2", "nothing after" },
        { "{} x", "nothing after" }, { "\xef\xbb\xbf{}", "expected a value" }, { "[1]//", "nothing after" }, { "'a'", "expected a value" },
        { "\v1", "expected a value, found '\\x0b'" },
    };
    static const char *const numbers[][2] = {
        { "01", "leading zero" }, { "-01", "leading zero" }, { "-", "a digit" }, { "+1", "expected a value" }, { ".5", "expected a value" },
        { "1.", "after the point" }, { "1.e1", "after the point" }, { "1e", "in the exponent" }, { "1e+", "in the exponent" },
        { "0x10", "nothing after" }, { "1e309", "too large for a double" }, { "-1e309", "too large for a double" }, { "--1", "a digit" },
    };
    static const char *const strings[][2] = {
        { "\"abc", "no end" }, { "\"abc\\\"", "no end" }, { "\"\\", "no end" }, { "\"\\x41\"", "unknown escape" }, { "\"\\u12\"", "four hex" },
        { "\"\\u12g4\"", "four hex" }, { "\"\\u\"", "four hex" }, { "\"\\ud800\"", "high surrogate" }, { "\"\\ud800x\"", "high surrogate" },
        { "\"\\ud800\\n\"", "high surrogate" }, { "\"\\ud800\\u0041\"", "high surrogate" }, { "\"\\ud800\\ud800\"", "high surrogate" },
        { "\"\\ud800\\ude\"", "high surrogate" }, { "\"\\udc00\"", "low surrogate" }, { "\"a\nb\"", "byte 2: control character" },
        { "\"\x1f\"", "control character" }, { "\"\x80\"", "not UTF-8" }, { "\"\xc0\xaf\"", "not UTF-8" }, { "\"\xc1\xbf\"", "not UTF-8" },
        { "\"\xe0\x9f\xbf\"", "not UTF-8" }, { "\"\xf0\x8f\xbf\xbf\"", "not UTF-8" }, { "\"\xed\xa0\x80\"", "not UTF-8" },
        { "\"\xed\xbf\xbf\"", "not UTF-8" }, { "\"\xf4\x90\x80\x80\"", "not UTF-8" }, { "\"\xf5\x80\x80\x80\"", "not UTF-8" },
        { "\"\xff\"", "not UTF-8" }, { "\"\xe2\x82\"", "not UTF-8" }, { "\"\xc3(\"", "not UTF-8" }, { "{\"\xff\":1}", "not UTF-8" },
    };
    check_case(c, "io: json grammar refused");
    for (size_t i = 0; i < LEN(grammar); i++) refused(c, grammar[i][0], grammar[i][1]);
    refused_bytes(c, "1\0", 2, "nothing after");
    refused_bytes(c, "\"a\0b\"", 5, "control character");
    refused_bytes(c, "\"\\\0\"", 4, "unknown escape");
    check_case(c, "io: json numbers refused");
    for (size_t i = 0; i < LEN(numbers); i++) refused(c, numbers[i][0], numbers[i][1]);
    check_case(c, "io: json strings refused");
    for (size_t i = 0; i < LEN(strings); i++) refused(c, strings[i][0], strings[i][1]);
}

static void test_limits(struct check *c)
{
    struct json_document d;
    struct err e;
    struct text t = { NULL, 0, 0, 0 };
    char deep[2 * JSON_MAX_DEPTH + 3];
    check_case(c, "io: json depth");
    memset(deep, '[', JSON_MAX_DEPTH + 1);
    memset(deep + JSON_MAX_DEPTH + 1, ']', JSON_MAX_DEPTH + 1);
    deep[2 * JSON_MAX_DEPTH + 2] = 0;
    refused(c, deep, "byte 64: nested too deep");
    CHECK_STATUS(json_parse(&d, "doc.json", deep + 1, 2 * JSON_MAX_DEPTH, 0, &e), OK);
    json_free(&d);

    check_case(c, "io: json duplicate keys");
    refused(c, "{\"a\":1,\"b\":2,\"a\":3}", "byte 17: duplicate key \"a\"");
    refused(c, "{\"a\":1,\"\\u0061\":2}", "duplicate key");
    refused(c, "{\"\":1,\"\":2}", "duplicate key");
    CHECK(parses("{\"a\":{\"a\":1},\"b\":{\"a\":1},\"a\\u0000\":1,\"a\\u0001\":1}", &d));
    json_free(&d);
    /* 200,000 keys of one length with a long common start: n log n is a blink, n * n is minutes */
    text_add(&t, "{");
    for (int i = 0; i < 200000; i++) text_add(&t, "%s\"transformer_blocks.%06d\":0", i ? "," : "", i);
    size_t n = t.len;
    text_add(&t, "}");
    CHECK_STATUS(json_parse(&d, "doc.json", t.s, t.len, 0, &e), OK);
    CHECK(d.root && d.root->count == 200000);
    json_free(&d);
    t.len = n;
    text_add(&t, ",\"transformer_blocks.077777\":0}");
    CHECK_STATUS(json_parse(&d, "doc.json", t.s, t.len, 0, &e), E_DATA);
    CHECK_HAS(e.text, "duplicate key \"transformer_blocks.077777\"");
    text_free(&t);

    check_case(c, "io: json messages");
    CHECK_STATUS(json_parse(&d, "m.safetensors", "[1,x]", 5, 8, &e), E_DATA);
    CHECK_STR(e.text, "m.safetensors: byte 11: expected a value, found 'x'");
    CHECK_STATUS(json_parse(&d, "m", "{\"\\u001b[2J\\n\":1,\"\\u001b[2J\\n\":1}", 33, 0, &e), E_DATA);
    CHECK_HAS(e.text, "duplicate key \"\\x1b[2J\\x0a\"");       /* a terminal must not obey a file */
    CHECK_STATUS(json_parse(&d, "m", "x", 1, 0, NULL), E_DATA);
}

static void test_writer(struct check *c)
{
    struct text t = { NULL, 0, 0, 0 };
    struct json_writer w = { &t, 0, 0, { 0 } };
    struct json_document d;
    check_case(c, "io: json writer");
    json_begin(&w, NULL, '{');
    json_string(&w, "s", "\"\\\n\t\x01 \xc3\xa9 \xff");
    json_begin(&w, "a", '[');
    json_number(&w, NULL, 0.1);
    json_integer(&w, NULL, INT64_MIN);
    json_bool(&w, NULL, 1);
    json_null(&w, NULL);
    json_end(&w, ']');
    json_begin(&w, "o", '{');
    json_end(&w, '}');
    json_number(&w, "n", NAN);
    json_number(&w, "p", INFINITY);
    json_number(&w, "m", -INFINITY);
    json_string(&w, "none", NULL);
    json_end(&w, '}');
    CHECK_STR(t.s, "{\"s\":\"\\\"\\\\\\n\\t\\u0001 \xc3\xa9 \xef\xbf\xbd\",\"a\":[0.1,-9223372036854775808,true,null],\"o\":{},"
                   "\"n\":\"nan\",\"p\":\"inf\",\"m\":\"-inf\",\"none\":null}");
    CHECK(!t.failed && w.depth == 0 && parses(t.s, &d));
    json_free(&d);
    text_free(&t);
    w.indent = 2;
    json_begin(&w, NULL, '{');
    json_bool(&w, "a", 0);
    json_begin(&w, "b", '[');
    json_integer(&w, NULL, 1);
    json_integer(&w, NULL, 2);
    json_end(&w, ']');
    json_end(&w, '}');
    CHECK_STR(t.s, "{\n  \"a\": false,\n  \"b\": [\n    1,\n    2\n  ]\n}");
    text_free(&t);

    check_case(c, "io: json numbers round-trip");
    static const double values[] = { 0, 1, -1.5, 0.1, 1.0 / 3, 1e22, 1e-7, 5e-324, 1.7976931348623157e308, 123456789012345678.0 };
    for (size_t i = 0; i < LEN(values); i++) {
        json_number(&w, NULL, values[i]);
        CHECK(parses(t.s, &d) && d.root->number == values[i]);
        json_free(&d);
        text_free(&t);
    }
    uint64_t state = 1;
    for (int i = 0; i < 20000; i++) {
        double x;
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&x, &state, sizeof x);
        if (!isfinite(x)) continue;
        json_number(&w, NULL, x);
        if (!parses(t.s, &d) || d.root->number != x) { CHECK(!"number does not round-trip"); break; }
        json_free(&d);
        text_free(&t);
    }
    text_free(&t);

    check_case(c, "io: json writer depth");
    for (int i = 0; i < JSON_MAX_DEPTH; i++) json_begin(&w, NULL, '[');
    CHECK(!t.failed);
    json_begin(&w, NULL, '[');
    CHECK(t.failed);
    text_free(&t);
}

void test_io_json(struct check *c)
{
    test_values(c);
    test_sizes(c);
    test_refused(c);
    test_limits(c);
    test_writer(c);
}
