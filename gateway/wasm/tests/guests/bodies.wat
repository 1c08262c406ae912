;; Bodies: what can be read and changed in their callbacks, streamed for the request, held back for
;; the response while it says "pause".
(func $read (param $kind i32)
  (call $value @"buffer" (call $buffer (local.get $kind) (i32.const 0) (i32.const -1) (call $out)))
  (call $value @"from 1, at most 2"
    (call $buffer (local.get $kind) (i32.const 1) (i32.const 2) (call $out)))
  (call $value @"from past its end"
    (call $buffer (local.get $kind) (i32.const 100) (i32.const 2) (call $out)))
  (call $answer @"status"
    (call $buffer_status (local.get $kind) (i32.const 8) (i32.const 12)))
  (call $answer @"size" (i32.load (i32.const 8))))
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (call $answer @"set too early" (call $set_buffer (i32.const 0) (i32.const 0) (i32.const 0) @"x"))
  (i32.const 0))
(func (export "proxy_on_request_body") (param $context i32) (param $size i32) (param $end i32) (result i32)
  (call $answer @"size told" (local.get $size))
  (call $answer @"end told" (local.get $end))
  (call $read (i32.const 0))
  (call $value @"the other body" (call $buffer (i32.const 1) (i32.const 0) (i32.const -1) (call $out)))
  (call $answer @"set the other body" (call $set_buffer (i32.const 1) (i32.const 0) (i32.const 0) @"x"))
  (call $value @"head" (call $get (i32.const 0) @":path" (call $out)))
  (call $answer @"prepend" (call $set_buffer (i32.const 0) (i32.const 0) (i32.const 0) @"<"))
  (call $answer @"append" (call $set_buffer (i32.const 0) (i32.const -1) (i32.const 0) @">"))
  (call $answer @"replace the first" (call $set_buffer (i32.const 0) (i32.const 0) (i32.const 1) @"["))
  (call $answer @"in the middle" (call $set_buffer (i32.const 0) (i32.const 1) (i32.const 1) @"x"))
  (call $answer @"data past the end"
    (call $set_buffer (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -8) (i32.const 9)))
  (call $answer @"more than a body may hold"
    (call $set_buffer (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 0) (i32.const 1048577)))
  (call $answer @"trailers" (call $add (i32.const 1) @"x-tail" @"t"))
  (call $value @"buffer" (call $buffer (i32.const 0) (i32.const 0) (i32.const -1) (call $out)))
  (i32.const 0))
(func (export "proxy_on_response_body") (param $context i32) (param $size i32) (param $end i32) (result i32)
  (call $answer @"size told" (local.get $size))
  (call $value @"buffer" (call $buffer (i32.const 1) (i32.const 0) (i32.const -1) (call $out)))
  (if (local.get $end) (then
    (call $answer @"replace all" (call $set_buffer (i32.const 1) (i32.const 0) (i32.const -1) @"whole"))))
  (i32.eqz (local.get $end)))
