;; Changing heads: order, duplicates, what joins; and where it is not allowed.
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (call $answer @"add" (call $add (i32.const 0) @"X-New" @"1"))
  (call $answer @"add again" (call $add (i32.const 0) @"x-new" @"2"))
  (call $answer @"add to one of Envoy's" (call $add (i32.const 0) @"accept" @"b/b"))
  (call $answer @"add a cookie" (call $add (i32.const 0) @"cookie" @"b=2"))
  (call $answer @"replace duplicates" (call $replace (i32.const 0) @"x-one" @"only"))
  (call $answer @"replace what is absent" (call $replace (i32.const 0) @"x-absent" @"here"))
  (call $answer @"replace the path" (call $replace (i32.const 0) @":path" @"/changed"))
  (call $answer @"replace the host" (call $replace (i32.const 0) @"host" @"changed.local"))
  (call $answer @"remove" (call $remove (i32.const 0) @"X-Empty"))
  (call $answer @"remove what is absent" (call $remove (i32.const 0) @"x-nothing"))
  (call $answer @"value with a NUL's neighbour" (call $add (i32.const 0) @"x-tab" @"a\09b"))
  (call $answer @"response in request phase" (call $add (i32.const 2) @"x" @"y"))
  (call $answer @"trailers" (call $add (i32.const 1) @"x" @"y"))
  (call $answer @"unknown map" (call $replace (i32.const 8) @"x" @"y"))
  (call $answer @"name past the end"
    (call $add (i32.const 0) (i32.const 2621440) (i32.const 1) @"y"))
  (call $answer @"value past the end"
    (call $replace (i32.const 0) @"x" (i32.const 2621440) (i32.const 1)))
  (call $answer @"negative length"
    (call $remove (i32.const 0) (i32.const 4096) (i32.const -1)))
  (call $answer @"name and value from the same bytes"
    (call $add (i32.const 0) (i32.const 64) (i32.const 3) (i32.const 65) (i32.const 2)))
  (i32.const 0))
(data (i32.const 64) "x-y")

(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
  (call $answer @"status" (call $replace (i32.const 2) @":status" @"202"))
  (call $answer @"add a cookie" (call $add (i32.const 2) @"set-cookie" @"c=3"))
  (call $answer @"add to one of Envoy's" (call $add (i32.const 2) @"cache-control" @"private"))
  (call $answer @"remove" (call $remove (i32.const 2) @"x-one"))
  (call $answer @"request in response phase" (call $remove (i32.const 0) @"x-one"))
  (i32.const 0))

(func (export "proxy_on_log") (param i32)
  (call $answer @"request" (call $add (i32.const 0) @"x" @"y"))
  (call $answer @"response" (call $replace (i32.const 2) @"x" @"y"))
  (call $answer @"pairs" (call $set_pairs (i32.const 2) @"")))
