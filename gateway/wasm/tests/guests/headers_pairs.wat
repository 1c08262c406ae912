;; A whole head at once, well-formed and not.
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (call $answer @"count without lengths" (call $set_pairs (i32.const 0) @"\02\00\00\00"))
  (call $answer @"half a count" (call $set_pairs (i32.const 0) @"\02\00"))
  (call $answer @"more than the most" (call $set_pairs (i32.const 0) @"\01\04\00\00"))
  (call $answer @"a length that lies"
    (call $set_pairs (i32.const 0) @"\01\00\00\00\ff\ff\ff\ff\01\00\00\00a\00b\00"))
  (call $answer @"no zero at the end"
    (call $set_pairs (i32.const 0) @"\01\00\00\00\01\00\00\00\01\00\00\00a\00b"))
  (call $answer @"past the end" (call $set_pairs (i32.const 0) (i32.const -1) (i32.const 8)))
  (call $answer @"negative length" (call $set_pairs (i32.const 0) (i32.const 0) (i32.const -1)))
  (call $answer @"unknown map" (call $set_pairs (i32.const 12) @""))
  (call $answer @"well-formed" (call $set_pairs (i32.const 0)
    @"\05\00\00\00\06\00\00\00\01\00\00\00\05\00\00\00\02\00\00\00\06\00\00\00\01\00\00\00\03\00\00\00\00\00\00\00\03\00\00\00\01\00\00\00accept\00a\00:path\00/p\00accept\00b\00x-1\00\00x-1\002\00"))
  (call $value @"read back" (call $get_pairs (i32.const 0) (call $out)))
  (i32.const 0))

(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
  (call $answer @"nothing at all" (call $set_pairs (i32.const 2) @""))
  (call $value @"read back" (call $get_pairs (i32.const 2) (call $out)))
  (i32.const 0))
