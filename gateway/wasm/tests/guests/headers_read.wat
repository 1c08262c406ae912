;; Reading heads: in their own callbacks, in each other's, in the log phase, and with bad arguments.
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (call $answer @"number of headers" (local.get 1))
  (call $answer @"end of stream" (local.get 2))
  (call $value @"path" (call $get (i32.const 0) @":path" (call $out)))
  (call $value @"host is the authority" (call $get (i32.const 0) @"Host" (call $out)))
  (call $value @"first of two, any case" (call $get (i32.const 0) @"X-ONE" (call $out)))
  (call $value @"empty value" (call $get (i32.const 0) @"x-empty" (call $out)))
  (call $answer @"null for an empty value" (i32.load (i32.const 0)))
  (call $value @"absent" (call $get (i32.const 0) @"x-absent" (call $out)))
  (call $value @"empty name" (call $get (i32.const 0) @"" (call $out)))
  (call $value @"pairs" (call $get_pairs (i32.const 0) (call $out)))
  (call $answer @"size" (call $get_size (i32.const 0) (i32.const 4)))
  (call $answer @"bytes of pairs" (i32.load (i32.const 4)))
  (call $value @"response in request phase" (call $get (i32.const 2) @"x-one" (call $out)))
  (call $value @"response pairs in request phase" (call $get_pairs (i32.const 2) (call $out)))
  (call $answer @"response size in request phase" (call $get_size (i32.const 2) (i32.const 4)))
  (call $value @"request trailers" (call $get (i32.const 1) @"x-one" (call $out)))
  (call $value @"request trailer pairs" (call $get_pairs (i32.const 1) (call $out)))
  (call $value @"unknown map" (call $get (i32.const 8) @"x-one" (call $out)))
  (call $value @"unknown map's pairs" (call $get_pairs (i32.const -1) (call $out)))
  (call $answer @"unknown map's size" (call $get_size (i32.const 8) (i32.const 4)))
  (call $bad_pointers)
  (i32.const 0))

(func $bad_pointers
  (call $answer @"name past the end"
    (call $get (i32.const 0) (i32.const 2621438) (i32.const 4) (call $out)))
  (call $answer @"name with a negative pointer"
    (call $get (i32.const 0) (i32.const -4) (i32.const 8) (call $out)))
  (call $answer @"name with a negative length"
    (call $get (i32.const 0) (i32.const 0) (i32.const -1) (call $out)))
  (call $answer @"name with a huge length"
    (call $get (i32.const 0) (i32.const 0) (i32.const 1048577) (call $out)))
  (call $answer @"pointer returned past the end"
    (call $get (i32.const 0) @":path" (i32.const -1) (i32.const 4)))
  (call $answer @"size returned past the end"
    (call $get (i32.const 0) @":path" (i32.const 0) (i32.const 2621437)))
  (call $answer @"both returned at one place"
    (call $get (i32.const 0) @":path" (i32.const 8) (i32.const 8)))
  (call $answer @"where the size was last" (i32.load (i32.const 8)))
  (call $answer @"pairs returned past the end"
    (call $get_pairs (i32.const 0) (i32.const 2621440) (i32.const 4)))
  (call $answer @"map's size returned past the end"
    (call $get_size (i32.const 0) (i32.const -2))))

(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
  (call $value @"status" (call $get (i32.const 2) @":status" (call $out)))
  (call $value @"pairs" (call $get_pairs (i32.const 2) (call $out)))
  (call $value @"request in response phase" (call $get (i32.const 0) @":path" (call $out)))
  (i32.const 0))

(func (export "proxy_on_log") (param i32)
  (call $value @"request" (call $get (i32.const 0) @":path" (call $out)))
  (call $value @"response" (call $get (i32.const 2) @":status" (call $out)))
  (call $value @"trailers" (call $get (i32.const 3) @"x" (call $out)))
  (call $value @"trailer pairs" (call $get_pairs (i32.const 3) (call $out))))
