;; What no peer would accept fails the request after the callback, not the guest inside it. Only the
;; first is reported.
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (call $answer @"another space in a name" (call $add (i32.const 0) @"x  bad" @"a"))
  (call $answer @"which is gone again" (call $remove (i32.const 0) @"X  bad"))
  (call $answer @"line break in a value" (call $add (i32.const 0) @"x-bad" @"a\0d\0ainjected: 1"))
  (call $answer @"space in a name" (call $replace (i32.const 0) @"x bad" @"a"))
  (call $answer @"empty name" (call $add (i32.const 0) @"" @"a"))
  (i32.const 0))

(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
  (call $answer @"unknown pseudo header" (call $add (i32.const 2) @":nonsense" @"a"))
  (call $answer @"NUL in a value" (call $add (i32.const 2) @"x-bad" @"a\00b"))
  (i32.const 0))
