;; What every guest that does not begin with `(module` starts from: the host's functions under short
;; names, a memory, an allocator, and words for saying what a function answered.
;;
;; The tests write `@"text"` where a pointer and a length belong.
;;
;; Memory: 0..16 returned pointers, 4096.. texts, 32768.. the line being said, 65536.. the heap.
(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
(import "env" "proxy_get_log_level" (func $log_level (param i32) (result i32)))
(import "env" "proxy_get_current_time_nanoseconds" (func $now (param i32) (result i32)))
(import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_get_header_map_pairs" (func $get_pairs (param i32 i32 i32) (result i32)))
(import "env" "proxy_get_header_map_size" (func $get_size (param i32 i32) (result i32)))
(import "env" "proxy_set_header_map_pairs" (func $set_pairs (param i32 i32 i32) (result i32)))
(import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_replace_header_map_value" (func $replace (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_remove_header_map_value" (func $remove (param i32 i32 i32) (result i32)))
(import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_get_buffer_status" (func $buffer_status (param i32 i32 i32) (result i32)))
(import "env" "proxy_set_buffer_bytes" (func $set_buffer (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
(import "env" "proxy_set_property" (func $set_property (param i32 i32 i32 i32) (result i32)))
(import "env" "proxy_send_local_response" (func $respond (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
(import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
(import "env" "proxy_get_status" (func $get_status (param i32 i32 i32) (result i32)))
(import "env" "proxy_set_effective_context" (func $effective (param i32) (result i32)))
(import "env" "proxy_done" (func $done (result i32)))
(import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))

(memory (export "memory") 40)
(func (export "proxy_abi_version_0_2_1"))

(global $heap (mut i32) (i32.const 65536))
(global $line (mut i32) (i32.const 32768))

;; Never frees; begins again when the heap is full.
(func $allocate (export "proxy_on_memory_allocate") (param $size i32) (result i32)
  (local $place i32)
  (if (i32.gt_u (i32.add (global.get $heap) (local.get $size)) (i32.const 2621440))
    (then (global.set $heap (i32.const 65536))))
  (local.set $place (global.get $heap))
  (global.set $heap (i32.add (local.get $place) (local.get $size)))
  (local.get $place))

;; Where the host puts a pointer and a size.
(func $out (result i32 i32)
  (i32.store (i32.const 0) (i32.const 0))
  (i32.store (i32.const 4) (i32.const 0))
  (i32.const 0) (i32.const 4))

(func $append (param $data i32) (param $size i32)
  (memory.copy (global.get $line) (local.get $data) (local.get $size))
  (global.set $line (i32.add (global.get $line) (local.get $size))))

(func $append_byte (param $byte i32)
  (i32.store8 (global.get $line) (local.get $byte))
  (global.set $line (i32.add (global.get $line) (i32.const 1))))

(func $append_number (param $number i64)
  (if (i64.ge_u (local.get $number) (i64.const 10))
    (then (call $append_number (i64.div_u (local.get $number) (i64.const 10)))))
  (call $append_byte
    (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $number) (i64.const 10))))))

(func $end_line
  (drop (call $log (i32.const 2)
    (i32.const 32768) (i32.sub (global.get $line) (i32.const 32768))))
  (global.set $line (i32.const 32768)))

(func $say (param $text i32) (param $size i32)
  (call $append (local.get $text) (local.get $size))
  (call $end_line))

;; Says what a function answered: `label: status`.
(func $answer (param $label i32) (param $size i32) (param $status i32)
  (call $append (local.get $label) (local.get $size))
  (call $append @": ")
  (call $append_number (i64.extend_i32_s (local.get $status)))
  (call $end_line))

;; The same for a function that hands a text over: `label: status "text"`.
(func $value (param $label i32) (param $size i32) (param $status i32)
  (call $append (local.get $label) (local.get $size))
  (call $append @": ")
  (call $append_number (i64.extend_i32_s (local.get $status)))
  (if (i32.eqz (local.get $status))
    (then
      (call $append_byte (i32.const 32))
      (call $append_byte (i32.const 34))
      (call $append (i32.load (i32.const 0)) (i32.load (i32.const 4)))
      (call $append_byte (i32.const 34))))
  (call $end_line))

;; The same for a number of eight bytes.
(func $number (param $label i32) (param $size i32) (param $status i32)
  (call $append (local.get $label) (local.get $size))
  (call $append @": ")
  (call $append_number (i64.extend_i32_s (local.get $status)))
  (if (i32.eqz (local.get $status))
    (then
      (call $append_byte (i32.const 32))
      (if (i32.eq (i32.load (i32.const 4)) (i32.const 8))
        (then (call $append_number (i64.load (i32.load (i32.const 0)))))
        (else
          (call $append @"size ")
          (call $append_number (i64.extend_i32_u (i32.load (i32.const 4))))))))
  (call $end_line))
