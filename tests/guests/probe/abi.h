/* The functions of a proxy-wasm 0.2.1 host, and of WASI as far as this guest calls them. */
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;

#define EXPORT(name) __attribute__((export_name(name)))
#define HOST(name) __attribute__((import_module("env"), import_name(name))) extern u32
#define WASI(name) \
    __attribute__((import_module("wasi_snapshot_preview1"), import_name(name))) extern u32

HOST("proxy_log") proxy_log(u32 level, const u8 *data, u32 size);
HOST("proxy_get_log_level") proxy_get_log_level(u32 *level);
HOST("proxy_done") proxy_done(void);
HOST("proxy_set_effective_context") proxy_set_effective_context(u32 context);
HOST("proxy_get_current_time_nanoseconds") proxy_get_current_time_nanoseconds(u64 *time);
HOST("proxy_set_tick_period_milliseconds") proxy_set_tick_period_milliseconds(u32 period);
HOST("proxy_get_buffer_bytes")
proxy_get_buffer_bytes(u32 buffer, u32 start, u32 size, u8 **data, u32 *length);
HOST("proxy_get_buffer_status") proxy_get_buffer_status(u32 buffer, u32 *size, u32 *flags);
HOST("proxy_set_buffer_bytes")
proxy_set_buffer_bytes(u32 buffer, u32 start, u32 size, const u8 *data, u32 length);
HOST("proxy_get_header_map_size") proxy_get_header_map_size(u32 map, u32 *size);
HOST("proxy_get_header_map_pairs") proxy_get_header_map_pairs(u32 map, u8 **data, u32 *size);
HOST("proxy_set_header_map_pairs") proxy_set_header_map_pairs(u32 map, const u8 *data, u32 size);
HOST("proxy_get_header_map_value")
proxy_get_header_map_value(u32 map, const u8 *key, u32 key_size, u8 **data, u32 *size);
HOST("proxy_add_header_map_value")
proxy_add_header_map_value(u32 map, const u8 *key, u32 key_size, const u8 *data, u32 size);
HOST("proxy_replace_header_map_value")
proxy_replace_header_map_value(u32 map, const u8 *key, u32 key_size, const u8 *data, u32 size);
HOST("proxy_remove_header_map_value")
proxy_remove_header_map_value(u32 map, const u8 *key, u32 key_size);
HOST("proxy_continue_stream") proxy_continue_stream(u32 stream);
HOST("proxy_close_stream") proxy_close_stream(u32 stream);
HOST("proxy_get_status") proxy_get_status(u32 *code, u8 **message, u32 *size);
HOST("proxy_send_local_response")
proxy_send_local_response(u32 status, const u8 *details, u32 details_size, const u8 *body,
                          u32 body_size, const u8 *pairs, u32 pairs_size, i32 grpc_status);
HOST("proxy_http_call")
proxy_http_call(const u8 *upstream, u32 upstream_size, const u8 *headers, u32 headers_size,
                const u8 *body, u32 body_size, const u8 *trailers, u32 trailers_size, u32 timeout,
                u32 *call);
HOST("proxy_grpc_call")
proxy_grpc_call(const u8 *upstream, u32 upstream_size, const u8 *service, u32 service_size,
                const u8 *method, u32 method_size, const u8 *metadata, u32 metadata_size,
                const u8 *message, u32 message_size, u32 timeout, u32 *call);
HOST("proxy_grpc_stream")
proxy_grpc_stream(const u8 *upstream, u32 upstream_size, const u8 *service, u32 service_size,
                  const u8 *method, u32 method_size, const u8 *metadata, u32 metadata_size,
                  u32 *stream);
HOST("proxy_grpc_send") proxy_grpc_send(u32 stream, const u8 *message, u32 size, u32 end);
HOST("proxy_grpc_cancel") proxy_grpc_cancel(u32 call);
HOST("proxy_grpc_close") proxy_grpc_close(u32 call);
HOST("proxy_set_shared_data")
proxy_set_shared_data(const u8 *key, u32 key_size, const u8 *data, u32 size, u32 cas);
HOST("proxy_get_shared_data")
proxy_get_shared_data(const u8 *key, u32 key_size, u8 **data, u32 *size, u32 *cas);
HOST("proxy_register_shared_queue")
proxy_register_shared_queue(const u8 *name, u32 name_size, u32 *queue);
HOST("proxy_resolve_shared_queue")
proxy_resolve_shared_queue(const u8 *vm, u32 vm_size, const u8 *name, u32 name_size, u32 *queue);
HOST("proxy_enqueue_shared_queue")
proxy_enqueue_shared_queue(u32 queue, const u8 *data, u32 size);
HOST("proxy_dequeue_shared_queue") proxy_dequeue_shared_queue(u32 queue, u8 **data, u32 *size);
HOST("proxy_define_metric")
proxy_define_metric(u32 kind, const u8 *name, u32 name_size, u32 *metric);
HOST("proxy_record_metric") proxy_record_metric(u32 metric, u64 value);
HOST("proxy_increment_metric") proxy_increment_metric(u32 metric, i64 delta);
HOST("proxy_get_metric") proxy_get_metric(u32 metric, u64 *value);
HOST("proxy_get_property") proxy_get_property(const u8 *path, u32 path_size, u8 **data, u32 *size);
HOST("proxy_set_property")
proxy_set_property(const u8 *path, u32 path_size, const u8 *data, u32 size);
HOST("proxy_call_foreign_function")
proxy_call_foreign_function(const u8 *name, u32 name_size, const u8 *arguments,
                            u32 arguments_size, u8 **results, u32 *results_size);

WASI("fd_write") fd_write(u32 fd, const void *vectors, u32 count, u32 *written);
WASI("environ_sizes_get") environ_sizes_get(u32 *count, u32 *size);
WASI("environ_get") environ_get(u8 **places, u8 *data);
WASI("args_sizes_get") args_sizes_get(u32 *count, u32 *size);
WASI("clock_time_get") clock_time_get(u32 clock, u64 precision, u64 *time);
WASI("random_get") random_get(u8 *data, u32 size);
