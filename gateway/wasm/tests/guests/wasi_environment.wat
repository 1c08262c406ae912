;; The environment that the configuration gives a plugin.
;;! environment: NAME=value
;;! environment: EMPTY=
(import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))

(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (call $answer @"sizes" (call $environ_sizes (i32.const 8) (i32.const 12)))
  (call $answer @"variables" (i32.load (i32.const 8)))
  (call $answer @"bytes" (i32.load (i32.const 12)))
  (call $answer @"environment" (call $environ (i32.const 256) (i32.const 300)))
  (call $say (i32.const 300) (i32.load (i32.const 12)))
  (call $answer @"the first is at" (i32.load (i32.const 256)))
  (call $answer @"the second is at" (i32.load (i32.const 260)))
  (call $answer @"pointers past the end" (call $environ (i32.const -4) (i32.const 300)))
  (call $answer @"text past the end" (call $environ (i32.const 256) (i32.const -3)))
  (call $answer @"sizes past the end" (call $environ_sizes (i32.const 8) (i32.const -1)))
  (call $answer @"arguments" (call $args_sizes (i32.const 8) (i32.const 12)))
  (call $answer @"count" (i32.load (i32.const 8)))
  (call $answer @"arguments are" (call $args (i32.const 256) (i32.const 300)))
  (i32.const 0))
