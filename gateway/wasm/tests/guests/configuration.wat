;;! configuration: the first
;;! configuration:
;;! configuration: another one
;;! show: start
;; Several root contexts, each with a configuration of its own; buffers in all forms of misuse.
(func (export "proxy_on_context_create") (param i32 i32)
  (call $append @"context ")
  (call $append_number (i64.extend_i32_s (local.get 0)))
  (call $append @" of ")
  (call $append_number (i64.extend_i32_s (local.get 1)))
  (call $end_line))

(func (export "proxy_on_vm_start") (param i32 i32) (result i32)
  (call $answer @"size given to vm_start" (local.get 1))
  (call $value @"vm configuration" (call $buffer (i32.const 6) (i32.const 0) (local.get 1) (call $out)))
  (i32.const 1))

(func (export "proxy_on_configure") (param i32 i32) (result i32)
  (call $answer @"size given to configure" (local.get 1))
  (call $value @"all" (call $buffer (i32.const 7) (i32.const 0) (local.get 1) (call $out)))
  (call $value @"a part" (call $buffer (i32.const 7) (i32.const 4) (i32.const 3) (call $out)))
  (call $value @"over the end" (call $buffer (i32.const 7) (i32.const 4) (i32.const -1) (call $out)))
  (call $value @"past the end" (call $buffer (i32.const 7) (i32.const 100) (i32.const 9) (call $out)))
  (call $value @"from -1" (call $buffer (i32.const 7) (i32.const -1) (i32.const -1) (call $out)))
  (call $answer @"unknown buffer" (call $buffer (i32.const 9) (i32.const 0) (i32.const 9) (call $out)))
  (call $answer @"returned past the end"
    (call $buffer (i32.const 7) (i32.const 0) (i32.const 9) (i32.const -1) (i32.const 4)))
  (call $answer @"status" (call $buffer_status (i32.const 7) (i32.const 0) (i32.const 4)))
  (call $answer @"size by status" (i32.load (i32.const 0)))
  (call $answer @"status of an unknown buffer"
    (call $buffer_status (i32.const -1) (i32.const 0) (i32.const 4)))
  (call $answer @"status past the end" (call $buffer_status (i32.const 7) (i32.const -1) (i32.const 4)))
  (i32.const 1))

(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (call $value @"configuration" (call $buffer (i32.const 7) (i32.const 0) (i32.const 99) (call $out)))
  (call $value @"body" (call $buffer (i32.const 0) (i32.const 0) (i32.const 99) (call $out)))
  (call $answer @"status of the body" (call $buffer_status (i32.const 0) (i32.const 0) (i32.const 4)))
  (call $answer @"size of the body" (i32.load (i32.const 0)))
  (call $answer @"set the body" (call $set_buffer (i32.const 0) (i32.const 0) (i32.const 0) @"x"))
  (i32.const 0))
