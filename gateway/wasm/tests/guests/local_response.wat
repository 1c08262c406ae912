;; Answers in place of the service: the first counts, bad ones do not, and none in the log phase.
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (call $answer @"details past the end"
    (call $respond (i32.const 403) (i32.const -1) (i32.const 9) @"" @"" (i32.const -1)))
  (call $answer @"body past the end"
    (call $respond (i32.const 403) @"" (i32.const 2621440) (i32.const 1) @"" (i32.const -1)))
  (call $answer @"body too large"
    (call $respond (i32.const 403) @"" (i32.const 0) (i32.const 1048577) @"" (i32.const -1)))
  (call $answer @"headers that lie"
    (call $respond (i32.const 403) @"" @"" @"\09\00\00\00" (i32.const -1)))
  (call $answer @"first" (call $respond (i32.const 403) @"because" @"no entry"
    @"\02\00\00\00\05\00\00\00\01\00\00\00\05\00\00\00\01\00\00\00x-why\001\00x-why\002\00" (i32.const 7)))
  (call $answer @"second" (call $respond (i32.const 404) @"" @"" @"" (i32.const -1)))
  (call $answer @"status too small" (call $respond (i32.const 199) @"" @"" @"" (i32.const -1)))
  (call $answer @"status too large" (call $respond (i32.const 1000) @"" @"" @"" (i32.const -1)))
  (call $answer @"negative status" (call $respond (i32.const -200) @"" @"" @"" (i32.const -1)))
  (i32.const 0))

(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
  (call $answer @"a status that ends nothing" (call $respond (i32.const 100) @"" @"" @"" (i32.const -1)))
  (i32.const 1))

(func (export "proxy_on_log") (param i32)
  (call $answer @"too late" (call $respond (i32.const 500) @"" @"" @"" (i32.const -1))))
