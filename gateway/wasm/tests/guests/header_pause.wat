;; A head that is held back while the body comes: it can be changed from the body's callbacks.
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))
(func (export "proxy_on_request_body") (param i32) (param $size i32) (param $end i32) (result i32)
  (call $value @"path" (call $get (i32.const 0) @":path" (call $out)))
  (call $answer @"replace" (call $replace (i32.const 0) @":path" @"/new"))
  (i32.eqz (local.get $end)))
